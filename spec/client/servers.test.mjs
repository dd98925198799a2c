// SPDX-License-Identifier: MIT
// Several servers in one process: each has its clients, its rooms and its port; one closes and the
// other goes on; another takes its place.

import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { Clients } from "../support/clients.js";
import { request } from "../support/http.js";
import { startAlone } from "../support/alone.js";
import { startServer, workerCounts } from "../support/server.js";
import { eventually, Inbox, nextEvent } from "../support/wait.js";

const nameOf = async (url) => (await request(`${url}/name`)).body;

for (const workers of workerCounts(1, 4)) {
  describe(`two servers, ${workers} worker(s)`, { timeout: 60000 }, () => {
    let server, publics, admins;

    async function start() {
      server = await startServer("servers", { workers });
      publics = new Clients(server.urls[0]);
      admins = new Clients(server.urls[1]);
    }

    afterEach(async () => {
      publics?.close();
      admins?.close();
      await server?.stop();
    });

    it("answer on their own ports, with their own clients", async () => {
      await start();
      assert.equal(server.urls.length, 2);
      assert.equal(await nameOf(server.urls[0]), "public");
      assert.equal(await nameOf(server.urls[1]), "admin");
      const modes = ["polling", "websocket", "upgrade", "websocket"];
      const seen = new Map([publics, admins].map((clients) => [clients, []]));
      for (const [clients, inboxes] of seen) {
        for (const mode of modes) {
          const socket = await clients.connect(mode);
          inboxes.push(new Inbox(socket, "news", (...args) => args));
        }
      }
      const homes = new Set();
      for (const [clients, name] of [[publics, "public"], [admins, "admin"]]) {
        for (const socket of clients.all) {
          const [said, pid] = await new Promise((resolve) =>
            socket.emit("name", (...answer) => resolve(answer)),
          );
          assert.equal(said, name);
          homes.add(pid);
          socket.emit("tell all", homes.size);
        }
      }
      if (workers > 1) assert.ok(homes.size > 1, "on several workers");
      for (const [clients, name] of [[publics, "public"], [admins, "admin"]]) {
        for (const inbox of seen.get(clients)) {
          const items = await inbox.until(modes.length);
          assert.deepEqual(items.map(([of]) => of), modes.map(() => name));
        }
      }
      assert.deepEqual(publics.mishaps.concat(admins.mishaps), []);
    });

    it("ask their own clients, on all workers", async () => {
      await start();
      for (const clients of [publics, admins]) {
        for (let i = 0; i < 4; i++) {
          const socket = await clients.connect(i % 2 ? "polling" : "websocket");
          socket.on("question", (ack) => ack(`${clients === admins ? "admin" : "public"} ${i}`));
        }
      }
      for (const [clients, name] of [[publics, "public"], [admins, "admin"]]) {
        const asked = await clients.all[1].timeout(8000).emitWithAck("ask all");
        const expected = [0, 1, 2, 3].map((i) => `${name} ${i}`);
        assert.deepEqual(asked.answers.sort(), expected);
        assert.deepEqual([asked.err, asked.count], [undefined, 4]);
      }
    });

    it("the last worker to close one gives up its port, and the other goes on", async () => {
      await start();
      const admin = await admins.connect("websocket");
      const reached = () =>
        nameOf(server.urls[0]).then(() => true, (error) => error.code !== "ECONNREFUSED");
      for (let i = 0; i < workers; i++) {
        const socket = await publics.connect("websocket", { reconnection: false });
        const gone = nextEvent(socket, "disconnect");
        assert.equal(await reached(), true);
        socket.emit("close here");
        assert.equal((await gone)[0], "transport close");
      }
      await eventually("nobody listens", async () => !(await reached()));
      assert.equal(await nameOf(server.urls[1]), "admin");
      const [name] = await new Promise((resolve) => admin.emit("name", (...a) => resolve(a)));
      assert.equal(name, "admin");
      assert.equal(server.workerPids().length, workers);
    });

    if (workers > 1) {
      it("clients of one that closes in their worker recover on another", async () => {
        await start();
        const socket = await publics.connect("websocket");
        const ask = () => new Promise((resolve) => socket.emit("name", (_, pid) => resolve(pid)));
        const home = await ask();
        socket.emit("tell all", 1); // so that it has an offset
        await nextEvent(socket, "news");
        const [gone, back] = [nextEvent(socket, "disconnect"), nextEvent(socket, "connect")];
        socket.emit("close here");
        assert.equal((await gone)[0], "transport close");
        await back;
        assert.equal(socket.recovered, true);
        assert.notEqual(await ask(), home);
      });
    }
  });
}

describe("two servers under plain Lua", { timeout: 60000 }, () => {
  let server, clients, admin;

  afterEach(() => {
    clients?.close();
    admin?.close();
    server?.stop();
  });

  it("one closes, another takes its port, and the last to close ends the process", async () => {
    server = await startAlone("servers", { servers: 2 });
    const [first, second] = server.urls;
    await request(`${first}/port`);
    clients = new Clients(first);
    admin = new Clients(second);
    const watcher = await admin.connect("websocket");
    const socket = await clients.connect("websocket");
    const [gone, closed, again] = [
      nextEvent(socket, "disconnect"),
      nextEvent(watcher, "closed"),
      nextEvent(watcher, "closed again"),
    ];
    await request(`${second}/close`);
    assert.equal((await gone)[0], "transport close");
    await closed;
    await again;
    await assert.rejects(request(`${first}/name`), { code: "ECONNREFUSED" });
    assert.equal((await request(`${second}/reopen`)).body, "listening");
    assert.equal(await nameOf(first), "reopened");
    await eventually("the client is back by itself", () => socket.connected);
    assert.ok(!socket.recovered);
    server.child.kill("SIGTERM");
    assert.deepEqual(await server.exited, [0, null], server.output);
  });

  it("run until both were closed", async () => {
    server = await startAlone("servers", { servers: 2 });
    const [first, second] = server.urls;
    await request(`${second}/close%20me`);
    await eventually("the admin is gone", () =>
      request(`${second}/name`).then(() => false, (error) => error.code === "ECONNREFUSED"),
    );
    assert.equal(await nameOf(first), "public");
    server.child.kill("SIGINT");
    assert.deepEqual(await server.exited, [0, null], server.output);
  });
});
