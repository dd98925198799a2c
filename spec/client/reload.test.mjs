// SPDX-License-Identifier: MIT
// A rolling reload under load: official clients over polling, WebSocket and both, numbers for all
// of them all the time, and somebody who knocks. Nothing is refused, nothing is lost, nothing comes
// twice, and everybody is who it was; over TLS as well, where connections stay at the worker that
// accepted them: a request that is relayed ends with that worker, which its client calls an error.
// RELOAD=full (make reload): without TLS, with 200 clients and 500 numbers a second.

import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { after, describe, it } from "node:test";
import { certificateFolder } from "../support/certificate.js";
import { request } from "../support/http.js";
import { startServer } from "../support/server.js";
import { eventually } from "../support/wait.js";

const full = process.env.RELOAD === "full";
const small = { clients: 36, perSecond: 100, workers: 2, drain: 2, crowds: 1 };
const large = { clients: 200, perSecond: 500, workers: 4, drain: 8, crowds: 4 };
const batchMs = 20;
const limitMs = full ? 180000 : 60000;

// It trusts whom this process trusts.
function helper(name, url, ...args) {
  const file = fileURLToPath(new URL(`../support/${name}.mjs`, import.meta.url));
  const trusts = url.startsWith("https:") ? { TLS_DIR: certificateFolder() } : {};
  return fork(file, [url, ...args.map(String)], { env: { ...process.env, ...trusts } });
}

async function told(child) {
  const [message] = await once(child, "message");
  return message;
}

// Has numbers sent to everybody until it is stopped; answers the last of them.
function produce(url, perSecond) {
  const perBatch = (perSecond * batchMs) / 1000;
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
      const due = began + (producer.last / perSecond) * 1000;
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

const runs = [
  { over: "", load: full ? large : small, tls: false, bearable: /^$/ },
  {
    ...{ over: " over TLS", load: small, tls: true },
    bearable: /^(polling|upgrade) error: xhr (poll|post) error$/,
  },
];

for (const { over, load, tls, bearable } of runs) {
  describe(`a rolling reload${over}`, { timeout: limitMs }, () => {
    const children = [];
    let server, producer;
    after(async () => {
      if (producer) producer.stopped = true;
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
      const { workers, drain } = load;
      server = await startServer("reload", { workers, drain, tls });
      const crowds = await crowd();
      const knocker = helper("knocker", server.url);
      children.push(knocker);
      producer = produce(server.url, load.perSecond);
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
      const mishaps = all.flatMap((one) => one.mishaps);
      assert.deepEqual(mishaps.filter((said) => !bearable.test(said)), []);
      assert.equal(reports.length, load.clients);
      for (const report of reports) check(report, producer.last, old);
      const { last: numbers, seconds } = producer;
      console.log(`# ${JSON.stringify({ numbers, seconds, knocks, reasons: sum(reports) })}`);
    });
  });
}
