// SPDX-License-Identifier: MIT
// What the bench makes of figures: quartiles, verdicts, yardstick, pictures, the README's table.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { addExtra, bestPeer, judge } from "../../bench/judge.mjs";
import { plot, step } from "../../bench/plot.mjs";
import { replaceBlock } from "../../bench/publish.mjs";
import { lastLine, results, yardstickText } from "../../bench/report.mjs";
import { agree, comparison } from "../../bench/runs.mjs";
import { servers } from "../../bench/servers.mjs";
import { quantile, ratios, show, summary } from "../../bench/stats.mjs";
import { targets } from "../../bench/targets.mjs";
import { roundsOf, works } from "../../bench/works.mjs";

const result = (figures, failures = {}) => ({ figures: { us_per_unit: figures }, failures });
const ack1k = works.find((work) => work.name === "ack-1k");

function runOf(found, more) {
  const machine = { date: "2026-01-02 03:04", commit: "abcdef012345", versions: ["Lua 5.4"] };
  return { whole: false, rounds: 5, works: [ack1k], missing: {}, machine, results: found, ...more };
}

describe("figures", () => {
  it("quartiles lie between the nearest figures", () => {
    assert.equal(quantile([4, 1, 3, 2], 0.25), 1.75);
    assert.equal(quantile([5, 1, 4, 2, 3], 0.25), 2);
    assert.equal(quantile([7], 0.25), 7);
    assert.equal(quantile([], 0.5), undefined);
  });

  it("rounds that did not complete are left out", () => {
    assert.deepEqual(ratios([2, 4, undefined, 6], [1, null, 3, 3]), [2, 2]);
    assert.equal(summary([undefined, 3, 1]).rounds, 2);
    assert.equal(summary([undefined]), undefined);
  });

  it("are printed with the digits that count", () => {
    assert.deepEqual([0.123, 12.34, 123.4, 15218].map(show), ["0.12", "12.3", "123", "15,218"]);
    assert.equal(show(undefined), "–");
  });
});

describe("a target", () => {
  const target = { work: "ack-1k", limits: [] };
  const figures = { "sio-lua": [5, 6, 7, 8, 9], floor: [5, 5, 5, 5, 5] };

  it("is met if the lower quartile of the rounds' ratios meets it, at the limit too", () => {
    const found = { "ack-1k": result(figures) };
    assert.equal(judge(found, target, { most: 1.2, server: "floor" }).met, true);
    assert.equal(judge(found, target, { most: 1.19, server: "floor" }).met, false);
    assert.equal(judge(found, target, { most: 6, unit: "µs" }).met, true);
    assert.equal(judge(found, target, { most: 5.9, unit: "µs" }).met, false);
  });

  it("is not met by what was not measured, nor when a round of ours failed", () => {
    assert.equal(judge({}, target, { most: 1e9, unit: "µs" }).met, false);
    assert.equal(judge({}, target, { most: 1e9, server: "best" }).met, false);
    const found = { "ack-1k": result(figures, { "sio-lua": ["lost"] }) };
    assert.equal(judge(found, target, { most: 9, server: "floor" }).met, false);
  });

  it("compares with the best of the peers that completed", () => {
    const peers = { "sio-lua": [2], "node-ws": [9], bun: [4], go: [3], floor: [1] };
    assert.equal(bestPeer(result(peers), "us_per_unit"), "go");
    const found = result(peers, { go: ["one message twice"] });
    assert.equal(bestPeer(found, "us_per_unit"), "bun");
    const verdict = judge({ "ack-1k": found }, target, { most: 0.5, server: "best" });
    assert.deepEqual([verdict.against, verdict.met], ["bun", true]);
  });

  it("may be another work of the same server", () => {
    const found = { "ack-1k": result({ "sio-lua": [3] }), plain: result({ "sio-lua": [2] }) };
    assert.equal(judge(found, target, { most: 1.5, work: "plain" }).met, true);
    assert.equal(judge(found, target, { most: 1.4, work: "plain" }).met, false);
  });

  it("knows what each further worker adds to a broadcast", () => {
    const found = { figures: { us_per_message: { "a x1": [40, 10, 9], "a x4": [40, 16] } } };
    addExtra(found);
    assert.deepEqual(found.figures.extra_us, { "a x4": [10, 2] });
  });
});

describe("the lists", () => {
  const names = new Set(works.map((work) => work.name));

  it("name works and servers that exist", () => {
    for (const { work, limits, server = "sio-lua" } of targets) {
      assert.ok(names.has(work), work);
      assert.ok(servers[server], server);
      for (const limit of limits) {
        if (limit.work) assert.ok(names.has(limit.work), limit.work);
        if (limit.server && limit.server !== "best") assert.ok(servers[limit.server], limit.server);
        assert.equal(Number(Boolean(limit.work)) + !!limit.server + !!limit.unit, 1);
      }
    }
    for (const work of works) for (const name of work.servers) assert.ok(servers[name], name);
  });

  it("measure what they judge in five rounds", () => {
    for (const { work, server = "sio-lua" } of targets) {
      const found = works.find(({ name }) => name === work);
      assert.ok(found.servers.includes(server), `${work} without ${server}`);
      assert.equal(roundsOf(found, server, 5), 5);
    }
  });
});

