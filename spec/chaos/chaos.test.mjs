// SPDX-License-Identifier: MIT
// Twenty seconds of chaos for every change, with a seed of the minute that is printed (SEED=n has
// it again), and the proof that the checker can fail: one delivery of the same history is made
// wrong, in each of the ways there are.

import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { mkdirSync } from "node:fs";
import { rootFile } from "../support/server.js";
import { check } from "./checker.mjs";
import { injure, injuries } from "./injury.mjs";
import { shortProfile } from "./profiles.mjs";
import { Random } from "./random.mjs";
import { save } from "./recorder.mjs";
import { report } from "./report.mjs";
import { run } from "./run.mjs";

const seed = process.env.SEED || String(Math.floor(Date.now() / 60000) % 1000000);
const patience = 10; // promised times are the full run's to keep
const each = 5; // of every injury

describe(`chaos, seed ${seed}`, { timeout: 120000 }, () => {
  let lines, result;
  before(async () => {
    lines = await run(shortProfile(), new Random(seed));
    result = check(lines);
  });

  it("breaks no invariant", (t) => {
    const { text, sound } = report(lines, result, patience);
    if (!sound) {
      const file = rootFile(`build/chaos/${seed}.jsonl`);
      mkdirSync(rootFile("build/chaos"), { recursive: true });
      save(lines, file);
      assert.fail(`${text}\nhistory: ${file}`);
    }
    for (const line of text.split("\n")) t.diagnostic(line);
  });

  it("delivers, and recovers everybody who was cut off", () => {
    const { counts } = result;
    assert.ok(counts.acknowledged > counts.sent * 0.9, JSON.stringify(counts));
    assert.ok(counts.delivered > counts.sent, JSON.stringify(counts));
    assert.ok(counts.recovered > 0, JSON.stringify(counts));
    assert.equal(counts.refused, 0);
  });

  for (const [kind, invariant] of Object.entries(injuries)) {
    it(`is found broken by "${kind}"`, () => {
      for (let n = 1; n <= each; n++) {
        const injured = injure(lines, kind, new Random(`${seed}/${n}`));
        assert.ok(injured, "the history has a place for it");
        const { violations } = check(injured);
        assert.deepEqual([...new Set(violations.map((v) => v.invariant))], [invariant],
          JSON.stringify(violations.slice(0, 3)));
      }
    });
  }
});
