// SPDX-License-Identifier: MIT
// How it ends: SIGINT and SIGTERM with clients connected, a worker that dies, and a second server
// on a port that is taken.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterEach, describe, it } from "node:test";
import { Clients, transports } from "../support/clients.js";
import {
  appFile, isAlive, preload, rootFile, startServer, workerCounts,
} from "../support/server.js";
import { nextEvent } from "../support/wait.js";

describe("the end", { timeout: 60000 }, () => {
  let server, clients;

  async function start(workers) {
    server = await startServer("clients", { workers });
    clients = new Clients(server.url);
    const modes = Object.keys(transports);
    await Promise.all(modes.map((mode) => clients.connect(mode, { reconnection: false })));
  }

  afterEach(async () => {
    clients?.close();
    await server?.stop();
  });

  for (const workers of workerCounts(1, 4)) {
    for (const signal of ["SIGINT", "SIGTERM"]) {
      it(`${signal} closes ${workers} worker(s) and their clients, with status 0`, async () => {
        await start(workers);
        const pids = server.workerPids();
        assert.equal(pids.length, workers);
        const gone = clients.all.map((socket) => nextEvent(socket, "disconnect"));
        await server.stop(signal); // checks the status and that no process is left
        const [polling, ...rest] = (await Promise.all(gone)).map(([reason]) => reason);
        assert.deepEqual(rest, ["transport close", "transport close"]);
        // a poll that was on its way when the port closed is an error
        assert.match(polling, /^transport (close|error)$/);
      });
    }
  }

  it("a signal to the whole group, as a terminal's Ctrl-C sends it, ends as cleanly", async () => {
    await start(2);
    for (const pid of server.workerPids()) process.kill(pid, "SIGINT");
    await server.stop();
  });

  it("a killed worker is replaced, and the others' clients notice nothing", async () => {
    await start(2);
    const homes = new Map();
    for (const socket of clients.all) homes.set(socket, (await socket.emitWithAck("whoami")).pid);
    const [victim, other] = new Set(homes.values());
    assert.ok(other, "three clients on two workers");
    const of = (pid) => clients.all.filter((socket) => homes.get(socket) === pid);
    const gone = of(victim).map((socket) => nextEvent(socket, "disconnect"));
    process.kill(victim, "SIGKILL");
    await Promise.all(gone);
    for (const socket of of(other)) {
      assert.equal((await socket.timeout(5000).emitWithAck("whoami")).pid, other);
    }
    await server.whole(victim);
    const again = await Promise.all(Object.keys(transports).map((mode) => clients.connect(mode)));
    const pids = new Set();
    for (const socket of again) pids.add((await socket.emitWithAck("whoami")).pid);
    assert.ok(!pids.has(victim));
    assert.equal(isAlive(server.pid), true);
  });

  it("a port that is taken is said, with status 3", async () => {
    await start(1);
    const args = [appFile("clients"), "--port", String(server.port), "--workers", "1"];
    const second = spawn(rootFile("bin/sio-lua"), args, {
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, ...preload },
    });
    let said = "";
    second.stderr.setEncoding("utf8").on("data", (data) => (said += data));
    const [code] = await once(second, "close");
    assert.equal(code, 3);
    assert.match(said, new RegExp(`${server.port}`));
    assert.match(said, /in use/i);
  });
});
