// SPDX-License-Identifier: MIT
// The official client with socket.io-msgpack-parser: all that it does over the wire, over polling
// and WebSocket, against one worker and several.

import assert from "node:assert/strict";
import { once } from "node:events";
import { after, afterEach, before, describe, it } from "node:test";
import parser from "socket.io-msgpack-parser";
import WebSocket from "ws";
import { Clients } from "../support/clients.js";
import { ClientsV2, ask } from "../support/clients_v2.js";
import { startServer, workerCounts } from "../support/server.js";
import { Inbox, nextEvent } from "../support/wait.js";

const bytesOf = (value) => [...Buffer.from(value)];

for (const workers of workerCounts(1, 3)) {
  for (const mode of ["polling", "websocket", "upgrade"]) {
    describe(`msgpack, ${mode}, ${workers} worker(s)`, { timeout: 60000 }, () => {
      let server, clients;
      const connect = (options) => clients.connect(mode, { parser, ...options });

      before(async () => {
        server = await startServer("clients", { workers, env: { PARSER: "msgpack" } });
        clients = new Clients(server.url);
      });
      afterEach(() => {
        assert.deepEqual(clients?.mishaps, []);
        clients?.close();
      });
      after(() => server?.stop());

      it("echoes values of every form, exactly", async () => {
        const socket = await connect();
        const values = [
          0, 127, 128, 255, 256, 65535, 65536, 2 ** 32, Number.MAX_SAFE_INTEGER,
          -1, -32, -33, -128, -129, -32769, -(2 ** 31) - 1, Number.MIN_SAFE_INTEGER,
          0.1, 1.5, -2.25, 5e-324, 1.1e-300, true, false, null,
          "", "x".repeat(31), "x".repeat(32), "é".repeat(200), "☃".repeat(30000), "a\"\\\n\u0000😀",
          [], {}, [[[]]], { "": { a: [null] } }, Array(16).fill(0), Array(70000).fill("y"),
          Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`key ${i}`, i])),
        ];
        const back = new Inbox(socket, "echo");
        for (const value of values) socket.emit("echo", value);
        assert.deepEqual(await back.until(values.length), values);
      });

      it("says in JSON's words what JSON cannot say", async () => {
        const socket = await connect();
        const ask = (value) => socket.timeout(5000).emitWithAck("ack", value);
        assert.equal(await ask(new Date(951868799999)), "2000-02-29T23:59:59.999Z");
        for (const year of [-271820, -1, 0, 1, 999, 1582, 1970, 2100, 9999, 10000, 275000]) {
          const date = new Date(0);
          date.setUTCFullYear(year, 1, 28);
          assert.equal(await ask(date), date.toJSON());
        }
        assert.equal(await ask(NaN), null);
        assert.deepEqual(await ask([undefined, { gone: undefined, kept: 1 }]), [null, { kept: 1 }]);
        assert.equal(await ask(undefined), null);
      });

      it("carries binary anywhere, both ways", async () => {
        const socket = await connect();
        const big = Buffer.alloc(300000, 7);
        const back = nextEvent(socket, "echo");
        socket.emit("echo", Buffer.from([0, 255]), { deep: [big, Buffer.alloc(0)] });
        const [first, { deep }] = await back;
        assert.deepEqual(bytesOf(first), [0, 255]);
        assert.deepEqual([Buffer.compare(deep[0], big), deep[1].length], [0, 0]);
        const { buffer } = Uint8Array.from([1, 2, 3]);
        assert.deepEqual(bytesOf(await socket.emitWithAck("ack", buffer)), [1, 2, 3]);
        const lookalike = { _placeholder: true, num: 0 };
        assert.deepEqual(await socket.emitWithAck("ack", lookalike), lookalike);
      });

      it("acknowledges both ways", async () => {
        const socket = await connect();
        const answers = new Promise((resolve) => socket.emit("ack", 1, [2], (...a) => resolve(a)));
        assert.deepEqual(await answers, [1, [2]]);
        socket.on("question", (question, ack) => ack(Buffer.from(question)));
        assert.deepEqual(bytesOf(await socket.emitWithAck("ask", "ok", 5)), bytesOf("ok"));
      });

      it("reaches rooms and all others", async () => {
        const [a, b, c] = await Promise.all([connect(), connect(), connect()]);
        const boxes = [a, b, c].map((socket) => new Inbox(socket, "news"));
        await b.emitWithAck("join", "room");
        await a.emitWithAck("to room", "room", { text: "ü", bytes: Buffer.from("b") });
        await a.emitWithAck("to others", 2);
        await a.emitWithAck("to all", 3);
        for (const [i, count] of [1, 3, 2].entries()) await boxes[i].until(count);
        assert.deepEqual([boxes[0].items, boxes[2].items], [[3], [2, 3]]);
        assert.equal(boxes[1].items[0].text, "ü");
        assert.deepEqual(bytesOf(boxes[1].items[0].bytes), bytesOf("b"));
      });

      it("shares one connection between namespaces", async () => {
        const main = await connect();
        const chat = main.io.socket("/chat", {});
        await nextEvent(chat, "connect");
        assert.equal(await chat.emitWithAck("where"), "/chat");
        const ended = nextEvent(chat, "disconnect");
        chat.disconnect();
        await ended;
        assert.equal(await main.emitWithAck("ack", 1), 1);
      });

      it("is refused with message and data", async () => {
        const nowhere = clients.make(mode, { parser, namespace: "/nowhere" });
        assert.equal((await nextEvent(nowhere, "connect_error"))[0].message, "Invalid namespace");
        const expired = clients.make(mode, { parser, auth: { token: "expired" } });
        const [error] = await nextEvent(expired, "connect_error");
        assert.deepEqual([error.message, error.data], ["unauthorized", { code: 401 }]);
      });

      it("is told that the server has disconnected it", async () => {
        const socket = await connect({ reconnection: false });
        const ended = nextEvent(socket, "disconnect");
        socket.emit("kick", false);
        assert.equal((await ended)[0], "io server disconnect");
      });
    });
  }
}

