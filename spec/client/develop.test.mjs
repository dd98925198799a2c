// SPDX-License-Identifier: MIT
// The developer's commands with an official client: the app that `sio-lua new` makes, and clients
// that come back by themselves when --watch has reloaded an app.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { Clients } from "../support/clients.js";
import { preload, rootFile, startServer } from "../support/server.js";
import { nextEvent } from "../support/wait.js";

describe("an app made by sio-lua new", { timeout: 60000 }, () => {
  let folder, server, clients;

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), "sio-new-"));
    execFileSync(rootFile("bin/sio-lua"), ["new", "app"], {
      cwd: folder,
      env: { ...process.env, ...preload },
    });
    server = await startServer(path.join(folder, "app/app.lua"), { workers: 2 });
    clients = new Clients(server.url);
  });
  after(async () => {
    clients?.close();
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it("serves its page and the client that the page loads", async () => {
    const page = await (await fetch(server.url)).text();
    const [, script] = /<script src="([^"]+)">/.exec(page);
    const answer = await fetch(server.url + script);
    assert.equal(answer.status, 200);
    assert.match(await answer.text(), /Socket\.IO v4/);
  });

  it("sends what one client says to every client", async () => {
    const [a, b] = [await clients.connect(), await clients.connect()];
    const heard = [nextEvent(a, "chat message"), nextEvent(b, "chat message")];
    a.emit("chat message", "hello");
    assert.deepEqual(await Promise.all(heard), [["hello"], ["hello"]]);
    assert.deepEqual(clients.mishaps, []);
  });

  it("has nothing that luacheck would complain about", (t) => {
    const file = path.join(folder, "app/app.lua");
    const found = spawnSync("luacheck", ["--std", "lua54", "--no-config", file]);
    if (found.error?.code === "ENOENT") return t.skip("luacheck is not installed");
    assert.equal(found.status, 0, String(found.stdout));
  });
});

describe("sio-lua --watch", { timeout: 60000 }, () => {
  const app = (answer) => `
    local sio = require "sio"
    local app = sio.server { connection_state_recovery = true }
    app:on("connection", function(socket)
      socket:on("version", function() return "${answer}" end)
    end)
    app:listen(0)`;
  let folder, server, clients;

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), "sio-watch-"));
    writeFileSync(path.join(folder, "app.lua"), app("old"));
    server = await startServer(path.join(folder, "app.lua"), { workers: 2, args: ["--watch"] });
    clients = new Clients(server.url);
  });
  after(async () => {
    clients?.close();
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it("reloads while its clients come back by themselves", async () => {
    const all = [];
    for (const mode of ["polling", "websocket", "upgrade"]) all.push(clients.make(mode));
    await Promise.all(all.map((socket) => nextEvent(socket, "connect")));
    for (const socket of all) assert.equal(await socket.emitWithAck("version"), "old");
    const back = all.map((socket) => nextEvent(socket, "connect"));
    writeFileSync(path.join(folder, "app.lua"), app("new"));
    await Promise.all(back);
    for (const socket of all) {
      let answer;
      do {
        // it may have come back to the worker that is replaced last
        if (!socket.connected) await nextEvent(socket, "connect");
        answer = await socket.timeout(5000).emitWithAck("version").catch(() => "gone");
      } while (answer !== "new");
    }
    await server.said(/app\.lua changed/);
  });
});
