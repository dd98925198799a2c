// SPDX-License-Identifier: MIT
// Many of one thing: what they hold must be bounded while they last, and given back when they are
// gone; who was there before them is served all the time.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, describe, it } from "node:test";
import { eventually } from "../support/wait.js";
import { ask, get, polling, upgrade } from "./bytes.js";
import { Process } from "./process.js";
import { checkGone, Victim } from "./victim.js";

const MiB = 2 ** 20;
const sidOf = (answer) => JSON.parse(answer.body.slice(1)).sid;
const repeat = (n, make) => Promise.all(Array.from({ length: n }, (_, i) => make(i)));

let victim, worker;

async function start(options) {
  victim = await Victim.start(options);
  worker = new Process(victim.server.workerPids()[0]);
}

async function sessions() {
  const connection = await victim.connect();
  const { body } = await connection.get("/sessions");
  connection.close();
  return JSON.parse(body).count;
}

const onlyTheWatcher = () =>
  eventually("all sessions gone", async () => (await sessions()) === 1, 20000);

// `n` handshakes over a few kept connections, as the sids.
async function handshakes(n) {
  const connections = await repeat(10, () => victim.connect());
  const sids = [];
  for (const connection of connections) {
    connection.socket.write(get(polling).repeat(n / 10));
  }
  for (const connection of connections) {
    for (let i = 0; i < n / 10; i++) sids.push(sidOf(await connection.response()));
    connection.close();
  }
  return sids;
}

describe("floods", { timeout: 120000 }, () => {
  before(() => start({}));
  after(() => victim?.stop());

  it("H41 500 pipelined errors are answered one by one", async () => {
    const connection = await victim.connect();
    connection.socket.write(get("/socket.io/?EIO=4&transport=foo").repeat(500));
    for (let i = 0; i < 500; i++) assert.equal((await connection.response()).status, 400);
    connection.close();
    await victim.watcher.echo();
  });

  it("H41 reading stops when nothing is read from it", async (t) => {
    const before = worker.memory(), held = worker.holds();
    const connection = await victim.connect();
    connection.socket.pause();
    connection.socket.write(get("/socket.io/socket.io.js").repeat(400000));
    let left, last;
    do { // the kernel's buffers fill up first
      last = left;
      for (let i = 0; i < 50; i++) await victim.watcher.echo();
      left = connection.socket.writableLength - connection.socket.bytesWritten;
    } while (left !== last);
    assert.ok(connection.socket.writableLength > 0, "the server has stopped reading");
    t.diagnostic(`before: ${held}; 400000 requests written: ${worker.holds()}`);
    assert.ok(worker.memory() - before < 16 * MiB, `${worker.memory() - before} bytes more`);
    connection.close();
    await victim.watcher.echo();
  });

  it("P20 1000 octet-stream bodies leave no descriptor behind", async (t) => {
    await onlyTheWatcher();
    const base = worker.descriptors(), held = worker.holds();
    const post = async (sid) => {
      const connection = await victim.connect();
      connection.socket.write(ask("POST", `${polling}&sid=${sid}`, [
        "Content-Type: application/octet-stream", "Content-Length: 3"], "\x01\x02\x03"));
      assert.equal((await connection.response()).status, 400);
      await connection.end();
    };
    for (let i = 0; i < 10; i++) await Promise.all((await handshakes(100)).map(post));
    await worker.descriptorsBackTo(base);
    await onlyTheWatcher();
    t.diagnostic(`before: ${held}; after: ${worker.holds()}`);
    await victim.watcher.echo();
  });

  it("TM5 500 idle connections hold nobody up", async (t) => {
    const base = worker.descriptors(), held = worker.holds();
    const connections = await repeat(500, () => victim.connect());
    await eventually("500 accepted", () => worker.descriptors() >= base + 500);
    const memory = worker.memory(), crowded = worker.holds();
    await victim.watcher.echo();
    for (const connection of connections) connection.close();
    await worker.descriptorsBackTo(base);
    t.diagnostic(`before: ${held}; with them: ${crowded}; after: ${worker.holds()}`);
    assert.ok(worker.memory() <= memory + MiB);
    await victim.watcher.echo();
  });

  it("FD1 out of descriptors: those who are there are served", async () => {
    await onlyTheWatcher();
    const soon = await victim.connect();
    await soon.get("/");
    const limit = worker.descriptors() + 40;
    const [, usual] = /^Max open files +(\d+)/m.exec(worker.read("limits"));
    const limitTo = (n) => execFileSync("prlimit", ["--pid", worker.pid, `--nofile=${n}:`]);
    limitTo(limit);
    const cpu = worker.cpu();
    const connections = await repeat(150, () => victim.connect());
    await eventually("the limit", () => worker.descriptors() >= limit);
    for (let i = 0; i < 200; i++) await victim.watcher.echo();
    assert.equal((await soon.get("/")).body, "GET 0");
    assert.ok(worker.cpu() - cpu < 500, `${worker.cpu() - cpu} ms of processor time`);
    for (const connection of connections) connection.close();
    const late = await victim.connect();
    assert.equal((await late.get("/")).body, "GET 0", "it recovers");
    await victim.server.said(/accept: Too many open files/);
    const lines = victim.server.output.match(/accept: Too many open files/g);
    assert.equal(lines.length, 1, victim.server.output);
    limitTo(usual);
    soon.close();
    late.close();
  });
});

