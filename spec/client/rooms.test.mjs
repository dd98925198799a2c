// SPDX-License-Identifier: MIT
// Broadcasts and rooms: six official clients that came in three ways and sit on all workers.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Clients, transports } from "../support/clients.js";
import { startServer, workerCounts } from "../support/server.js";
import { Inbox } from "../support/wait.js";

for (const workers of workerCounts(1, 4)) {
  describe(`rooms, ${workers} worker(s)`, { timeout: 60000 }, () => {
    let server, clients, sockets, inboxes;
    let round = 0;

    // Sends one event through `from`, then a last one to all; returns who got the first.
    async function heard(from, event, ...args) {
      const mark = `mark ${++round}`;
      const sizes = inboxes.map((inbox) => inbox.items.length);
      await sockets[from].emitWithAck(event, ...args, "news");
      await sockets[from].emitWithAck("to all", mark);
      const who = [];
      for (const [i, inbox] of inboxes.entries()) {
        for (let n = sizes[i] + 1; inbox.items.at(-1) !== mark; n++) await inbox.until(n);
        const news = inbox.items.slice(sizes[i], -1);
        assert.ok(news.length <= 1, `client ${i} got ${JSON.stringify(news)}`);
        if (news.length === 1) {
          assert.equal(news[0], "news");
          who.push(i);
        }
      }
      return who;
    }

    before(async () => {
      server = await startServer("clients", { workers });
      clients = new Clients(server.url);
      const modes = [...Object.keys(transports), ...Object.keys(transports)];
      sockets = await Promise.all(modes.map((mode) => clients.connect(mode)));
      inboxes = sockets.map((socket) => new Inbox(socket, "news"));
    });
    after(async () => {
      assert.deepEqual(clients?.mishaps, []);
      clients?.close();
      await server?.stop();
    });

    it("spreads clients over all workers", async () => {
      const seen = await Promise.all(sockets.map((socket) => socket.emitWithAck("whoami")));
      const met = new Set(seen.map((worker) => worker.pid));
      assert.equal(met.size, Math.min(workers, sockets.length));
      const pids = server.workerPids();
      for (const { pid } of seen) assert.ok(pids.includes(pid));
    });

    it("reaches all", async () => {
      assert.deepEqual(await heard(0, "to all"), [0, 1, 2, 3, 4, 5]);
    });

    it("reaches all but the sender", async () => {
      assert.deepEqual(await heard(1, "to others"), [0, 2, 3, 4, 5]);
    });

    it("reaches the members of a room, also from outside", async () => {
      for (const i of [0, 1, 2]) await sockets[i].emitWithAck("join", "red");
      assert.deepEqual(await heard(5, "to room", "red"), [0, 1, 2]);
    });

    it("reaches the other members of a room", async () => {
      assert.deepEqual(await heard(2, "to others in room", "red"), [0, 1]);
    });

    it("reaches the members of several rooms once", async () => {
      for (const i of [2, 3]) await sockets[i].emitWithAck("join", "blue");
      assert.deepEqual(await heard(4, "to room", ["red", "blue"]), [0, 1, 2, 3]);
    });

    it("leaves a room out", async () => {
      assert.deepEqual(await heard(0, "to all except", "blue"), [0, 1, 4, 5]);
    });

    it("forgets who left a room", async () => {
      await sockets[1].emitWithAck("leave", "red");
      assert.deepEqual(await heard(4, "to room", "red"), [0, 2]);
    });

    it("reaches one client through the room of its id", async () => {
      assert.deepEqual(await heard(0, "to room", sockets[4].id), [4]);
    });

    it("reaches nobody in a room without members", async () => {
      assert.deepEqual(await heard(0, "to room", "nobody"), []);
    });

    it("broadcasts binary to every worker", async () => {
      const bytes = Buffer.from([1, 2, 0, 255]);
      const sizes = inboxes.map((inbox) => inbox.items.length);
      await sockets[3].emitWithAck("to all", { bytes });
      for (const [i, inbox] of inboxes.entries()) {
        await inbox.until(sizes[i] + 1);
        assert.deepEqual(Buffer.from(inbox.items.at(-1).bytes), bytes);
      }
    });

    it("is told to who listens to what a socket is sent, from any worker", async () => {
      const sizes = inboxes.map((inbox) => inbox.items.length);
      await sockets[0].emitWithAck("overhear");
      for (const [i, socket] of sockets.entries()) await socket.emitWithAck("to all", `from ${i}`);
      for (const [i, inbox] of inboxes.entries()) await inbox.until(sizes[i] + sockets.length);
      const told = await sockets[0].emitWithAck("overheard");
      assert.deepEqual(told, sockets.map((_, i) => ["news", `from ${i}`]));
    });

    it("keeps one order for all who hear", async () => {
      const sizes = inboxes.map((inbox) => inbox.items.length);
      const count = 20;
      for (let n = 0; n < count; n++) {
        for (const [i, socket] of sockets.entries()) socket.emit("to all", [i, n]);
      }
      const total = count * sockets.length;
      const orders = [];
      for (const [i, inbox] of inboxes.entries()) {
        await inbox.until(sizes[i] + total);
        orders.push(JSON.stringify(inbox.items.slice(sizes[i])));
      }
      assert.equal(new Set(orders).size, 1);
    });
  });
}
