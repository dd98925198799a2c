// SPDX-License-Identifier: MIT
// Is this machine, and is this bench, one on which the targets were set? They were set beside the
// figures below: one run on two cores, Debian 12, Node 20.20.2, five rounds, the server on core 0.
// What a floor needs of what node-ws needs is compared with what it was there, and must lie within
// a quarter of it.
//
// The two floors make the same system calls unless several broadcasts are in flight: an answer is
// a write, and so is a broadcast's part for each connection, in both. So they are one server that
// was measured twice, in the reference as well, where what differs (7.3 and 5.7 µs for the same
// acknowledgements) is noise; of two measurements the mean is compared. With broadcasts in flight
// they are two servers, and `floor` is asked: how many of its messages floor-batch puts together
// depends on how the two processes meet.
//
// CPU time decides, for works with a target. The others are shown: a latency depends on what else
// the machine does, and the floor's memory per connection is hardly more than nothing.
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

const IN_FLIGHT = "broadcast-1k-8";

// What is compared: the servers' names, and their figures in the reference.
function floors(work, floor, batch) {
  const both = { floor, ...(batch && { "floor-batch": batch }) };
  return work === IN_FLIGHT ? Object.entries(both).map(([name, was]) => ({ [name]: was })) : [both];
}

function row(results, [work, metric, node], reference) {
  const found = results[work]?.figures[metric] ?? {};
  const names = Object.keys(reference).filter((name) => found[name]?.length > 0);
  const is = median(names.flatMap((name) => ratios(found[name], found["node-ws"] ?? [])));
  if (is === undefined) return undefined;
  const was = names.reduce((sum, name) => sum + reference[name], 0) / names.length / node;
  const judged = targets.some((target) => target.work === work);
  return {
    work,
    metric,
    servers: names.join(", "),
    was,
    is,
    holds: Math.abs(is / was - 1) <= TOLERANCE,
    decides: judged && metric === "us_per_unit" && names.includes("floor"),
  };
}

// A row for each work whose floors were measured: was, is, whether that is near enough, and whether
// it decides.
export function yardstick(results) {
  return figures
    .flatMap((line) => floors(line[0], line[3], line[4]).map((floor) => row(results, line, floor)))
    .filter(Boolean);
}
