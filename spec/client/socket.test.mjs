// SPDX-License-Identifier: MIT
// One official client and the server: what a socket hears, says, asks and knows of its client. More
// of that over each transport is in talk.test.mjs; how sockets end is in reasons.test.mjs.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { Clients } from "../support/clients.js";
import { startServer } from "../support/server.js";
import { Inbox, eventually, nextEvent } from "../support/wait.js";

const bytes = Buffer.from([1, 2, 3]);

describe("a socket", { timeout: 60000 }, () => {
  let server, clients;
  const connect = (options) => clients.connect("websocket", options);
  const lines = async (name) => (await fetch(`${server.url}/lines?name=${name}`)).json();

  before(async () => {
    server = await startServer("socket", { workers: 1 }); // which has all lines
    clients = new Clients(server.url);
  });
  afterEach(() => {
    assert.deepEqual(clients?.mishaps, []);
    clients?.close();
  });
  after(() => server?.stop());

  it("connects once more when its client connects by hand", async () => {
    const socket = await connect({ reconnection: false, auth: { name: "by hand" } });
    const connected = new Inbox(socket, "connect", () => socket.id);
    socket.io.engine.close();
    process.nextTick(() => socket.connect());
    await connected.until(1);
    assert.equal((await socket.emitWithAck("facts")).id, socket.id);
    assert.equal(connected.items.length, 1);
    const connections = (await lines("by hand")).filter(([event]) => event === "connection");
    assert.equal(connections.length, 2);
  });

  it("hears events with their arguments", async () => {
    const socket = await connect();
    const heard = new Inbox(socket, "heard");
    socket.emit("random", 1, "2", [3]);
    socket.emit("bytes", bytes, "3", [4], [bytes, "swag", bytes]);
    socket.emit("nothing");
    assert.deepEqual(await heard.until(3), [
      ["random", 1, "2", [3]],
      ["bytes", bytes, "3", [4], [bytes, "swag", bytes]],
      "nothing",
    ]);
  });

  it("hears what is sent without a name as a message", async () => {
    const socket = await connect();
    const heard = new Inbox(socket, "heard");
    socket.send(1337);
    socket.send(null);
    assert.deepEqual(await heard.until(2), [["message", 1337], ["message", null]]);
  });

  it("sends messages without a name, as its namespace and the server do", async () => {
    const socket = await connect();
    const messages = new Inbox(socket, "message");
    for (const who of ["socket", "namespace", "server"]) {
      assert.equal(await socket.emitWithAck("send please", who), true);
    }
    assert.deepEqual(await messages.until(3), [["a", 1], ["a", 1], ["a", 1]]);
  });

  it("hears a namespace's events in order, at once", async () => {
    const chat = clients.make("websocket", { namespace: "/chat" });
    const heard = new Inbox(chat, "heard");
    chat.emit("hi", "a"); // kept by the client until it is connected
    await heard.until(1);
    for (const letter of ["b", "c", "d"]) chat.emit("hi", letter);
    assert.deepEqual(await heard.until(4), ["a", "b", "c", "d"].map((letter) => ["hi", letter]));
  });

  it("is called back with what the client answers", async () => {
    const socket = await connect();
    const answered = new Inbox(socket, "answered");
    const answers = [[], [1, "2"], [bytes]];
    socket.on("hi", (...args) => args.pop()(...answers[answered.items.length]));
    for (const args of [[], [1, 2], [Buffer.alloc(4)]]) {
      const next = answered.items.length + 1;
      socket.emit("ask back", ...args);
      await answered.until(next);
    }
    assert.deepEqual(answered.items, [0, [2, 1, "2"], [1, bytes]]);
  });

  it("has what it asks arrive with its arguments", async () => {
    const socket = await connect();
    const asked = new Inbox(socket, "hi", (...args) => args.slice(0, -1));
    socket.emit("ask back");
    socket.emit("ask back", 1, 2);
    socket.emit("ask back", Buffer.alloc(4));
    assert.deepEqual(await asked.until(3), [[], [1, 2], [Buffer.alloc(4)]]);
  });

  it("knows its connection and its client's first request", async () => {
    const socket = await connect({ query: { key1: 1, key2: 2 } });
    const facts = await socket.emitWithAck("facts");
    assert.equal(facts.transport, "websocket");
    assert.equal(facts.conn, socket.io.engine.id);
    assert.equal(facts.id, socket.id);
    assert.notEqual(facts.id, facts.conn);
    assert.equal(facts.headers.host, `localhost:${server.port}`);
    assert.equal(facts.pid, undefined); // that is between server and client
    const query = Object.fromEntries(new URLSearchParams(facts.url.split("?")[1]));
    assert.deepEqual(query, { EIO: "4", transport: "websocket", key1: "1", key2: "2" });
    assert.deepEqual(facts.query, query);
    assert.deepEqual(facts.auth, {});
    assert.deepEqual([facts.nsp, facts.rooms], ["/", [socket.id]]);
    assert.deepEqual([facts.connected, facts.disconnected, facts.recovered], [true, false, false]);
    assert.deepEqual([facts.xdomain, facts.secure], [false, false]);
    assert.ok(Math.abs(facts.issued - Date.now()) < 60000);
    assert.equal(Math.floor(Date.parse(facts.time) / 1000), Math.floor(facts.issued / 1000));
  });

  it("knows that its client's page is of another origin, and all headers", async () => {
    const extraHeaders = { Origin: "http://other.example", "X-Custom": "yes", Cookie: "a=1; b=2" };
    const { xdomain, headers } = await (await connect({ extraHeaders })).emitWithAck("facts");
    assert.equal(xdomain, true);
    assert.equal(headers.origin, "http://other.example");
    assert.equal(headers["x-custom"], "yes");
    assert.equal(headers.cookie, "a=1; b=2");
  });

  it("of a second namespace has that namespace's auth and the connection's query", async () => {
    const first = await connect({ query: { shared: "yes" }, auth: { key1: "first" } });
    const second = first.io.socket("/chat", { auth: { key1: "aa", key2: "&=bb" } });
    await nextEvent(second, "connect");
    const { query, auth, nsp } = await second.emitWithAck("facts");
    assert.equal(nsp, "/chat");
    assert.deepEqual(auth, { key1: "aa", key2: "&=bb" });
    assert.deepEqual([query.shared, query.key1, query.EIO], ["yes", undefined, "4"]);
    assert.deepEqual((await first.emitWithAck("facts")).auth, { key1: "first" });
  });

  it("carries a very large value there and back, three times", async () => {
    const socket = await connect();
    const big = { list: Array.from({ length: 9000 }, (_, n) => ({ n, text: "ä".repeat(30) })) };
    assert.ok(JSON.stringify(big).length > 400000);
    for (const value of [big, { ...big, image: Buffer.alloc(200000, 7) }]) {
      for (let round = 0; round < 3; round++) {
        const back = nextEvent(socket, "big");
        socket.emit("big", value);
        assert.deepEqual((await back)[0], value);
      }
    }
  });

  it("may not send events that have a meaning of their own", async () => {
    const socket = await connect();
    const names = ["connect", "connect_error", "disconnect", "disconnecting", "newListener",
      "removeListener"];
    const messages = await socket.emitWithAck("reserved", names);
    messages.forEach((message, i) => {
      assert.match(message, new RegExp(`"${names[i]}" is a reserved event name`));
    });
  });

  it("hears what came before its client's goodbye", async () => {
    const socket = await connect({ auth: { name: "goodbye" } });
    socket.emit("test", Buffer.alloc(10).toString());
    socket.disconnect();
    await eventually("the goodbye", async () => {
      return (await lines("goodbye")).at(-1)?.[0] === "disconnect";
    });
    const events = (await lines("goodbye")).map(([event]) => event);
    assert.deepEqual(events, ["connection", "test", "disconnecting", "disconnect"]);
  });

  it("leaves with all others of its client when it is closed", async () => {
    const main = await connect({ reconnection: false });
    const others = ["/foo", "/bar"].map((nsp) => main.io.socket(nsp, {}));
    await Promise.all(others.map((socket) => nextEvent(socket, "connect")));
    const gone = [main, ...others].map((socket) => nextEvent(socket, "disconnect"));
    others[1].emit("kick", true);
    for (const [reason] of await Promise.all(gone)) assert.equal(reason, "io server disconnect");
  });
});

