// SPDX-License-Identifier: MIT
// The figures of each run stay in build/bench/runs/; the last three are laid side by side, because
// a figure that another run does not confirm is worth little.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { mainMetric, OURS } from "./judge.mjs";
import { built } from "./servers.mjs";
import { ratios, show, summary } from "./stats.mjs";

const folder = `${built}/runs`;
const COMPARED = 3;
const EIGHT = `${OURS} x8`; // workers, where it is the workers that are measured

export function keep(run) {
  mkdirSync(folder, { recursive: true });
  const kept = { machine: run.machine, rounds: run.rounds, whole: run.whole, results: run.results };
  writeFileSync(`${folder}/${run.machine.date.replace(/[ :]/g, "-")}.json`, JSON.stringify(kept));
}

// Whole runs only, oldest first.
export function lastRuns(count = COMPARED) {
  mkdirSync(folder, { recursive: true });
  const names = readdirSync(folder).filter((name) => name.endsWith(".json"));
  const runs = names.sort().map((name) => JSON.parse(readFileSync(`${folder}/${name}`, "utf8")));
  return runs.filter((run) => run.whole).slice(-count);
}

// Each median lies between the least and the most that every other run saw.
export function agree(lists) {
  const found = lists.map(summary).filter(Boolean);
  return found.every((one) =>
    found.every((other) => one.median >= other.least && one.median <= other.most),
  );
}

// What can be compared between runs: what ours takes of node-ws's figure, round by round; where
// node-ws does not run, the figure itself, and the machine's noise with it.
function compared(work, results) {
  const figures = results[work.name]?.figures[mainMetric(work)];
  const [ours, node] = [figures?.[OURS] ?? figures?.[EIGHT], figures?.["node-ws"]];
  return ours && node ? ratios(ours, node) : ours;
}

export function comparison(run) {
  const runs = run.before ?? lastRuns();
  if (runs.length < 2) return `There is ${["no", "only one"][runs.length]} whole run to look at.`;
  const dates = runs.map(({ machine }) => `${machine.date}, ${machine.commit.slice(0, 8)}`);
  const cell = (found) =>
    found ? `${show(found.median)} (${show(found.least)}–${show(found.most)})` : "–";
  const rows = [];
  for (const work of run.works) {
    const lists = runs.map(({ results }) => compared(work, results));
    if (lists.filter((list) => summary(list)).length < 2) continue;
    const unit = work.servers.includes("node-ws") ? "of node-ws" : work.metrics[mainMetric(work)];
    const cells = lists.map((list) => cell(summary(list)));
    rows.push(`| ${[work.title, unit, ...cells, agree(lists) ? "yes" : "**no**"].join(" | ")} |`);
  }
  const disagree = rows.filter((row) => row.endsWith("**no** |")).length;
  return `The last ${runs.length} whole runs, ${OURS}, median (least–most). ${
    disagree === 0
      ? "They agree: each median lies within the spread of the others."
      : `In ${disagree} of ${rows.length} works a median lies outside the spread of another run.`
  }

| work | | ${dates.join(" | ")} | agree |
|${"---|".repeat(dates.length + 3)}
${rows.join("\n")}`;
}
