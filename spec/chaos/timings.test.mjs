// SPDX-License-Identifier: MIT
// What is measured of the server's promises, on small histories.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { stampOf } from "./recorder.mjs";
import { timings } from "./timings.mjs";

const log = (t, words) => {
  const text = `21:07:${String(t / 1000 + 10).slice(0, 6).padEnd(6, "0")} info ${words}`;
  return { t: t + 500, op: "log", at: stampOf(text), text }; // we have heard of it late
};
const fault = (t, name, phase, pid) => ({ t, op: "fault", name, phase, at: 430000 + t, pid });
const kill = (t, pid) => fault(t, "kill a worker", "begin", pid);
const over = (t, name = "kill a worker") => fault(t, name, "end");
const killed = (t) => log(t, "worker 2 (pid 5) was killed by signal 9");

describe("promised times", () => {
  it("are taken from the server's stamps", () => {
    const lines = [kill(1125, 5), killed(1130), log(1201, "worker 2 is ready (pid 6)"), over(3000)];
    assert.deepEqual(timings(lines), [
      { what: "a killed worker was replaced after", ms: 76, limitMs: 200, kept: true },
    ]);
  });

  it("are not kept by what is late or does not happen", () => {
    const late = [kill(1125, 5), killed(1130), log(1401, "worker 2 is ready (pid 6)"), over(3000)];
    assert.equal(timings(late)[0].kept, false);
    assert.equal(timings(late, 10)[0].kept, true);
    const never = [kill(1125, 5), killed(1130), log(1201, "worker 3 is ready (pid 6)"), over(3000)];
    assert.deepEqual([timings(never)[0].ms, timings(never, 10)[0].kept], [Infinity, false]);
  });

  it("mean workers that are settled, and have one fault at a time", () => {
    const young = [log(125, "worker 2 is ready (pid 5)"), kill(1125, 5), over(3000)];
    assert.deepEqual(timings(young), []);
    assert.deepEqual(timings([killed(125), kill(1125, 5), over(3000)]), []);
    assert.deepEqual(timings([kill(1125, 5), fault(1126, "reload", "begin"), over(3000)]), []);
  });
});
