// SPDX-License-Identifier: MIT
// Where a server listens: several addresses at once, Unix sockets, descriptors that it inherits,
// under the supervisor and under plain Lua.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import http from "node:http";
import os from "node:os";
import path from "node:path";
import { io } from "socket.io-client";
import { freePort, request } from "../support/http.js";
import { eventually, nextEvent } from "../support/wait.js";
import {
  appFile, childrenOf, preload, rootFile, startServer, workerCounts,
} from "../support/server.js";

const luaEnv = {
  LUA_PATH: `${rootFile("lua/?.lua")};${rootFile("lua/?/init.lua")};;`,
  LUA_CPATH: `${rootFile("lua/?.so")};;`,
};
const activate = (addresses) => [
  "env",
  ...Object.entries(luaEnv).map(([name, value]) => `${name}=${value}`),
  "lua5.4",
  rootFile("spec/support/activate.lua"),
  addresses,
];

let folder;
before(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), "sio-"))));
after(() => fs.rmSync(folder, { recursive: true }));

let names = 0;
const freshPath = () => path.join(folder, `s${names++}`);

// A GET over a Unix socket.
function ask(socketPath, route, headers = {}) {
  return new Promise((resolve, reject) => {
    const req = http.request({ socketPath, path: route, headers, agent: false }, (res) => {
      let body = "";
      res.on("data", (chunk) => (body += chunk));
      res.on("end", () => resolve({ status: res.statusCode, body }));
    });
    req.on("error", reject);
    req.end();
  });
}

const hasIPv6 = Object.values(os.networkInterfaces())
  .flat()
  .some(({ address }) => address === "::1");

const originAt = async (url) => JSON.parse((await request(`${url}/origin`)).body);
const originOn = async (socketPath) => JSON.parse((await ask(socketPath, "/origin")).body);

async function fails(options, pattern) {
  await assert.rejects(startServer("origin", options), (error) => {
    assert.match(error.message, /status 3 before its banner/);
    assert.match(error.message, pattern);
    return true;
  });
}

for (const workers of workerCounts(1, 2)) {
  describe(`listening, ${workers} worker(s)`, { timeout: 60000 }, () => {
    it("on what the app says: several addresses", async () => {
      const unix = freshPath();
      const third = hasIPv6 ? "::1" : "127.0.0.1";
      const LISTEN = `127.0.0.1:0,unix:${unix},${hasIPv6 ? "[::1]" : third}:0`;
      const server = await startServer("origin", { workers, bind: [], env: { LISTEN } });
      assert.equal(server.urls.length, 3);
      assert.match(server.urls[0], /^http:\/\/127\.0\.0\.1:\d+$/);
      assert.equal(server.urls[1], `unix:${unix}`);
      assert.equal(new URL(server.urls[2]).hostname, hasIPv6 ? "[::1]" : third);
      const pids = new Set();
      await eventually("every worker answered on every address", async () => {
        for (const [i, seen] of [
          await originAt(server.urls[0]),
          await originOn(unix),
          await originAt(server.urls[2]),
        ].entries()) {
          assert.equal(seen.address, ["127.0.0.1", "", third][i]);
          pids.add(`${i} ${seen.pid}`);
        }
        return pids.size === 3 * workers;
      });
      await server.stop();
      assert.ok(!fs.existsSync(unix), "the socket file is gone");
    });

    it("on what --bind says, not the app", async () => {
      const unix = freshPath();
      const bind = [`unix:${unix}`, "127.0.0.1:0"];
      const env = { LISTEN: "192.0.2.1:1" };
      const server = await startServer("origin", { workers, bind, env });
      assert.equal(server.urls.length, 2);
      assert.equal((await originOn(unix)).address, "");
      const socket = io(server.url, { forceNew: true, reconnection: false });
      await nextEvent(socket, "connect");
      assert.equal((await socket.timeout(5000).emitWithAck("origin")).address, "127.0.0.1");
      socket.close();
      await server.stop();
    });

    it("--port changes the first TCP address of several", async () => {
      const unix = freshPath();
      const env = { LISTEN: `unix:${unix},127.0.0.1:1` };
      const server = await startServer("origin", { workers, env });
      assert.notEqual(server.port, 1);
      assert.equal(server.urls[0], `unix:${unix}`);
      assert.equal((await originAt(server.url)).address, "127.0.0.1");
      await server.stop();
    });

    it("on a socket file that a killed server left, not on one that lives", async () => {
      const unix = freshPath();
      const bind = [`unix:${unix}`];
      const first = await startServer("origin", { workers, bind });
      await fails({ workers, bind }, /cannot listen on unix:\S+: somebody listens on it/);
      assert.equal((await ask(unix, "/origin")).status, 200);
      const pids = [first.pid, ...first.workerPids()];
      for (const pid of pids) process.kill(pid, "SIGKILL");
      await first.exited;
      await eventually("nobody answers", () =>
        ask(unix, "/origin").then(() => false, (error) => error.code === "ECONNREFUSED"),
      );
      const second = await startServer("origin", { workers, bind });
      assert.equal((await ask(unix, "/origin")).status, 200);
      await second.stop();
      fs.writeFileSync(unix, "precious");
      await fails({ workers, bind }, /there is a file that is no socket/);
      assert.equal(fs.readFileSync(unix, "utf8"), "precious");
    });

    it("trusts a proxy on a Unix socket", async () => {
      const unix = freshPath();
      const env = { TRUST_PROXY: "unix" };
      const server = await startServer("origin", { workers, bind: [`unix:${unix}`], env });
      const headers = { "X-Forwarded-For": "192.0.2.7" };
      const { body } = await ask(unix, "/origin", headers);
      assert.equal(JSON.parse(body).address, "192.0.2.7");
      await server.stop();
    });

    it("on an inherited descriptor", async () => {
      const wrap = activate("127.0.0.1:0");
      const server = await startServer("origin", { workers, bind: ["fd:3"], wrap });
      assert.equal((await originAt(server.url)).address, "127.0.0.1");
      await server.stop();
    });

    it("on the sockets that systemd has opened, unless told otherwise", async () => {
      const unix = freshPath();
      const wrap = activate(`127.0.0.1:0 unix:${unix}`);
      const env = { LISTEN: "192.0.2.1:1" };
      const server = await startServer("origin", { workers, bind: [], wrap, env });
      assert.deepEqual(server.urls, [server.url, `unix:${unix}`]);
      assert.equal((await originAt(server.url)).address, "127.0.0.1");
      assert.equal((await originOn(unix)).address, "");
      await server.stop();
      const other = await startServer("origin", { workers, bind: ["127.0.0.1:0"], wrap });
      assert.equal(other.urls.length, 1);
      await other.stop();
    });

    it("keeps what systemd has opened through a reload and scaling", async () => {
      const wrap = activate("127.0.0.1:0");
      const server = await startServer("origin", { workers, bind: [], wrap });
      const before = childrenOf(server.pid);
      assert.equal(before.length, workers);
      process.kill(server.pid, "SIGHUP");
      const isNew = () => {
        const now = childrenOf(server.pid);
        return now.length === workers && now.every((pid) => !before.includes(pid));
      };
      // No request fails meanwhile.
      do await originAt(server.url);
      while (!isNew());
      process.kill(server.pid, "SIGTTIN");
      await eventually("one more", () => childrenOf(server.pid).length === workers + 1);
      await originAt(server.url);
      process.kill(server.pid, "SIGTTOU");
      await eventually("one less", () => childrenOf(server.pid).length === workers);
      await originAt(server.url);
      await server.stop();
    });

    it("refuses descriptors that are no listening sockets", async () => {
      await fails({ workers, bind: ["fd:1"] }, /cannot listen on fd:1: it is no listening stream/);
      await fails({ workers, bind: ["fd:99"] }, /cannot listen on fd:99: /);
    });
  });
}

