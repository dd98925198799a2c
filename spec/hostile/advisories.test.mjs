// SPDX-License-Identifier: MIT
// Published weaknesses (advisories.rows.js): after each input everybody else is served and the
// worker has not grown. Nothing that a client wrote reaches the log as it is.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { rootFile } from "../support/server.js";
import { advisories } from "./advisories.rows.js";
import { Process } from "./process.js";
import { Victim } from "./victim.js";

const growth = 16 * 2 ** 20;

describe("advisories", { timeout: 120000 }, () => {
  let victim;
  before(async () => {
    victim = await Victim.start();
    const [pid] = victim.server.workerPids();
    const worker = new Process(pid);
    const base = worker.memory();
    victim.checkMemory = () => {
      const more = worker.memory() - base;
      assert.ok(more < growth, `${more} bytes more than before`);
      assert.deepEqual(victim.server.workerPids(), [pid], "the worker lives");
    };
  });
  after(() => victim?.stop());

  for (const row of advisories) {
    if (row.why) continue;
    it(row.id, async () => {
      for (const [file, words] of row.covered ?? []) {
        assert.ok(readFileSync(rootFile(file), "utf8").includes(words), `${words} in ${file}`);
      }
      if (row.covered) return;
      await victim.run(row);
      victim.checkMemory();
    });
  }

  it("the log has only printable characters", () => {
    assert.doesNotMatch(victim.server.output, /[^\n\t\x20-\x7e\u00a0-\uffff]/);
  });
});

describe("advisories, with allow_eio3", { timeout: 30000 }, () => {
  let victim;
  before(async () => (victim = await Victim.start({ allow_eio3: true })));
  after(() => victim?.stop());

  for (const row of advisories.filter(({ bothVersions }) => bothVersions)) {
    it(row.id, () => victim.run(row));
  }
});
