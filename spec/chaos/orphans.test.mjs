// SPDX-License-Identifier: MIT
// The supervisor is killed under load: its workers close what they have, within the drain time, and
// leave no process behind. Nobody is there to come back to, so this is no fault of the other runs.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isAlive } from "../support/server.js";
import { eventually } from "../support/wait.js";
import { shortProfile } from "./profiles.mjs";
import { Random } from "./random.mjs";
import { Run } from "./run.mjs";

const limitMs = 20000; // ten seconds for hooks and clients, and as many for a busy machine

describe("the supervisor is killed", { timeout: 60000 }, () => {
  it("and its workers leave, with all their clients told", async () => {
    const run = new Run(shortProfile({ consumers: 12, workers: 3 }), new Random("orphans"));
    try {
      await run.start();
      await run.connect();
      run.startLoad();
      const { lines } = run.recorder;
      await eventually("load", () => lines.filter(({ op }) => op === "recv").length > 100);
      const workers = run.workerPids();
      assert.equal(workers.length, 3);
      process.kill(run.server.pid, "SIGKILL");
      await eventually("no worker left", () => !workers.some(isAlive), limitMs);
      await eventually("no client left", () => !run.everybody.some((p) => p.connected));
    } finally {
      await run.stop().catch(() => {}); // a killed supervisor has no status
    }
  });
});