describe("the report", () => {
  const holding = { "sio-lua": [10], "node-ws": [24.7], floor: [7.3], "floor-batch": [5.7] };

  it("says whether the yardstick holds", () => {
    assert.match(yardstickText(runOf({ "ack-1k": result(holding) })), /the table counts/);
    const off = { ...holding, floor: [7.3 * 1.3] };
    const text = yardstickText(runOf({ "ack-1k": result(off) }));
    assert.match(text, /\*\*does not count\*\*: 1 of 1 rows/);
  });

  it("asks the floor's CPU time only, of works with a target", () => {
    const batch = { ...holding, "floor-batch": [57] };
    assert.match(yardstickText(runOf({ "ack-1k": result(batch) })), /the table counts/);
    const memory = { figures: { bytes: { "node-ws": [15000], floor: [9000] } }, failures: {} };
    const off = { ...holding, floor: [70] };
    const found = { "idle-minimal": memory, "ack-10k": result(off) };
    assert.match(yardstickText(runOf(found)), /^Not decided/);
  });

  it("ends with the count of all targets, those not measured included", () => {
    const part = runOf({ "ack-1k": result({ ...holding, bun: [20] }) });
    assert.match(results(part), /\ntargets: 1 met, 1 not met\n$/);
    const all = targets.reduce((sum, { limits }) => sum + limits.length, 0);
    const [, met, not] = lastLine({ ...part, whole: true }).match(/(\d+) met, (\d+) not met/);
    assert.deepEqual([Number(met), Number(met) + Number(not)], [1, all]);
  });

  it("names the peers that did not run, and those that answered wrongly", () => {
    const found = { "ack-1k": result({ ...holding, go: [] }, { go: ["one lost", "two lost"] }) };
    const text = results(runOf(found, { missing: { python: "python3: not found" } }));
    assert.match(text, /\| python \|.*\| python3: not found \|/);
    assert.match(text, /go: 2 rounds failed, the first: one lost/);
  });

  it("lays whole runs side by side", () => {
    assert.equal(
      agree([
        [1, 2, 3],
        [2, 3, 4],
      ]),
      true,
    );
    assert.equal(
      agree([
        [1, 2, 3],
        [3, 4, 5],
      ]),
      false,
    );
    const before = [
      [1, 2, 3],
      [7, 8, 9],
    ].map((list) => runOf({ "ack-1k": result({ "sio-lua": list }) }));
    assert.match(comparison(runOf({}, { before })), /outside the spread[^]*\*\*no\*\* \|$/);
    assert.match(comparison(runOf({}, { before: [] })), /is no whole run/);
    assert.match(comparison(runOf({}, { before: [before[0]] })), /is only one whole run/);
  });

  it("compares what runs took of node-ws's figure, not the machine's speed", () => {
    const before = [1, 2, 3].map((speed) => {
      const figures = { "sio-lua": [speed, 1.2 * speed], "node-ws": [4 * speed, 4 * speed] };
      return runOf({ "ack-1k": result(figures) });
    });
    const text = comparison(runOf({}, { before }));
    assert.match(text, /They agree[^]*\| of node-ws \|( 0\.28 \(0\.25–0\.30\) \|){3} yes \|$/);
  });

  it("replaces the README's table between its two lines", () => {
    const text = "a\n<!-- bench: x -->\n\nold\n\n<!-- /bench -->\nb\n";
    assert.equal(
      replaceBlock(text, "$1 new"),
      text.replace("old", () => "$1 new"),
    );
  });
});

describe("a picture", () => {
  const svg = plot("a < b & c", "µs", { "sio-lua": [1, 2, 3], floor: [1], "node-ws": [] });

  it("has a bar for each server with figures, least first", () => {
    assert.deepEqual(svg.match(/<rect class="\w+"/g), [
      '<rect class="floor"',
      '<rect class="ours"',
    ]);
  });

  it("is well-formed: what opens closes, in order, and text is escaped", () => {
    const open = [];
    for (const [, end, name, rest] of svg.matchAll(/<(\/?)(\w+)([^<>]*)>/g)) {
      if (end) assert.equal(open.pop(), name);
      else if (!rest.endsWith("/")) open.push(name);
    }
    assert.deepEqual(open, []);
    assert.ok(svg.includes("a &lt; b &amp; c") && !/&(?!amp;|lt;|gt;|quot;)/.test(svg));
    assert.ok(!/NaN|undefined|Infinity/.test(svg));
  });

  it("has a handful of ticks at round numbers", () => {
    assert.deepEqual([1522, 17.3, 0.8, 5].map(step), [500, 5, 0.2, 1]);
  });
});
