// SPDX-License-Identifier: MIT
// Is this machine, and is this bench, one on which the targets were set? They were set beside the
// figures below: one run on two cores, Debian 12, Node 20.20.2, five rounds, the server on core 0.
// What a floor needs of what node-ws needs is compared with what it was there. The floor's CPU time
// decides, for works with a target: it must lie within a quarter. The others are shown: whether
// writes are put together depends on how the two processes meet, a latency on what else the machine
// does, and the floor's memory per connection is hardly more than nothing.
import { median, ratios } from "./stats.mjs";
import { targets } from "./targets.mjs";

const TOLERANCE = 0.25;

// work, metric, node-ws, floor, floor-batch
const figures = [
  ["broadcast-1k", "us_per_unit", 12.9, 5.6, 5.6],
  ["broadcast-1k-8", "us_per_unit", 9.6, 4.8, 1.47],
  ["broadcast-10k", "us_per_unit", 18.2, 6.9, 6.9],
  ["ack-1k", "us_per_unit", 24.7, 7.3, 5.7],
  ["ack-100x8", "us_per_unit", 12.9, 0.79, 0.82],
  ["ack-10k", "us_per_unit", 32.7, 8.5, 8.0],
  ["ack-rate", "us_per_unit", 60, 28, 27],
  ["ack-rate", "p50", 160, 142, 143],
  ["connect", "us_per_unit", 328, 20, 19],
  ["idle-minimal", "bytes", 15218, 86, undefined],
];

// node-uws was measured there and is not here: it is no package of npm.
export const uws = {
  "broadcast-1k": 7.0,
  "broadcast-1k-8": 1.57,
  "broadcast-10k": 9.5,
  "ack-1k": 18.1,
  "ack-100x8": 7.0,
  "ack-10k": 22.3,
  "ack-rate": 58,
  polling: 119,
  connect: 163,
  "idle-minimal": 10360,
};

// One row for each floor and work that was measured: was, is, whether
// that is near enough, and whether it decides.
export function yardstick(results) {
  const rows = [];
  for (const [work, metric, node, floor, batch] of figures) {
    const found = results[work]?.figures[metric];
    for (const [server, figure] of [
      ["floor", floor],
      ["floor-batch", batch],
    ]) {
      if (!figure || !found?.[server] || !found["node-ws"]) continue;
      const was = figure / node;
      const is = median(ratios(found[server], found["node-ws"]));
      if (is === undefined) continue;
      const holds = Math.abs(is / was - 1) <= TOLERANCE;
      const judged = targets.some((target) => target.work === work);
      const decides = judged && server === "floor" && metric === "us_per_unit";
      rows.push({ work, metric, server, was, is, holds, decides });
    }
  }
  return rows;
}
