// SPDX-License-Identifier: MIT
// Clients of Socket.IO v2 (allow_eio3) against one worker and two, over each way of travelling, and
// beside a client of today in one room.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { Clients } from "../support/clients.js";
import { ClientsV2, ask, installDocument, transportsV2 } from "../support/clients_v2.js";
import { startServer, workerCounts } from "../support/server.js";
import { Inbox, nextEvent } from "../support/wait.js";

const texts = ["", "naïve ☃ 😀", "a\"b\\c\n\\n\r\u0000\u2028\u2029", "x".repeat(5000)];
const bytes = (...list) => Buffer.from(list);
const plain = (value) => JSON.parse(JSON.stringify(value));

for (const workers of workerCounts(1, 2)) {
  for (const mode of Object.keys(transportsV2)) {
    describe(`Socket.IO v2, ${mode}, ${workers} worker(s)`, { timeout: 60000 }, () => {
      let server, clients, todays;
      const connect = (options) => clients.connect(mode, options);

      before(async () => {
        installDocument();
        server = await startServer("clients_v2", { workers });
        clients = new ClientsV2(server.url);
        todays = new Clients(server.url);
      });
      afterEach(() => {
        clients?.close();
        assert.deepEqual(todays?.mishaps, []);
        todays?.close();
      });
      after(() => server?.stop());

      it("is connected to the main namespace, under the id it makes itself", async () => {
        const socket = clients.make(mode, { query: { token: "t" } });
        const [id] = await nextEvent(socket, "welcome");
        assert.equal(socket.id, id);
        assert.equal(socket.io.engine.id, id);
        assert.deepEqual(await ask(socket, "who"), [{ id, nsp: "/", query: "t", auth: {} }]);
      });

      it("talks and acknowledges both ways", async () => {
        const socket = await connect();
        const back = new Inbox(socket, "echo");
        for (const text of texts) socket.emit("echo", text);
        assert.deepEqual(await back.until(texts.length), texts);
        assert.deepEqual(await ask(socket, "ack", 1, [null], { a: "b" }), [1, [null], { a: "b" }]);
        socket.on("question", (question, answer) => answer(`${question}!`));
        assert.deepEqual(await ask(socket, "ask", "really"), ["really!"]);
      });

      it("keeps two hundred messages in order", async () => {
        const socket = clients.make(mode);
        const back = new Inbox(socket, "echo");
        const sent = Array.from({ length: 200 }, (_, n) => n);
        for (const n of sent.slice(0, 50)) socket.emit("echo", n);
        await nextEvent(socket, "connect");
        for (const n of sent.slice(50)) socket.emit("echo", n);
        assert.deepEqual(await back.until(sent.length), sent);
      });

      it("exchanges bytes", async () => {
        const socket = await connect();
        const all = Buffer.from(Array.from({ length: 256 }, (_, n) => n));
        const sent = [{ some: [bytes(), bytes(1, 2, 3)], text: "☃" }, all];
        const [got] = await Promise.all([nextEvent(socket, "echo"), socket.emit("echo", ...sent)]);
        assert.deepEqual(plain(got), plain(sent));
        const [answer] = await ask(socket, "ack", all);
        assert.deepEqual(Buffer.from(answer), all);
      });

      it("joins another namespace with a query, under an id of its own", async () => {
        const socket = await connect({ namespace: "/guarded", query: { token: "a b&c=ü" } });
        const [who] = await ask(socket, "who");
        assert.equal(socket.id, `/guarded#${socket.io.engine.id}`);
        assert.deepEqual([who.id, who.nsp], [socket.id, "/guarded"]);
        assert.equal(who.auth.token, "a b&c=ü");
        const echo = nextEvent(socket, "echo");
        socket.emit("echo", bytes(7));
        assert.deepEqual(Buffer.from((await echo)[0]), bytes(7));
      });

      it("hears why a namespace is closed to it", async () => {
        const error = async (options) => (await nextEvent(clients.make(mode, options), "error"))[0];
        assert.equal(await error({ namespace: "/guarded" }), "no entry");
        const expired = { namespace: "/guarded", query: { token: "expired" } };
        assert.deepEqual(await error(expired), { code: 401 });
        assert.deepEqual(await error({ namespace: "/nowhere" }), { message: "Invalid namespace" });
      });

      it("shares rooms and broadcasts with a client of today", async () => {
        const [old, today] = await Promise.all([connect(), todays.connect("websocket")]);
        const heard = [old, today].map((socket) => new Inbox(socket, "news"));
        await ask(old, "join", "room");
        await today.emitWithAck("join", "room");
        await today.emitWithAck("to room", "room", ["from today", bytes(1, 2)]);
        await ask(old, "to room", "room", ["from v2", bytes(3)]);
        await ask(old, "to room", old.id, "to itself");
        await ask(old, "to all", "to all");
        const wanted = [["from today", bytes(1, 2)], ["from v2", bytes(3)]];
        assert.deepEqual(plain(await heard[0].until(4)), plain([...wanted, "to itself", "to all"]));
        assert.deepEqual(plain(await heard[1].until(3)), plain([...wanted, "to all"]));
      });

      it("leaves, and is told to leave", async () => {
        const [watcher, leaver, kicked, closed] =
          await Promise.all([connect(), connect(), connect(), connect()]);
        const left = new Inbox(watcher, "left");
        await ask(watcher, "join", "watchers");
        leaver.disconnect();
        kicked.emit("kick", false);
        assert.deepEqual(await nextEvent(kicked, "disconnect"), ["io server disconnect"]);
        closed.emit("kick", true);
        assert.deepEqual(await nextEvent(closed, "disconnect"), ["io server disconnect"]);
        const reasons = (await left.until(3)).map(([, reason]) => reason).sort();
        assert.deepEqual(reasons, [
          "client namespace disconnect", "server namespace disconnect",
          "server namespace disconnect",
        ]);
      });
    });
  }
}

describe("Socket.IO v2 without allow_eio3", { timeout: 60000 }, () => {
  let server, clients;
  before(async () => {
    server = await startServer("clients");
    clients = new ClientsV2(server.url);
  });
  after(async () => {
    clients?.close();
    await server?.stop();
  });

  for (const mode of ["polling", "websocket"]) {
    it(`is refused over ${mode}`, async () => {
      const socket = clients.make(mode, { reconnection: false });
      let connected = false;
      socket.on("connect", () => { connected = true; });
      const [error] = await nextEvent(socket, "connect_error");
      assert.match(error.message ?? error, /error/);
      assert.equal(connected, false);
    });
  }
});