// Rounds of volatile events: what arrives of each, up to "end". By polling a client has no request
// pending for a moment, so that a round may bring nothing.
for (const mode of ["websocket", "polling"]) {
  describe(`volatile events (${mode})`, { timeout: 60000 }, () => {
    let server, clients, socket, events, ends;

    before(async () => {
      server = await startServer("socket");
      clients = new Clients(server.url);
      socket = await clients.connect(mode, { namespace: "/volatile" });
      events = new Inbox(socket, "ev", (_, what) => what);
      ends = new Inbox(socket, "end");
    });
    after(() => {
      clients?.close();
      return server?.stop();
    });

    async function round(event, from) {
      const [old, n] = [events.items.length, ends.items.length + 1];
      socket.emit(event, n, from);
      await ends.until(n);
      return events.items.slice(old);
    }

    async function firstOf(event, from) {
      let got;
      await eventually("a round that brings something", async () => {
        got = await round(event, from);
        return got.length > 0;
      });
      return got;
    }

    it("behind a regular one are dropped, and the next regular one arrives", async () => {
      for (let n = 0; n < 5; n++) {
        assert.deepEqual(await round("regular first"), ["regular", "regular again"]);
      }
    });

    it("arrive when nothing waits, one of two", async () => {
      for (const from of ["socket", "server"]) {
        assert.deepEqual(await firstOf("two volatile", from), ["first"]);
      }
    });

    it("with bytes arrive as a whole or not at all", async () => {
      for (const from of ["socket", "server"]) {
        const whole = nextEvent(socket, "ev");
        assert.deepEqual(await firstOf("two volatile with bytes", from), ["first"]);
        assert.deepEqual((await whole)[2], bytes);
      }
    });
  });
}

