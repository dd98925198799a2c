// SPDX-License-Identifier: MIT
// What the server's processes hold: their own memory (shared pages are bounded by the journal's
// size, and would be counted once per worker) and open descriptors.

import { readdirSync, readFileSync } from "node:fs";

function kilobytes(pid) {
  return Number(/^RssAnon:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
}

// Sums; who ends meanwhile counts for nothing.
export function takeVitals(pids) {
  const sum = { rss: 0, fds: 0 };
  for (const pid of pids) {
    try {
      sum.rss += kilobytes(pid);
      sum.fds += readdirSync(`/proc/${pid}/fd`).length;
    } catch {
      // it has ended
    }
  }
  return sum;
}

export function openDescriptors(pid) {
  return readdirSync(`/proc/${pid}/fd`).length;
}

export function descriptorLimit(pid) {
  return Number(/^Max open files\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/limits`, "utf8"))[1]);
}
