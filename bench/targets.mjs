// SPDX-License-Identifier: MIT
// What sio-lua is to reach, as data; judge.mjs decides. A limit is a number of its own (`most`), or
// so many times what another server needs for the same work, or another work needs for the same.

const times = (most, server) => ({ most, server }); // "best": of the peers that completed
const timesWork = (most, work) => ({ most, work });
const atMost = (most, unit) => ({ most, unit });

const KIB = 1024;

function across(inflight, most) {
  return [2, 4, 8].map((workers) => ({
    title: `extra CPU per broadcast and worker, ${workers} workers, ${inflight} in flight`,
    work: `across-${inflight}`,
    metric: "extra_us",
    server: `sio-lua x${workers}`,
    limits: [atMost(most, "µs"), times(0.15, `node-cluster x${workers}`)],
  }));
}

export const targets = [
  { work: "broadcast-1k", limits: [times(1.2, "floor"), times(0.5, "node-ws"), times(0.8, "bun")] },
  { work: "broadcast-1k-8", limits: [times(1.3, "floor-batch"), times(0.2, "node-ws")] },
  { work: "broadcast-10k", limits: [times(1.2, "floor-batch"), times(0.8, "bun")] },
  { work: "broadcast-10k-rooms", limits: [times(1.2, "floor-batch"), times(0.8, "bun")] },
  { work: "ack-1k", limits: [times(1.6, "floor-batch"), times(0.6, "best")] },
  // 2.2 µs where the floor takes 0.8: machines differ, the ratio is kept.
  { work: "ack-100x8", limits: [times(2.75, "floor-batch"), times(0.5, "best")] },
  { work: "polling", limits: [times(0.4, "best")] },
  { work: "connect", limits: [times(2.5, "floor"), times(0.33, "best")] },
  {
    title: "memory, minimal headers, handlers of the namespace",
    work: "idle-minimal",
    server: "sio-lua-ns",
    limits: [atMost(1.25 * KIB, "bytes")],
  },
  {
    title: "memory, minimal headers, a closure of each socket",
    work: "idle-minimal",
    server: "sio-lua-one",
    limits: [atMost(2 * KIB, "bytes"), times(0.2, "best")],
  },
  {
    title: "memory, a browser's headers, handlers of the namespace",
    work: "idle-browser",
    server: "sio-lua-ns",
    limits: [atMost(2 * KIB, "bytes")],
  },
  {
    title: "memory, a browser's headers, a closure of each socket",
    work: "idle-browser",
    server: "sio-lua-one",
    limits: [atMost(2.75 * KIB, "bytes")],
  },
  {
    title: "emit with ack at 5,000/s, CPU",
    work: "ack-rate",
    limits: [times(1.3, "floor"), times(0.75, "best")],
  },
  {
    title: "emit with ack at 5,000/s, latency p50",
    work: "ack-rate",
    metric: "p50",
    limits: [times(1.1, "floor")],
  },
  ...across(1, 6),
  ...across(8, 1),
  {
    title: "TLS echo",
    work: "ack-100-tls",
    limits: [timesWork(1.6, "ack-100"), times(0.6, "best")],
  },
  {
    title: "a room join or leave among 100k rooms",
    work: "join-100k",
    limits: [timesWork(1.5, "join-1k")],
  },
  {
    title: "a recovery from a log of 100k packets",
    work: "recover-100k",
    limits: [timesWork(1.5, "recover-1k")],
  },
];