describe("a server that goes", { timeout: 60000 }, () => {
  it("is given up once by clients that have tried", async () => {
    const server = await startServer("socket");
    const clients = new Clients(server.url);
    const socket = await clients.connect("websocket", { reconnectionAttempts: 3 });
    const attempts = new Inbox(socket.io, "reconnect_attempt");
    const failed = new Inbox(socket.io, "reconnect_failed");
    await server.stop();
    await failed.until(1);
    assert.deepEqual(attempts.items, [1, 2, 3]);
    assert.equal(failed.items.length, 1);
    clients.close();
  });

  it("hears its clients again when it is back", async () => {
    const first = await startServer("socket");
    const clients = new Clients(first.url);
    const socket = await clients.connect("websocket");
    await first.stop();
    const reconnected = nextEvent(socket.io, "reconnect", 30000);
    const second = await startServer("socket", { bind: [`localhost:${first.port}`] });
    await reconnected;
    const heard = new Inbox(socket, "heard");
    socket.emit("ev", "payload");
    assert.deepEqual(await heard.until(1), [["ev", "payload"]]);
    clients.close();
    await second.stop();
  });
});

describe("compression", { timeout: 60000 }, () => {
  it("is used unless an event says otherwise", async () => {
    const env = { OPTIONS: JSON.stringify({ per_message_deflate: true }) };
    const server = await startServer("socket", { env });
    const clients = new Clients(server.url);
    const socket = await clients.connect("websocket");
    const text = "compress me ".repeat(2000);
    const size = async (yes) => {
      const wire = socket.io.engine.transport.ws._socket;
      const before = wire.bytesRead;
      const back = nextEvent(socket, "packed");
      socket.emit("packed", text, yes);
      assert.deepEqual(await back, [text]);
      return wire.bytesRead - before;
    };
    assert.ok((await size(true)) < text.length / 10);
    assert.ok((await size(false)) > text.length);
    clients.close();
    await server.stop();
  });
});
