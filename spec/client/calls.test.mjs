// SPDX-License-Identifier: MIT
// Who is woken for messages to rooms: workers with a member, and no others; and who joins after a
// message that its worker was not woken for does not get it later.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Clients } from "../support/clients.js";
import { parse, sum } from "../support/prometheus.js";
import { startServer } from "../support/server.js";
import { eventually, Inbox } from "../support/wait.js";

const workers = 3;
const messages = 100;

describe("calls across workers", { timeout: 60000 }, () => {
  let server, clients, sockets, inboxes, pages;

  // One client on each worker; sockets[i] is on worker i + 1.
  before(async () => {
    server = await startServer("calls", { workers, args: ["--metrics", "0"] });
    pages = /url=(\S+)\/metrics/.exec(server.output)[1];
    clients = new Clients(server.url);
    const homes = [];
    await eventually("a client on each worker", async () => {
      const client = await clients.connect("websocket", { reconnection: false });
      const { id } = await client.emitWithAck("whoami");
      if (homes[id - 1]) client.disconnect();
      else homes[id - 1] = client;
      return homes.filter(Boolean).length === workers;
    });
    sockets = homes;
    inboxes = sockets.map((socket) => new Inbox(socket, "news"));
    for (const [i, socket] of sockets.entries()) await socket.emitWithAck("join", `room ${i}`);
  });
  after(async () => {
    clients?.close();
    await server?.stop();
  });

  // Of all workers.
  async function wakes() {
    const page = await fetch(`${pages}/metrics`);
    return sum(parse(await page.text()), "sio_journal_wakes_total");
  }

  // How many workers were woken while sockets[0] sent `messages`, one at a time, until those of
  // `to` had them: per message, as one may be awake just then.
  async function woken(to, ...what) {
    const before = await wakes();
    for (let i = 0; i < messages; i++) {
      const counts = inboxes.map((inbox) => inbox.items.length);
      await sockets[0].emitWithAck(...what, i);
      for (const at of to) {
        await inboxes[at].until(counts[at] + 1);
        assert.equal(inboxes[at].items.at(-1), i);
      }
    }
    return ((await wakes()) - before) / messages;
  }

  function near(actual, expected) {
    assert.ok(actual > expected - 0.5 && actual <= expected, `${actual} for ${expected}`);
  }

  it("a broadcast to all wakes all", async () => near(await woken([0, 1, 2], "to all"), 2));

  it("a message to a room wakes the worker of its member only", async () =>
    near(await woken([2], "to room", "room 2"), 1));

  it("a message to an id wakes the worker of its socket only", async () =>
    near(await woken([1], "to room", sockets[1].id), 1));

  it("a message to a room of the same worker wakes nobody", async () =>
    assert.equal(await woken([0], "to room", "room 0"), 0));

  it("who joins after a message does not get it, and gets the next", async () => {
    const got = inboxes[1].items.length;
    for (let i = 0; i < messages; i++) {
      await sockets[0].emitWithAck("to room", `late ${i}`, `early ${i}`);
      await sockets[1].emitWithAck("join", `late ${i}`);
      await sockets[0].emitWithAck("to room", `late ${i}`, `after ${i}`);
      await inboxes[1].until(got + i + 1);
    }
    const expected = Array.from({ length: messages }, (_, i) => `after ${i}`);
    assert.deepEqual(inboxes[1].items.slice(got), expected);
  });

  it("a room that all its members have left wakes nobody", async () => {
    await sockets[1].emitWithAck("join", "door");
    await sockets[0].emitWithAck("join", "door");
    await sockets[1].emitWithAck("leave", "door");
    assert.equal(await woken([0], "to room", "door"), 0);
  });
});
