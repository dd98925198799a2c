// SPDX-License-Identifier: MIT
// One order for all: what one handler does in a row is seen in that order on every worker, and what
// many do at once is seen in the same order by everybody.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Clients } from "../support/clients.js";
import { startServer } from "../support/server.js";
import { eventually, Inbox } from "../support/wait.js";

const workers = 3;
const rounds = 100;
const alternating = (...words) =>
  Array.from({ length: rounds }, (_, i) => words.map((word) => [word, i + 1])).flat();

describe("order across workers", { timeout: 60000 }, () => {
  let server, clients, sockets, inboxes;

  // One client on each worker.
  before(async () => {
    server = await startServer("order", { workers });
    clients = new Clients(server.url);
    const homes = new Map();
    await eventually("a client on each worker", async () => {
      const client = await clients.connect("websocket", { reconnection: false });
      const { pid } = await client.emitWithAck("whoami");
      if (homes.has(pid)) client.disconnect();
      else homes.set(pid, client);
      return homes.size === workers;
    });
    sockets = [...homes.values()];
    await eventually("nobody else", async () => {
      return (await sockets[0].emitWithAck("count")) === workers;
    });
    inboxes = sockets.map((socket) => new Inbox(socket, "heard"));
  });
  after(async () => {
    clients?.close();
    await server?.stop();
  });

  // What each hears of what `act` does; nothing comes behind the mark that is sent last.
  async function heard(act) {
    for (const inbox of inboxes) inbox.items.length = 0;
    await act();
    sockets[0].emit("to all", "mark");
    await Promise.all(
      inboxes.map((inbox) => eventually("the mark", () => inbox.items.at(-1) === "mark")),
    );
    return inboxes.map((inbox) => inbox.items.slice(0, -1));
  }

  it("to all, then to the socket itself", async () => {
    const lists = await heard(() => sockets[1].emitWithAck("to all and to me", rounds));
    assert.deepEqual(lists[1], alternating("all", "one"));
    for (const other of [0, 2]) assert.deepEqual(lists[other], alternating("all"));
  });

  it("to all, then to a socket of another worker", async () => {
    const lists = await heard(() => {
      return sockets[0].emitWithAck("to all and to one", sockets[2].id, rounds);
    });
    assert.deepEqual(lists[2], alternating("all", "one"));
    for (const other of [0, 1]) assert.deepEqual(lists[other], alternating("all"));
  });

  it("into a room, a broadcast, out of it, another one", async () => {
    const lists = await heard(() => sockets[0].emitWithAck("join and leave", rounds));
    assert.deepEqual(lists, [alternating("in"), [], []]);
  });

  it("the same for a socket of another worker", async () => {
    const lists = await heard(() => {
      return sockets[0].emitWithAck("make join and leave", sockets[1].id, rounds);
    });
    assert.deepEqual(lists, [[], alternating("in"), []]);
  });

  it("everybody into a room, a broadcast, a question", async () => {
    const lists = await heard(async () => {
      for (let n = 0; n < 20; n++) {
        const answer = await sockets[n % workers].emitWithAck("all join", `room ${n}`);
        assert.deepEqual(answer, { count: workers });
      }
    });
    const rooms = Array.from({ length: 20 }, (_, n) => ["joined", `room ${n}`]);
    assert.deepEqual(lists, [rooms, rooms, rooms]);
  });

  it("many at once: the same for all", async () => {
    const lists = await heard(async () => {
      const sent = sockets.map((socket, i) => {
        return Promise.all(
          Array.from({ length: rounds }, async (_, n) => {
            socket.emit("to all", [i, n]);
            if (n % 10 === 9) await socket.emitWithAck("join and leave", 1);
          }),
        );
      });
      await Promise.all(sent);
    });
    const events = lists.map((list) => list.filter(([word]) => word !== "in"));
    assert.equal(events[0].length, workers * rounds);
    for (const other of [1, 2]) assert.deepEqual(events[other], events[0]);
    for (let i = 0; i < workers; i++) {
      const own = events[0].filter(([from]) => from === i).map(([, n]) => n);
      assert.deepEqual(own, Array.from({ length: rounds }, (_, n) => n));
    }
  });
});
