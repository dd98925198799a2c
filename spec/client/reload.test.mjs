// SPDX-License-Identifier: MIT
// A rolling reload under load: official clients over polling, WebSocket and both, numbers for all
// of them all the time, and somebody who knocks. Nothing is refused, nothing is lost, nothing comes
// twice, and everybody is who it was. RELOAD=full (make reload): with 200 clients and 500 numbers a
// second.

import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { after, describe, it } from "node:test";
import { request } from "../support/http.js";
import { startServer } from "../support/server.js";
import { eventually } from "../support/wait.js";

const full = process.env.RELOAD === "full";
const load = full
  ? { clients: 200, perSecond: 500, workers: 4, drain: 8, crowds: 4 }
  : { clients: 36, perSecond: 100, workers: 2, drain: 2, crowds: 1 };
const batchMs = 20;
const limitMs = full ? 180000 : 60000;

const helper = (name, ...args) =>
  fork(fileURLToPath(new URL(`../support/${name}.mjs`, import.meta.url)), args.map(String));

async function told(child) {
  const [message] = await once(child, "message");
  return message;
}

// Has numbers sent to everybody until it is stopped; answers the last of them.
function produce(url) {
  const perBatch = (load.perSecond * batchMs) / 1000;
  const producer = { last: 0, failures: [] };
  const began = Date.now();
  producer.done = (async () => {
    while (!producer.stopped) {
      const first = producer.last + 1;
      producer.last += perBatch;
      const body = JSON.stringify({ first, last: producer.last });
      const headers = { "Content-Type": "application/json" };
      await request(`${url}/publish`, { method: "POST", body, headers }).then(
        ({ status }) => status === 200 || producer.failures.push(`publish: ${status}`),
        (error) => producer.failures.push(`publish: ${error.message}`),
      );
      const due = began + (producer.last / load.perSecond) * 1000;
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - Date.now())));
    }
    producer.seconds = (Date.now() - began) / 1000;
  })();
  return producer;
}

function sum(reports) {
  const reasons = {};
  for (const report of reports) {
    for (const [reason, n] of Object.entries(report.reasons)) {
      reasons[reason] = (reasons[reason] ?? 0) + n;
    }
  }
  return reasons;
}

function check(report, last, old) {
  const { name, got, lost, again, fresh, is } = report;
  const found = JSON.stringify(report);
  const expected = { got: last, lost: 0, again: 0, fresh: 0 };
  assert.deepEqual({ got, lost, again, fresh }, expected, found);
  assert.ok(report.connects > 1, found); // it was moved
  assert.ok(!old.includes(is.pid), found);
  assert.equal(is.name, name, found);
  assert.ok(is.rooms.includes(`of ${name}`), found);
}

describe("a rolling reload", { timeout: limitMs }, () => {
  const children = [];
  let server;
  after(async () => {
    for (const child of children) child.kill("SIGKILL");
    await server?.stop();
  });

  async function crowd() {
    const each = load.clients / load.crowds;
    const crowds = Array.from({ length: load.crowds }, (_, i) =>
      helper("crowd", server.url, i * each + 1, each),
    );
    children.push(...crowds);
    for (const child of crowds) assert.equal(await told(child), "ready");
    return crowds;
  }

  async function replaceAll() {
    const before = server.workerPids();
    process.kill(server.pid, "SIGHUP");
    await server.whole(...before);
    return before;
  }

  it("refuses nobody and loses nothing", async () => {
    server = await startServer("reload", { workers: load.workers, drain: load.drain });
    const crowds = await crowd();
    const knocker = helper("knocker", server.url);
    children.push(knocker);
    const producer = produce(server.url);
    await eventually("numbers", () => producer.last > load.perSecond);
    const old = await replaceAll();
    const { last } = producer;
    await eventually("more numbers", () => producer.last > last + load.perSecond);
    producer.stopped = true;
    await producer.done;
    knocker.send("stop");
    const knocks = await told(knocker);
    const all = await Promise.all(
      crowds.map((child) => {
        child.send({ last: producer.last });
        return told(child);
      }),
    );
    const reports = all.flatMap((one) => one.reports);

    assert.deepEqual(knocks.failures, []);
    assert.deepEqual(producer.failures, []);
    assert.deepEqual(all.flatMap((one) => one.mishaps), []);
    assert.equal(reports.length, load.clients);
    for (const report of reports) check(report, producer.last, old);
    const { last: numbers, seconds } = producer;
    console.log(`# ${JSON.stringify({ numbers, seconds, knocks, reasons: sum(reports) })}`);
  });
});
