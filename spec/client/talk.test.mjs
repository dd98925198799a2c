// SPDX-License-Identifier: MIT
// The official client against one worker and four, over each way of travelling: what one client
// and the server say to each other. What several clients see of each other is in rooms.test.mjs.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { Clients, transports, upgraded } from "../support/clients.js";
import { startServer, workerCounts } from "../support/server.js";
import { Inbox, nextEvent } from "../support/wait.js";

for (const workers of workerCounts(1, 4)) {
  for (const mode of Object.keys(transports)) {
    describe(`${mode}, ${workers} worker(s)`, { timeout: 60000 }, () => {
      let server, clients;
      const connect = (options) => clients.connect(mode, options);

      before(async () => {
        server = await startServer("clients", { workers });
        assert.equal(server.workers, workers);
        clients = new Clients(server.url);
      });
      afterEach(() => {
        assert.deepEqual(clients?.mishaps, []);
        clients?.close();
      });
      after(() => server?.stop());

      it("connects with an id of its own and travels as asked", async () => {
        const [a, b] = await Promise.all([connect(), connect()]);
        assert.match(a.id, /^[\w-]{20}$/);
        assert.notEqual(a.id, b.id);
        assert.notEqual(a.id, a.io.engine.id);
        const expected = mode === "polling" ? "polling" : "websocket";
        assert.equal(a.io.engine.transport.name, expected);
        assert.ok(!a.recovered);
      });

      it("echoes every JSON value as it was", async () => {
        const socket = await connect();
        const values = [
          0, -1, 1.5, 1e21, 123456789012345, true, false, null, "", "naïve ☃ 😀", "a\"b\\c\n\u0000/",
          [], [[]], [1, [2, { a: [] }]], {}, { a: { b: { c: null } }, "": 0 },
        ];
        const back = new Inbox(socket, "echo");
        for (const value of values) socket.emit("echo", value);
        assert.deepEqual(await back.until(values.length), values);
      });

      it("keeps two hundred messages in order", async () => {
        const socket = await connect();
        const back = new Inbox(socket, "echo");
        const sent = Array.from({ length: 200 }, (_, n) => n);
        for (const n of sent) socket.emit("echo", n);
        assert.deepEqual(await back.until(sent.length), sent);
      });

      it("keeps order while the transport changes", async () => {
        const socket = clients.make(mode);
        const back = new Inbox(socket, "echo");
        const sent = Array.from({ length: 100 }, (_, n) => n);
        for (const n of sent.slice(0, 30)) socket.emit("echo", n); // buffered by the client
        await nextEvent(socket, "connect");
        for (const n of sent.slice(30, 60)) socket.emit("echo", n);
        await upgraded(socket, mode);
        for (const n of sent.slice(60)) socket.emit("echo", n);
        assert.deepEqual(await back.until(sent.length), sent);
      });

      it("acknowledges with what a handler returns", async () => {
        const socket = await connect();
        assert.deepEqual(await socket.emitWithAck("ack", { a: [1, "2"] }), { a: [1, "2"] });
        assert.equal(await socket.emitWithAck("ack", null), null);
        const values = [1, "2", [3]];
        const all = (emitter) =>
          new Promise((resolve) => emitter.emit("ack", ...values, (...got) => resolve(got)));
        assert.deepEqual(await all(socket), values);
        assert.deepEqual(await all(socket.timeout(5000)), [null, ...values]); // error first
      });

      it("acknowledges later, through the ack function", async () => {
        const socket = await connect();
        const got = await new Promise((resolve) => {
          socket.emit("ack later", 7, (...a) => resolve(a));
        });
        assert.deepEqual(got, [7, "later"]);
      });

      it("sends no acknowledgement when a handler returns nothing or fails", async () => {
        const socket = await connect();
        for (const event of ["no ack", "error please"]) {
          await assert.rejects(socket.timeout(150).emitWithAck(event), /timed out/);
        }
        assert.equal(await socket.emitWithAck("ack", "alive"), "alive");
      });

      it("asks the client and waits for its answer", async () => {
        const socket = await connect();
        socket.on("question", (question, ack) => ack(`${question}? yes`));
        assert.equal(await socket.emitWithAck("ask", "ready", 5), "ready? yes");
        socket.off("question");
        socket.on("question", () => {});
        const [answer, error] = await new Promise((resolve) => {
          socket.emit("ask", "silent", 0.1, (...a) => resolve(a));
        });
        assert.deepEqual([answer, error], [null, "timeout"]);
      });

      it("carries binary both ways, several and nested", async () => {
        const socket = await connect();
        const bytes = Buffer.from([0, 1, 2, 255, 30, 0]);
        const empty = Buffer.alloc(0);
        const back = nextEvent(socket, "echo");
        socket.emit("echo", bytes, { nested: [bytes, "text", { deep: empty }] });
        const [first, second] = await back;
        assert.deepEqual(Buffer.from(first), bytes);
        assert.deepEqual(Buffer.from(second.nested[0]), bytes);
        assert.equal(second.nested[1], "text");
        assert.equal(Buffer.from(second.nested[2].deep).length, 0);
        const acked = await socket.timeout(5000).emitWithAck("ack", { b: bytes });
        assert.deepEqual(Buffer.from(acked.b), bytes);
      });

      it("gives handlers the length and parts of binary data", async () => {
        const socket = await connect();
        const [size, start] = await new Promise((resolve) => {
          socket.emit("bytes", Buffer.from("abcdef"), (...a) => resolve(a));
        });
        assert.equal(size, 6);
        assert.equal(Buffer.from(start).toString(), "ab");
      });

      it("carries large text and large binary", async () => {
        const socket = await connect();
        const text = "x☃".repeat(75000);
        assert.equal(await socket.timeout(10000).emitWithAck("ack", text), text);
        const bytes = Buffer.alloc(300000, 7);
        assert.deepEqual(Buffer.from(await socket.timeout(10000).emitWithAck("ack", bytes)), bytes);
      });

      it("shares one connection between namespaces", async () => {
        const main = await connect();
        const chat = main.io.socket("/chat", {});
        const game = main.io.socket("/game", {});
        const joined = [nextEvent(chat, "connect"), nextEvent(game, "connect")];
        await Promise.all(joined);
        assert.equal(await chat.emitWithAck("where"), "/chat");
        assert.equal(await game.emitWithAck("where"), "/game");
        const heard = { main: new Inbox(main, "news"), game: new Inbox(game, "news") };
        await chat.emitWithAck("to all", "for the chat only");
        await game.emitWithAck("to all", "for the game only");
        await heard.game.until(1);
        assert.deepEqual([heard.main.items, heard.game.items], [[], ["for the game only"]]);
        const ended = nextEvent(chat, "disconnect");
        chat.disconnect();
        assert.deepEqual((await ended)[0], "io client disconnect");
        assert.equal(await main.emitWithAck("ack", 1), 1);
      });

      it("refuses an unknown namespace", async () => {
        const socket = clients.make(mode, { namespace: "/nowhere" });
        const [error] = await nextEvent(socket, "connect_error");
        assert.equal(error.message, "Invalid namespace");
      });

      it("refuses through middleware, with message and data", async () => {
        const refused = async (token) => {
          const socket = clients.make(mode, { auth: { token } });
          const [error] = await nextEvent(socket, "connect_error");
          assert.equal(socket.connected, false);
          return [error.message, error.data];
        };
        assert.deepEqual(await refused("expired"), ["unauthorized", { code: 401 }]);
        assert.deepEqual(await refused("short"), ["no entry", undefined]);
        assert.deepEqual((await refused("broken"))[0], "internal error");
        await connect({ auth: { token: "slow" } });
      });

      it("says why a client left, on both sides", async () => {
        const watcher = await connect();
        await watcher.emitWithAck("join", "watchers");
        const left = new Inbox(watcher, "left");
        const leave = async (name, how) => {
          const socket = await connect({ auth: { name }, reconnection: false });
          const ended = nextEvent(socket, "disconnect");
          how(socket);
          return (await ended)[0];
        };
        assert.equal(await leave("one", (s) => s.disconnect()), "io client disconnect");
        await left.until(1);
        assert.equal(await leave("two", (s) => s.emit("kick", false)), "io server disconnect");
        await left.until(2);
        const kicked = await leave("three", (s) => s.emit("kick", true));
        assert.match(kicked, /^(io server disconnect|transport close)$/);
        await left.until(3);
        assert.equal(await leave("four", (s) => s.io.engine.close()), "forced close");
        await left.until(4);
        assert.deepEqual(left.items, [
          ["one", "client namespace disconnect"],
          ["two", "server namespace disconnect"],
          ["three", "server namespace disconnect"],
          ["four", "transport close"],
        ]);
      });

      it("comes back after its connection was cut", async () => {
        const socket = await connect();
        const { id } = socket;
        const back = nextEvent(socket, "connect");
        socket.io.engine.close();
        await back;
        assert.notEqual(socket.id, id);
        assert.ok(!socket.recovered);
        assert.equal(await socket.emitWithAck("ack", "again"), "again");
      });
    });
  }
}