// Sessions die young here, so that abandoned ones can be waited for.
describe("what is abandoned", { timeout: 120000 }, () => {
  before(() => start({ ping_interval: 1, ping_timeout: 0.5, upgrade_timeout: 0.5 }));
  after(() => victim?.stop());

  it("TM6 a session that never polls ends by its heartbeat", async () => {
    const session = await victim.session("TM6");
    assert.deepEqual(await victim.watcher.until("TM6", "left"), [["left", "ping timeout", null]]);
    await checkGone(session);
    session.own.close();
  });

  it("X6 6000 abandoned handshakes give their memory back", async (t) => {
    await handshakes(6000);
    await onlyTheWatcher();
    const base = worker.memory(), descriptors = worker.descriptors();
    t.diagnostic(`after the first 6000: ${worker.holds()}`);
    for (let wave = 0; wave < 2; wave++) {
      await handshakes(6000);
      await victim.watcher.echo();
      await onlyTheWatcher();
    }
    t.diagnostic(`after 12000 more: ${worker.holds()}`);
    assert.ok(worker.memory() - base < 4 * MiB, `${worker.memory() - base} bytes more`);
    await worker.descriptorsBackTo(descriptors);
  });

  it("2000 upgrades without a probe are closed by the server", async (t) => {
    const base = worker.descriptors(), held = worker.holds();
    const connections = [];
    for (let i = 0; i < 20; i++) {
      for (const sid of await handshakes(100)) {
        const connection = await victim.connect();
        connection.socket.write(upgrade(`/socket.io/?EIO=4&transport=websocket&sid=${sid}`));
        connections.push(connection);
      }
    }
    const crowded = worker.holds();
    for (const connection of connections) {
      assert.equal((await connection.response()).status, 101);
      while (connection.received.length === 0) await connection.more();
      assert.deepEqual([...connection.received], [0x88, 0], "a close frame");
      connection.close();
    }
    await worker.descriptorsBackTo(base);
    await onlyTheWatcher();
    t.diagnostic(`before: ${held}; with them: ${crowded}; after: ${worker.holds()}`);
    await victim.watcher.echo();
  });
});

describe("max_connections", { timeout: 30000 }, () => {
  before(() => start({ max_connections: 20 }));
  after(() => victim?.stop());

  it("answers 503 beyond it and serves the others", async () => {
    const taken = [];
    let turnedAway;
    while (!turnedAway) {
      const connection = await victim.connect();
      connection.socket.write(get("/"));
      const { status } = await connection.response();
      if (status === 503) turnedAway = connection;
      else taken.push(connection);
    }
    await turnedAway.end();
    assert.ok(taken.length === 20 || taken.length === 19, `${taken.length} were served`);
    await victim.server.said(/max_connections \(20\) reached/);
    await victim.watcher.echo();
    taken.pop().close();
    await eventually("room for the next", async () => {
      const next = await victim.connect();
      const { status } = await next.get("/");
      next.close();
      return status === 200;
    });
  });
});