describe("msgpack, clients of v2", { timeout: 60000 }, () => {
  // Their encoders call back; what is encoded is the same.
  const parserV2 = {
    ...parser,
    Encoder: class {
      encode(packet, done) {
        done(new parser.Encoder().encode(packet));
      }
    },
  };
  let server, clients;
  before(async () => {
    server = await startServer("clients_v2", { env: { PARSER: "msgpack" } });
    clients = new ClientsV2(server.url);
  });
  after(async () => {
    clients?.close();
    await server?.stop();
  });

  for (const mode of ["polling", "websocket"]) {
    it(`talk over ${mode}`, async () => {
      const socket = await clients.connect(mode, { parser: parserV2, query: { token: "t" } });
      const [text, bytes] = await ask(socket, "ack", "naïve ☃", { bytes: Buffer.from([1, 255]) });
      assert.deepEqual([text, bytesOf(bytes.bytes)], ["naïve ☃", [1, 255]]);
      const guarded = await clients.connect(mode, {
        parser: parserV2, namespace: "/guarded", query: { token: "a b" },
      });
      const [who] = await ask(guarded, "who");
      assert.deepEqual([who.nsp, who.auth.token], ["/guarded", "a b"]);
    });
  }
});

describe("msgpack, whatever a client sends", { timeout: 60000 }, () => {
  let server;
  before(async () => {
    server = await startServer("clients", { env: { PARSER: "msgpack" } });
  });
  after(() => server?.stop());

  const { Encoder } = parser;
  const packet = (value) => new Encoder().encode(value)[0];
  const event = (data) => packet({ type: 2, nsp: "/", data });
  const deep = (n) => Buffer.concat([
    Buffer.from("83a474797065" + "02" + "a36e7370a12f" + "a464617461" + "92a161", "hex"),
    Buffer.alloc(n, 0x91), Buffer.from([0xc0]),
  ]);
  const bad = {
    text: "2[\"echo\"]",
    nothing: Buffer.alloc(0),
    "a byte that means nothing": Buffer.from([0xc1]),
    "a length that lies": Buffer.from("dbffffffff61", "hex"),
    "a count that lies": Buffer.from("ddffffffff", "hex"),
    "a packet that is cut off": event(["echo", "text"]).subarray(0, -1),
    "a packet and more": Buffer.concat([event(["echo"]), Buffer.from([0])]),
    "an unknown type": packet({ type: 5, nsp: "/" }),
    "no namespace": packet({ type: 2, data: ["echo"] }),
    "an event without a name": event([]),
    "a reserved event": event(["disconnecting"]),
    "an id that is none": packet({ type: 2, nsp: "/", data: ["echo"], id: "1" }),
    "129 levels": deep(128),
    "900000 levels": deep(900000),
    "eleven binaries": event(["echo", Array(11).fill(Buffer.from("b"))]),
    "a packet of a namespace that it is not in": packet({ type: 2, nsp: "/chat", data: ["echo"] }),
  };
  for (const [name, message] of Object.entries(bad)) {
    it(`closes who sends ${name}`, async () => {
      const url = `${server.url.replace("http", "ws")}/socket.io/?EIO=4&transport=websocket`;
      const ws = new WebSocket(url);
      const closed = once(ws, "close");
      const [open] = await once(ws, "message");
      assert.match(String(open), /^0{/);
      ws.send(packet({ type: 0, nsp: "/" }));
      const [connected] = await once(ws, "message");
      assert.ok(Buffer.from(connected).includes("sid"));
      ws.send(message);
      await closed;
    });
  }

  it("takes 128 levels", async () => {
    const socket = await new Clients(server.url).connect("websocket", { parser });
    const back = nextEvent(socket, "echo");
    let value = [];
    for (let i = 0; i < 126; i++) value = [value];
    socket.emit("echo", value);
    assert.deepEqual((await back)[0], value);
    socket.disconnect();
  });
});
