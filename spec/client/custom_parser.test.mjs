// SPDX-License-Identifier: MIT
// Parsers in Lua: the two lines that speak to socket.io-json-parser, and one that takes several
// messages for a packet and does all that a parser must not.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import jsonParser from "socket.io-json-parser";
import msgpackParser from "socket.io-msgpack-parser";
import { Clients } from "../support/clients.js";
import * as parser from "../support/parser.js";
import { startServer, workerCounts } from "../support/server.js";
import { eventually, Inbox, nextEvent } from "../support/wait.js";

const bytesOf = (value) => [...Buffer.from(value)];

for (const workers of workerCounts(1, 2)) {
  for (const mode of ["polling", "websocket"]) {
    describe(`JSON in Lua, ${mode}, ${workers} worker(s)`, { timeout: 60000 }, () => {
      let server, clients;
      const connect = (options) => clients.connect(mode, { parser: jsonParser, ...options });

      before(async () => {
        server = await startServer("clients", { workers, env: { PARSER: "json" } });
        clients = new Clients(server.url);
      });
      afterEach(() => {
        assert.deepEqual(clients?.mishaps, []);
        clients?.close();
      });
      after(() => server?.stop());

      it("echoes every JSON value as it was", async () => {
        const socket = await connect();
        const values = [
          0, -1.5, 2 ** 53 - 1, true, false, null, "", "naïve ☃ 😀\n", [], {}, [[]], [{}, []],
          { a: { b: [null] }, "": 0 },
        ];
        const back = new Inbox(socket, "echo");
        for (const value of values) socket.emit("echo", value);
        assert.deepEqual(await back.until(values.length), values);
      });

      it("acknowledges both ways", async () => {
        const socket = await connect();
        assert.deepEqual(await socket.emitWithAck("ack", [1]), [1]);
        socket.on("question", (question, ack) => ack(`${question}!`));
        assert.equal(await socket.emitWithAck("ask", "ok", 5), "ok!");
        const none = new Promise((resolve) => socket.emit("ack", (...a) => resolve(a)));
        assert.deepEqual(await none, []);
      });

      it("reaches rooms, namespaces and who is refused", async () => {
        const [a, b] = await Promise.all([connect(), connect()]);
        const news = new Inbox(b, "news");
        await b.emitWithAck("join", "room");
        await a.emitWithAck("to room", "room", "for the room");
        await a.emitWithAck("to others", "for others");
        assert.deepEqual(await news.until(2), ["for the room", "for others"]);
        const chat = a.io.socket("/chat", {});
        await nextEvent(chat, "connect");
        assert.equal(await chat.emitWithAck("where"), "/chat");
        const expired = clients.make(mode, { parser: jsonParser, auth: { token: "expired" } });
        const [error] = await nextEvent(expired, "connect_error");
        assert.deepEqual([error.message, error.data], ["unauthorized", { code: 401 }]);
      });
    });
  }
}

