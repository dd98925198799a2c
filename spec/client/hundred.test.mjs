// SPDX-License-Identifier: MIT
// A hundred official clients, a third of them each polling, on WebSocket, and upgrading, at once
// on four workers: connect, echo, acknowledgement, binary, and a broadcast of everyone to
// everyone, with no error.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Clients, transports } from "../support/clients.js";
import { startServer } from "../support/server.js";
import { Inbox, nextEvent } from "../support/wait.js";

const count = 100;
const workers = 4;
const modes = Object.keys(transports);

describe(`${count} clients, ${workers} workers`, { timeout: 120000 }, () => {
  let server, clients, sockets;

  before(async () => {
    server = await startServer("clients", { workers });
    clients = new Clients(server.url);
  });
  after(async () => {
    clients?.close();
    await server?.stop();
  });

  it("connect, half of them while the others upgrade", async () => {
    const connecting = [];
    for (let i = 0; i < count; i++) connecting.push(clients.connect(modes[i % modes.length]));
    sockets = await Promise.all(connecting);
    assert.equal(new Set(sockets.map((socket) => socket.id)).size, count);
  });

  it("sit on every worker, evenly", async () => {
    const perWorker = new Map();
    for (const socket of sockets) {
      const { pid } = await socket.emitWithAck("whoami");
      perWorker.set(pid, (perWorker.get(pid) ?? 0) + 1);
    }
    assert.equal(perWorker.size, workers);
    const counts = [...perWorker.values()];
    for (const n of counts) assert.ok(n >= count / workers / 2, `${counts}`);
  });

  it("echo, acknowledge and carry binary, three rounds", async () => {
    for (let round = 0; round < 3; round++) {
      await Promise.all(sockets.map(async (socket, i) => {
        const bytes = Buffer.from([i, round, 255]);
        const back = nextEvent(socket, "echo", 30000);
        socket.emit("echo", i, { bytes });
        const [n, { bytes: same }] = await back;
        assert.equal(n, i);
        assert.deepEqual(Buffer.from(same), bytes);
        assert.deepEqual(await socket.timeout(30000).emitWithAck("ack", [i, round]), [i, round]);
      }));
    }
  });

  it("hear a broadcast of each other", async () => {
    const inboxes = sockets.map((socket) => new Inbox(socket, "news"));
    for (const [i, socket] of sockets.entries()) socket.emit("to all", i);
    const everyone = Array.from({ length: count }, (_, i) => i);
    for (const inbox of inboxes) {
      const got = [...await inbox.until(count, 30000)].sort((a, b) => a - b);
      assert.deepEqual(got, everyone);
    }
  });

  it("met no error on the way", () => {
    assert.deepEqual(clients.mishaps, []);
    assert.ok(sockets.every((socket) => socket.connected));
  });
});