const hasSystemd = spawnSync("systemd-socket-activate", ["--version"]).status === 0;

describe("systemd-socket-activate", { timeout: 60000, skip: !hasSystemd }, () => {
  it("starts it when the first client comes", async () => {
    const port = await freePort();
    const names = ["LD_PRELOAD", "ASAN_OPTIONS", "UBSAN_OPTIONS", "SIO_LOG_FORMAT"];
    const kept = names.flatMap((name) => ["-E", name]);
    const wrap = ["systemd-socket-activate", ...kept, "-l", `127.0.0.1:${port}`];
    const starting = startServer("origin", { bind: [], workers: 2, wrap });
    const url = `http://127.0.0.1:${port}`;
    const first = await eventually("an answer", () => originAt(url).catch(() => null));
    assert.equal(first.address, "127.0.0.1");
    const server = await starting;
    assert.equal(server.port, port);
    await server.stop();
  });
});

describe("plain Lua", { timeout: 60000 }, () => {
  async function run(args, env) {
    const all = { ...process.env, ...preload, ...luaEnv, ...env };
    const child = spawn(args[0], args.slice(1), { env: all });
    let output = "";
    child.stderr.on("data", (data) => (output += data));
    const exited = once(child, "close");
    const urls = await eventually("a banner", () =>
      /^sio-lua \S+ ((?: \S+:\S+ )+) 1 worker/m.exec(output),
    );
    const stop = async () => {
      child.kill("SIGINT");
      assert.deepEqual((await exited)[0], 0, output);
    };
    return { urls: urls[1].trim().split(/ +/), stop };
  }

  it("listens on several addresses and removes its socket file", async () => {
    const unix = freshPath();
    const LISTEN = `127.0.0.1:0,unix:${unix}`;
    const { urls, stop } = await run(["lua5.4", appFile("origin")], { LISTEN });
    assert.equal((await originAt(urls[0])).address, "127.0.0.1");
    assert.equal((await originOn(unix)).address, "");
    await stop();
    assert.ok(!fs.existsSync(unix), "the socket file is gone");
  });

  it("listens on what systemd has opened", async () => {
    const unix = freshPath();
    const args = [...activate(`unix:${unix}`), "lua5.4", appFile("origin")];
    const child = spawn(args[0], args.slice(1), { env: { ...process.env, ...preload, ...luaEnv } });
    const exited = once(child, "close");
    const pid = await eventually("an answer", () =>
      originOn(unix).then((seen) => seen.pid, () => null),
    );
    process.kill(pid, "SIGTERM");
    assert.equal((await exited)[0], 0);
  });
});
