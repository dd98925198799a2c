// SPDX-License-Identifier: MIT
// Questions to all workers, and what becomes of them when a worker dies or hangs.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Clients } from "../support/clients.js";
import { startServer } from "../support/server.js";
import { eventually, nextEvent } from "../support/wait.js";

for (const workers of [1, 4]) {
  describe(`questions, ${workers} worker(s)`, { timeout: 60000 }, () => {
    let server, clients, sockets, places;

    before(async () => {
      server = await startServer("ask", { workers });
      clients = new Clients(server.url);
      sockets = await Promise.all(Array.from({ length: 8 }, () => clients.connect("websocket")));
      places = await Promise.all(sockets.map((socket) => socket.emitWithAck("whoami")));
      assert.equal(new Set(places.map((place) => place.pid)).size, workers);
      await Promise.all(sockets.map((s, i) => s.emitWithAck("join", [`n${i}`, i < 3 ? "a" : "b"])));
    });
    after(async () => {
      assert.deepEqual(clients?.mishaps, []);
      clients?.close();
      await server?.stop();
    });

    it("counts everybody", async () => {
      assert.deepEqual(await sockets[0].emitWithAck("count", {}), { value: 8 });
    });

    it("counts who is in a room, and who is not in another", async () => {
      assert.deepEqual(await sockets[0].emitWithAck("count", { to: "a" }), { value: 3 });
      assert.deepEqual(await sockets[0].emitWithAck("count", { to: ["a", "n7"] }), { value: 4 });
      const whom = { to: ["a", "b"], except: ["n0", sockets[5].id] };
      assert.deepEqual(await sockets[0].emitWithAck("count", whom), { value: 6 });
      assert.deepEqual(await sockets[0].emitWithAck("count", { to: "nobody" }), { value: 0 });
    });

    it("counts this worker's alone", async () => {
      const here = places.filter((place) => place.pid === places[0].pid).length;
      assert.deepEqual(await sockets[0].emitWithAck("count", { here: true }), { value: here });
    });

    it("lists rooms with their sizes", async () => {
      const all = { a: 3, b: 5 };
      for (let i = 0; i < 8; i++) all[`n${i}`] = 1;
      assert.deepEqual(await sockets[0].emitWithAck("rooms", {}), { value: all });
      const some = { a: 2, n0: 1, n1: 1 };
      const whom = { to: "a", except: "n2" };
      assert.deepEqual(await sockets[0].emitWithAck("rooms", whom), { value: some });
    });
  });
}

describe("questions when a worker fails", { timeout: 60000 }, () => {
  let server, clients, sockets, places;

  before(async () => {
    server = await startServer("ask", { workers: 4 });
    clients = new Clients(server.url);
    sockets = await Promise.all(Array.from({ length: 4 }, () => clients.connect("websocket")));
    places = await Promise.all(sockets.map((socket) => socket.emitWithAck("whoami")));
    assert.equal(new Set(places.map((place) => place.pid)).size, 4);
  });
  after(async () => {
    clients?.close();
    await server?.stop();
  });

  it("end at once when it is killed", async () => {
    process.kill(places[1].pid, "SIGSTOP");
    const answer = sockets[0].emitWithAck("count", { timeout: 60 });
    await sockets[0].emitWithAck("whoami"); // the question is on its way
    const started = nextEvent(sockets[1], "connect", 30000);
    process.kill(places[1].pid, "SIGKILL");
    assert.deepEqual(await answer, { value: 3, err: "missing 1 of 4 workers" });
    await started; // on a worker that is alive
  });

  it("end at their time when it hangs, or once it is suspect", async () => {
    await eventually("four workers", () => server.workerPids().length === 4, 20000);
    process.kill(places[2].pid, "SIGSTOP");
    const short = await sockets[0].emitWithAck("count", { timeout: 0.1 });
    assert.equal(short.err, "timeout");
    const long = await sockets[0].emitWithAck("count", { timeout: 60 });
    assert.match(long.err, /^missing 1 of [34] workers$/);
    process.kill(places[2].pid, "SIGCONT");
    await eventually("a whole answer", async () => {
      const { value, err } = await sockets[0].emitWithAck("count", {});
      return err === undefined && value === 4;
    });
  });
});
