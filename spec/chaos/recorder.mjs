// SPDX-License-Identifier: MIT
// The history of a run: one line for each thing that was done, said or seen, in one order, with
// monotonic milliseconds. What the lines are is told in checker.mjs. With an injury between the
// clients and the history the run must be found broken (injury.mjs).

import { readFileSync, writeFileSync } from "node:fs";
import { performance } from "node:perf_hooks";

export class Recorder {
  constructor(injury) {
    this.lines = [];
    this.injury = injury;
    this.from = performance.now();
  }

  now() {
    return performance.now() - this.from;
  }

  note(op, fields) {
    const line = { t: Math.round(this.now() * 100) / 100, op, ...fields };
    if (this.injury) this.lines.push(...this.injury.pass(line));
    else this.lines.push(line);
    return line;
  }
}

const hourMs = 3600000;

// The wall clock's milliseconds within the hour, which is the same hour in every zone but a few.
// Our own loop may be late to hear of a line that the server has written; its stamp is not.
export const wallClock = () => Date.now() % hourMs;

export function stampOf(text) {
  const [, minute, second, ms] = /\d\d:(\d\d):(\d\d)\.(\d{3})/.exec(text) ?? [];
  return minute && Number(minute) * 60000 + Number(second) * 1000 + Number(ms);
}

export const msBetween = (from, to) => (to - from + hourMs) % hourMs;

export function save(lines, file) {
  writeFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
}

export function load(file) {
  return readFileSync(file, "utf8").split("\n").filter(Boolean).map((text) => JSON.parse(text));
}
