// SPDX-License-Identifier: MIT
// What the server promises in milliseconds, measured from a history: from the fault to the
// supervisor's own words about it.

import { msBetween } from "./recorder.mjs";

const settledMs = 1000;

const promises = {
  "kill a worker": [
    { what: "a killed worker was replaced after", limitMs: 200, find: replaced },
  ],
  "stop a worker": [
    { what: "a stopped worker was suspect after", limitMs: 1500, find: said("does not answer") },
    { what: "a stopped worker was killed after", limitMs: 2500,
      find: said("has not answered for too long") },
  ],
};

// The first words about a process behind `from`, as the words and their time.
function said(words) {
  return (logs, { pid, t }) => logs.find((line) =>
    line.t >= t && line.text.includes(`pid ${pid}`) && line.text.includes(words));
}

// The end of a process names its worker's number, the replacement's first words as well.
function replaced(logs, fault) {
  const end = said("was killed by signal 9")(logs, fault);
  const [, number] = /worker (\d+) \(pid/.exec(end?.text) ?? [];
  return number && logs.find((line) =>
    line.t >= end.t && line.text.includes(`worker ${number} is ready`));
}

// Who was gone before its fault has nothing to show, and who has just started is started again
// later, by design.
function wasThere(logs, { pid, t }) {
  const words = logs.filter((line) => line.t < t && line.text.includes(`pid ${pid}`));
  return !words.some((line) => /was killed|exited/.test(line.text) ||
    (line.text.includes("is ready") && line.t > t - settledMs));
}

// Where two faults overlap a worker may be on its way out already, and nobody's suspect.
function isAlone(faults, at) {
  const before = faults[at - 1];
  const after = faults[at + 1];
  return before?.phase !== "begin" && after?.phase !== "begin";
}

function msSince(fault, log) {
  return log.at === undefined ? Math.round(log.t - fault.t) : msBetween(fault.at, log.at);
}

// [{ what, ms, limitMs, kept }], each with its longest time. `patience` multiplies the limits.
export function timings(lines, patience = 1) {
  const logs = lines.filter(({ op }) => op === "log");
  const faults = lines.filter(({ op }) => op === "fault");
  const longest = new Map();
  for (const [at, fault] of faults.entries()) {
    if (fault.phase !== "begin" || !promises[fault.name]) continue;
    if (!isAlone(faults, at) || !wasThere(logs, fault)) continue;
    for (const { what, limitMs, find } of promises[fault.name]) {
      const found = find(logs, fault);
      const ms = found ? msSince(fault, found) : Infinity;
      if (ms <= (longest.get(what)?.ms ?? -1)) continue;
      longest.set(what, { what, ms, limitMs: limitMs * patience, kept: ms <= limitMs * patience });
    }
  }
  return [...longest.values()];
}
