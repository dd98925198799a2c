// SPDX-License-Identifier: MIT
// --metrics: what is counted, that it never goes back, health and readiness, and what a client of
// these pages can do wrong.

import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import net from "node:net";
import { afterEach, describe, it } from "node:test";
import { Clients } from "../support/clients.js";
import { parse, sum } from "../support/prometheus.js";
import { startServer } from "../support/server.js";
import { eventually, nextEvent } from "../support/wait.js";

describe("metrics", { timeout: 60000 }, () => {
  let server, clients, pages;

  async function start(workers, { address = "0", args = [] } = {}) {
    server = await startServer("metrics", { workers, args: ["--metrics", address, ...args] });
    pages = /url=(\S+)\/metrics/.exec(server.output)[1];
    clients = new Clients(server.url);
  }

  const read = async () => parse(await (await fetch(`${pages}/metrics`)).text());

  async function until(what, holds) {
    let families;
    await eventually(what, async () => holds((families = await read())));
    return families;
  }

  afterEach(async () => {
    clients?.close();
    await server?.stop();
  });

  it("count what happens", async () => {
    await start(2);
    const before = await read();
    assert.equal(sum(before, "sio_workers", { state: "ready" }), 2);
    assert.equal(sum(before, "sio_clients"), 0);
    const polling = await clients.connect("polling");
    const websocket = await clients.connect("websocket");
    const upgraded = await clients.connect("upgrade");
    await until("three clients", (m) => sum(m, "sio_clients", { transport: "websocket" }) === 2);
    const got = [polling, websocket, upgraded].map((socket) => nextEvent(socket, "all"));
    for (let i = 0; i < 5; i++) await websocket.emitWithAck("echo", i);
    websocket.emit("tell all");
    await Promise.all(got);
    websocket.emit("fail");
    websocket.emit("ask me");
    await nextEvent(websocket, "late");
    const m = await until("rooms", (all) => sum(all, "sio_rooms") >= 1);
    assert.equal(sum(m, "sio_clients", { transport: "polling" }), 1);
    assert.equal(sum(m, "sio_sockets"), 3);
    assert.equal(sum(m, "sio_connections_total"), 3);
    assert.equal(sum(m, "sio_upgrades_total"), 1);
    assert.equal(sum(m, "sio_events_in_total"), 8);
    assert.equal(sum(m, "sio_broadcasts_total"), 1);
    // to all three, the question, and "late"
    assert.equal(sum(m, "sio_events_out_total"), 5);
    assert.equal(sum(m, "sio_handler_errors_total"), 1);
    assert.equal(sum(m, "sio_ack_timeouts_total"), 1);
    assert.ok(sum(m, "sio_bytes_in_total") > 500);
    assert.ok(sum(m, "sio_bytes_out_total") > 500);
    assert.ok(sum(m, "sio_packets_in_total") >= 11);
    assert.ok(sum(m, "sio_http_requests_total") >= 5);
    for (const family of ["worker_resident_bytes", "worker_open_fds", "loop_lag_seconds"]) {
      const each = m.get(`sio_${family}`).samples;
      assert.deepEqual(each.map((sample) => sample.labels.worker), ["1", "2"]);
    }
    assert.ok(sum(m, "sio_worker_resident_bytes", { worker: "1" }) > 1e6);
    polling.disconnect();
    await until("a namespace left", (all) =>
      sum(all, "sio_disconnects_total", { reason: "client namespace disconnect" }) === 1);
    websocket.io.engine.close();
    await until("a transport closed", (all) =>
      sum(all, "sio_closes_total", { reason: "transport close" }) === 2 &&
      sum(all, "sio_disconnects_total", { reason: "transport close" }) === 1);
    clients.close();
    const gauges = ["clients", "sockets", "rooms", "connections_open", "unsent_bytes"];
    await until("nobody", (all) => gauges.every((gauge) => sum(all, `sio_${gauge}`) === 0));
  });

  it("count what waits for a client that does not read, and its end", async () => {
    await start(1);
    const socket = await clients.connect("websocket", { reconnection: false });
    const stream = socket.io.engine.transport.ws._socket;
    stream.pause();
    socket.emit("flood me", 100, 200000);
    await until("unsent bytes", (m) => sum(m, "sio_unsent_bytes") > 1e6 ||
      sum(m, "sio_slow_readers_total") === 1);
    await until("the slow reader's end", (m) => sum(m, "sio_slow_readers_total") === 1 &&
      sum(m, "sio_closes_total", { reason: "transport error" }) === 1);
    stream.destroy();
    await until("nothing unsent", (m) => sum(m, "sio_unsent_bytes") === 0);
  });

  it("count refused requests by upstream's codes", async () => {
    await start(1);
    const path = `${server.url}/socket.io/?EIO=`;
    await fetch(`${path}4&transport=tcp`);
    await fetch(`${path}4&transport=polling&sid=${"x".repeat(20)}`);
    await fetch(`${path}4&transport=polling`, { method: "POST", body: "x" });
    await fetch(`${path}3&transport=polling`);
    const m = await until("four refusals", (all) => sum(all, "sio_handshake_errors_total") === 4);
    const codes = m.get("sio_handshake_errors_total").samples.map((each) => each.value);
    assert.deepEqual(codes, [1, 1, 1, 0, 0, 1]);
  });

  it("count recoveries, and keep what a killed worker has counted", async () => {
    await start(2);
    const sockets = await Promise.all(
      ["websocket", "websocket", "polling"].map((mode) => clients.connect(mode)),
    );
    for (const socket of sockets) await socket.emitWithAck("echo", 1);
    const counters = (m) => [...m.values()].filter((family) => family.type === "counter");
    const before = await until("three events", (m) => sum(m, "sio_events_in_total") >= 3);
    const victim = (await sockets[0].emitWithAck("whoami")).pid;
    const homes = [];
    for (const socket of sockets) homes.push((await socket.emitWithAck("whoami")).pid);
    const back = sockets.filter((_, i) => homes[i] === victim).map((s) => nextEvent(s, "connect"));
    process.kill(victim, "SIGKILL");
    await Promise.all(back);
    const after = await until("the recoveries", (m) =>
      sum(m, "sio_recoveries_total", { recovered: "yes" }) === back.length &&
      sum(m, "sio_workers", { state: "ready" }) === 2);
    assert.equal(sum(after, "sio_worker_restarts_total", { cause: "signal" }), 1);
    assert.equal(sum(after, "sio_events_in_total"), 3 + 1 + 3);
    assert.equal(sum(after, "sio_clients"), 3);
    for (const family of counters(before)) {
      const now = after.get(family.name);
      for (const { labels, value } of family.samples) {
        assert.ok(sum(after, family.name, labels) >= value, `${now.name} went back`);
      }
    }
  });

  it("say whether it is alive and ready", async () => {
    await start(1);
    const status = async (page) => (await fetch(pages + page)).status;
    assert.equal(await status("/healthz"), 200);
    assert.equal(await status("/readyz"), 200);
    const [pid] = server.workerPids();
    process.kill(pid, "SIGSTOP");
    try {
      await eventually("not ready", async () => (await status("/readyz")) === 503);
      assert.equal(await status("/healthz"), 503);
      const m = await read();
      assert.equal(sum(m, "sio_workers", { state: "suspect" }), 1);
    } finally {
      process.kill(pid, "SIGCONT");
    }
    await eventually("ready again", async () => (await status("/readyz")) === 200);
  });

  it("answer GET and HEAD for what there is, and nothing else", async () => {
    await start(1);
    const ask = async (method, page) => {
      const body = method === "POST" ? "x" : undefined;
      const answer = await fetch(pages + page, { method, body });
      return [answer.status, (await answer.text()).length > 0, answer.headers.get("allow")];
    };
    assert.deepEqual(await ask("HEAD", "/metrics"), [200, false, null]);
    assert.deepEqual(await ask("GET", "/metrics?a=b"), [200, true, null]);
    assert.deepEqual(await ask("POST", "/metrics"), [405, true, "GET, HEAD"]);
    assert.deepEqual(await ask("DELETE", "/healthz"), [405, true, "GET, HEAD"]);
    assert.deepEqual(await ask("GET", "/"), [404, true, null]);
    assert.deepEqual(await ask("GET", "/metrics/"), [404, true, null]);
  });

  it("give one answer for each connection, however many are asked for", async () => {
    await start(1);
    const socket = net.connect(new URL(pages).port, "127.0.0.1");
    socket.write("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n".repeat(1000));
    let text = "";
    socket.on("data", (data) => (text += data)).on("end", () => socket.end());
    await once(socket, "close");
    assert.equal(text.split("HTTP/1.1 200 OK\r\n").length, 2);
    assert.match(text, /^Connection: close\r$/m);
  });

  it("have a limit of connections, and end those that say or read nothing", async () => {
    await start(1);
    const { port } = new URL(pages);
    const many = Array.from({ length: 80 }, () => net.connect(port, "127.0.0.1"));
    const refused = many.map(
      (socket) =>
        new Promise((resolve) => {
          let text = "";
          socket.on("data", (data) => (text += data)).on("error", () => {});
          socket.on("close", () => resolve(text.slice(0, 12)));
        }),
    );
    const first = await Promise.race(refused);
    assert.equal(first, "HTTP/1.1 503");
    const all = await Promise.all(refused); // 408 for the others, after 5 s
    assert.equal(all.filter((text) => text === "HTTP/1.1 503").length, 80 - 64);
    assert.equal((await fetch(`${pages}/healthz`)).status, 200);
  });

  it("end the start with 3 when their address is taken", async () => {
    await start(1);
    const args = ["--metrics", new URL(pages).port];
    await assert.rejects(startServer("metrics", { args }), (error) => {
      assert.match(error.message, /ended with status 3/);
      assert.match(error.message, /^sio-lua: --metrics: cannot listen on 127\.0\.0\.1/m);
      return true;
    });
  });

  it("are on a Unix socket of mode 600, too, and leave no file", async (t) => {
    const { mkdtempSync, statSync, existsSync, rmSync } = await import("node:fs");
    const dir = mkdtempSync("/tmp/sio-metrics-");
    t.after(() => rmSync(dir, { recursive: true }));
    const socketPath = `${dir}/m.sock`;
    server = await startServer("metrics", { args: ["--metrics", `unix:${socketPath}`] });
    assert.equal(statSync(socketPath).mode & 0o777, 0o600);
    const request = http.get({ socketPath, path: "/readyz" });
    const [answer] = await once(request, "response");
    assert.equal(answer.statusCode, 200);
    answer.resume();
    await server.stop();
    assert.equal(existsSync(socketPath), false);
  });
});
