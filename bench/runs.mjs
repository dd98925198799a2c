// SPDX-License-Identifier: MIT
// The figures of each run stay in build/bench/runs/; the last three are laid side by side, because
// a figure that another run does not confirm is worth little. Only runs of the same works and
// targets can be compared.
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { judge } from "./judge.mjs";
import { built } from "./servers.mjs";
import { targets } from "./targets.mjs";
import { works } from "./works.mjs";

const folder = `${built}/runs`;
const COMPARED = 3;
const NEAR = 0.05; // memory has hardly a spread

const lists = JSON.stringify([works, targets]);
export const fingerprint = createHash("sha256").update(lists).digest("hex").slice(0, 12);

export function keep({ machine, rounds, whole, results }) {
  mkdirSync(folder, { recursive: true });
  const kept = { fingerprint, machine, rounds, whole, results };
  writeFileSync(`${folder}/${machine.date.replace(/[ :]/g, "-")}.json`, JSON.stringify(kept));
}

// The last whole runs, oldest first, and how many there are that measured or asked something else.
export function lastRuns() {
  mkdirSync(folder, { recursive: true });
  const names = readdirSync(folder).filter((name) => name.endsWith(".json"));
  const all = names.sort().map((name) => JSON.parse(readFileSync(`${folder}/${name}`, "utf8")));
  const whole = all.filter((run) => run.whole);
  const same = whole.filter((run) => run.fingerprint === fingerprint);
  return { runs: same.slice(-COMPARED), others: whole.length - same.length };
}

// Each median lies between the least and the most that every other run saw, or is near its median.
export function agree(summaries) {
  const isNear = (one, other) =>
    (one.median >= other.least && one.median <= other.most) ||
    Math.abs(one.median - other.median) <= NEAR * Math.abs(other.median);
  return summaries.every((one) => one && summaries.every((other) => other && isNear(one, other)));
}

// For each limit of each target: what was measured in each run, and what that says.
export function compare(runs) {
  return targets.flatMap((target) =>
    target.limits.map((limit) => {
      const verdicts = runs.map(({ results }) => judge(results, target, limit));
      return {
        target,
        limit,
        verdicts,
        agrees: agree(verdicts.map(({ measured }) => measured)),
        isSame: verdicts.every(({ met }) => met === verdicts[0].met),
      };
    }),
  );
}
