// SPDX-License-Identifier: MIT
// A thundering herd: thousands of WebSocket clients who connect at once are all served, while those
// who are there already do not notice. HERD=10000 has the full number and asserts the figures of
// docs/RESULTS.md, for which the machine must be otherwise idle.

import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { after, before, describe, it } from "node:test";
import { Clients } from "../support/clients.js";
import { spread } from "../support/placement.js";
import { startServer } from "../support/server.js";

const full = process.env.HERD !== undefined;
const herd = Number(process.env.HERD ?? 2000);
const limits = full ? { seconds: 15, p99Ms: 200, rssMb: 100 } : { seconds: 40, p99Ms: 2000 };
const halves = 2; // processes that the herd comes from

const program = fileURLToPath(new URL("../support/herd.js", import.meta.url));

const rssAnonMb = (pid) =>
  Number(/^RssAnon:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) / 1024;

describe(`a herd of ${herd} on two workers`, { timeout: 120000 }, () => {
  let server, clients, watcher;
  const processes = [];

  before(async () => {
    server = await startServer("topology", { workers: 2 });
    clients = new Clients(server.url);
    watcher = await clients.connect("websocket");
  });
  after(async () => {
    for (const each of processes) each.kill("SIGKILL");
    clients?.close();
    await server?.stop();
  });

  // How long somebody who is there waits for answers until `until` has come, in order.
  async function waits(until) {
    const times = [];
    let going = true;
    until.finally(() => (going = false));
    while (going) {
      const asked = performance.now();
      await watcher.emitWithAck("who");
      times.push(performance.now() - asked);
    }
    return times.sort((a, b) => a - b);
  }

  it("is served, all of it, and nobody else has to wait for that", async () => {
    for (let i = 0; i < halves; i++) {
      processes.push(fork(program, [String(server.port), String(herd / halves)]));
    }
    const all = Promise.all(processes.map((each) => once(each, "message")));
    const times = await waits(all);
    const told = (await all).map(([message]) => message);
    assert.deepEqual(told.flatMap(({ failed }) => failed), []);
    const counts = spread(told.flatMap(({ sids }) => sids));
    const seconds = Math.max(...told.map((each) => each.seconds));
    const p99 = times[Math.floor(times.length * 0.99)];
    const rss = server.workerPids().map(rssAnonMb);
    console.log(`${herd} clients in ${seconds.toFixed(2)} s, ${counts.join(" and ")}; p99 of ` +
      `another ${p99.toFixed(0)} ms; RssAnon ${rss.map((mb) => mb.toFixed(0)).join(" and ")} MB`);
    assert.equal(counts[0] + counts[1], herd);
    assert.ok(counts[0] <= 1.3 * counts[1], `${counts}`);
    assert.ok(seconds < limits.seconds, `${seconds} s`);
    assert.ok(p99 < limits.p99Ms, `${p99} ms`);
    if (full) assert.ok(rss[0] + rss[1] < limits.rssMb, `${rss}`);
  });
});
