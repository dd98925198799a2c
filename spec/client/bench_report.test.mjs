// SPDX-License-Identifier: MIT
// What the bench makes of figures: quartiles, verdicts, yardstick, pictures, the README's table.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { addExtra, bestPeer, judge } from "../../bench/judge.mjs";
import { plot, step } from "../../bench/plot.mjs";
import { replaceBlock } from "../../bench/publish.mjs";
import { comparison, lastLine, results, yardstickText } from "../../bench/report.mjs";
import { agree } from "../../bench/runs.mjs";
import { servers } from "../../bench/servers.mjs";
import { quantile, ratios, show, summary } from "../../bench/stats.mjs";
import { targets } from "../../bench/targets.mjs";
import { roundsOf, works } from "../../bench/works.mjs";

const result = (figures, failures = {}) => ({ figures: { us_per_unit: figures }, failures });
const ack1k = works.find((work) => work.name === "ack-1k");

function runOf(found, more) {
  const machine = { date: "2026-01-02 03:04", commit: "abcdef012345", versions: ["Lua 5.4"] };
  const plan = { whole: false, rounds: 5, works: [ack1k], missing: {}, leftOut: {} };
  return { ...plan, machine, results: found, ...more };
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

  it("measure the time that they judge in five rounds or more, and that of what they name", () => {
    for (const { work, limits, server = "sio-lua" } of targets) {
      const found = works.find(({ name }) => name === work);
      assert.ok(found.servers.includes(server), `${work} without ${server}`);
      if (found.memory) continue;
      for (const name of [server, ...limits.map((limit) => limit.server)]) {
        if (!found.servers.includes(name)) continue;
        assert.ok(roundsOf(found, name, 5) >= 5, `${work}, ${name}`);
      }
    }
  });

  it("have the works of a group together", () => {
    const seen = works.map(({ group }) => group).filter((group, i, all) => group !== all[i - 1]);
    const named = seen.filter(Boolean);
    assert.equal(new Set(named).size, named.length);
  });
});

describe("the report", () => {
  const holding = { "sio-lua": [10], "node-ws": [24.7], floor: [7.3], "floor-batch": [5.7] };

  const counts = (work, figures) => {
    const text = yardstickText(runOf({ [work]: result(figures) }));
    const [verdict] = text.match(/the table counts|\*\*does not count\*\*: 1 of 1 rows/);
    return verdict === "the table counts";
  };

  it("says whether the yardstick holds: within a quarter, where both floors are one", () => {
    assert.equal(counts("ack-1k", holding), true);
    for (const [factor, holds] of [
      [0.74, false],
      [0.76, true],
      [1.24, true],
      [1.26, false],
    ]) {
      const mean = ((7.3 + 5.7) / 2) * factor;
      const floors = { floor: [mean], "floor-batch": [mean] };
      assert.equal(counts("ack-1k", { "node-ws": [24.7], ...floors }), holds);
    }
    // Their rounds are one list, and its median is between 5.7 and 9.
    assert.equal(counts("ack-1k", { ...holding, floor: [9] }), true);
    assert.equal(counts("ack-1k", { ...holding, floor: [11] }), false);
  });

  it("asks floor alone where several broadcasts are in flight", () => {
    const figures = { "node-ws": [9.6], floor: [4.8], "floor-batch": [4.8] };
    assert.equal(counts("broadcast-1k-8", figures), true);
    assert.equal(counts("broadcast-1k-8", { ...figures, floor: [7.2] }), false);
  });

  it("asks the floor's CPU time only, of works with a target", () => {
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
    assert.match(text, /go: failed twice: one lost/);
  });

  const spread = (least, median, most) => summary([least, median, most]);

  it("lets runs agree if each median lies within the other's rounds, or near its median", () => {
    assert.equal(agree([spread(1, 2, 3), spread(2, 3, 4)]), true);
    assert.equal(agree([spread(1, 2, 3), spread(2.5, 3.5, 4)]), false);
    assert.equal(agree([spread(1, 2, 5), spread(3, 4, 5)]), false); // 2 is not in the second
    assert.equal(agree([summary([1000]), summary([1049])]), true);
    assert.equal(agree([summary([1000]), summary([1060])]), false);
    assert.equal(agree([spread(1, 2, 3), undefined]), false);
  });

  it("lays whole runs side by side, target by target", () => {
    const runs = [10, 11, 30].map((us) =>
      runOf({ "ack-1k": result({ "sio-lua": [us], "floor-batch": [10], go: [40] }) }),
    );
    const text = comparison({ runs: runs.slice(0, 2), others: 1 });
    assert.match(text, /^0 of \d+ targets agree in both runs; \d+ have the same verdict\.$/m);
    assert.match(text, /not compared: 1\./);
    const rows = comparison({ runs }).match(/^\| emit with ack, 1k clients.*$/gm);
    assert.deepEqual(rows, [
      "| emit with ack, 1k clients | <= 1.6 x floor-batch | 1.00 (1.00–1.00), met " +
        "| 1.10 (1.10–1.10), met | 3.00 (3.00–3.00), **not met** | **no** |",
      "| emit with ack, 1k clients | <= 0.6 x best peer | 0.25 (0.25–0.25) of go, met " +
        "| 0.28 (0.28–0.28) of go, met | 0.75 (0.75–0.75) of go, **not met** | **no** |",
    ]);
    assert.match(comparison({ runs: [] }), /is no whole run/);
    assert.match(comparison({ runs: [runs[0]] }), /is only one whole run/);
  });

  it("says why a work was left out", () => {
    const leftOut = { "idle-100k-minimal": "0.1 GB of memory are free" };
    const text = results(runOf({}, { whole: true, works: [], leftOut }));
    assert.match(text, /100k.*\| not measured: 0\.1 GB of memory are free \| \*\*not met\*\* \|/);
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