for (const mode of ["polling", "websocket"]) {
  describe(`a parser of our own, ${mode}`, { timeout: 60000 }, () => {
    let server, clients;
    const connect = (options) => clients.connect(mode, { parser, ...options });

    before(async () => {
      server = await startServer("custom_parser");
      clients = new Clients(server.url);
    });
    afterEach(() => {
      assert.deepEqual(clients?.mishaps, []);
      clients?.close();
    });
    after(() => server?.stop());

    it("carries packets that are several messages", async () => {
      const socket = await connect();
      const back = nextEvent(socket, "echo");
      socket.emit("echo", Buffer.from([1]), { deep: [Buffer.alloc(0), "text", Buffer.from([2])] });
      const [first, second] = await back;
      assert.deepEqual(bytesOf(first), [1]);
      assert.deepEqual(bytesOf(second.deep[2]), [2]);
      assert.deepEqual([second.deep[0].length, second.deep[1]], [0, "text"]);
      assert.deepEqual(bytesOf(await socket.emitWithAck("ack", Buffer.from([3]))), [3]);
    });

    it("encodes a broadcast once", async () => {
      const sockets = await Promise.all(Array.from({ length: 5 }, () => connect()));
      const boxes = sockets.map((socket) => new Inbox(socket, "news"));
      assert.equal(await sockets[0].timeout(5000).emitWithAck("news", Buffer.from([4])), 1);
      for (const box of boxes) assert.deepEqual(bytesOf((await box.until(1))[0]), [4]);
    });

    const skip = workerCounts(1)[0] > 1 && "what it counts are the decoders of one worker";
    it("keeps nothing of clients that have left", { skip }, async () => {
      const watcher = await connect();
      const left = new Inbox(watcher, "left");
      await watcher.emitWithAck("watch");
      const before = await watcher.emitWithAck("handles");
      const others = await Promise.all(Array.from({ length: 5 }, () => connect()));
      assert.equal(await watcher.emitWithAck("handles"), before + 5);
      for (const socket of others) socket.disconnect();
      await left.until(5);
      await eventually("all decoders are gone", async () => {
        return await watcher.emitWithAck("handles") === before;
      });
    });

    const told = {
      raise: /raised on purpose$/,
      wait: /sio\.sleep cannot be called in a parser, which cannot wait$/,
      meddle: /a parser cannot use sockets, servers and other objects/,
      number: /decode must return a packet \(a table\), or nil and what is wrong, got number$/,
      refuse: /^refused on purpose$/,
      "no type": /^invalid packet type$/,
      "no nsp": /^invalid namespace$/,
      "bad id": /^invalid packet id$/,
      "bad data": /^invalid payload$/,
      reserved: /^invalid payload$/,
      unsayable: /data\[2\]: a function cannot be encoded$/,
    };
    for (const [trick, message] of Object.entries(told)) {
      it(`closes a client whose message is decoded badly: ${trick}`, async () => {
        const [watcher, socket] = await Promise.all([connect(), connect({ reconnection: false })]);
        const heard = [new Inbox(watcher, "told"), new Inbox(watcher, "left")];
        await watcher.emitWithAck("watch");
        const gone = nextEvent(socket, "disconnect");
        socket.emit("trick", trick);
        assert.equal((await gone)[0], "transport close");
        assert.match((await heard[0].until(1))[0], message);
        assert.match((await heard[1].until(1))[0], /^forced (server )?close$/);
        assert.equal(await watcher.emitWithAck("ack", "alive"), "alive");
      });
    }

    it("takes bytes that no packet announced for what they are", async () => {
      const socket = await connect({ reconnection: false });
      const gone = nextEvent(socket, "disconnect");
      socket.io.engine.write(Buffer.from([1]));
      assert.equal((await gone)[0], "transport close");
    });

    for (const trick of ["raise", "wait", "meddle", "number", "refuse", "bad text", "bad list",
      "too many"]) {
      it(`sends nothing that is encoded badly: ${trick}`, async () => {
        const [socket, other] = await Promise.all([connect(), connect()]);
        const heard = [socket, other].map((s) => new Inbox(s, "trick"));
        const answer = new Promise((done) => socket.emit("say", trick, (...a) => done(a)));
        assert.deepEqual(await answer, [null, "the parser failed"]);
        await socket.emitWithAck("say to all", trick);
        assert.equal(await other.emitWithAck("ack", "alive"), "alive");
        assert.deepEqual(heard.map((box) => box.items), [[], []]);
      });
    }

    it("says in the log what was wrong, with a traceback", async () => {
      await server.said(/parser error, a packet is not sent: .*raised on purpose/);
      await server.said(/parser error, its client is closed: .*raised on purpose/);
      await server.said(/custom_parser\.lua:\d+: in function/);
    });
  });
}

describe("three servers with three parsers", { timeout: 60000 }, () => {
  const parsers = [undefined, msgpackParser, jsonParser];
  let server, all;
  const connect = (i) => all[i].connect("websocket", parsers[i] && { parser: parsers[i] });

  before(async () => {
    server = await startServer("three_parsers", { bind: [] });
    all = server.urls.map((url) => new Clients(url));
  });
  after(async () => {
    for (const clients of all ?? []) clients.close();
    await server?.stop();
  });

  it("each speak their own, and go on when one is closed", async () => {
    const sockets = await Promise.all(parsers.map((_, i) => connect(i)));
    for (const [i, socket] of sockets.entries()) {
      assert.deepEqual(await socket.emitWithAck("ack", { i }), { i });
    }
    sockets[2].io.reconnection(false);
    const gone = nextEvent(sockets[2], "disconnect");
    sockets[2].emit("close");
    await gone;
    for (const i of [0, 1]) {
      const socket = await connect(i);
      assert.deepEqual(await socket.emitWithAck("ack", { i }), { i });
    }
  });
});
