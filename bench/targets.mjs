// SPDX-License-Identifier: MIT
// What sio-lua is to reach, as data; judge.mjs decides. A limit is a number of its own (`most`), or
// so many times what another server needs for the same work, or another work needs for the same.

const times = (most, server) => ({ most, server }); // "best": of the peers that completed
const timesWork = (most, work) => ({ most, work });
const atMost = (most, unit) => ({ most, unit });

const KIB = 1024;

// One process and six workers, handlers of the namespace and one closure of each socket.
function memory(headers, whose, namespace, closure) {
  const best = headers === "minimal" ? [times(0.2, "best")] : [];
  const one = (work, server, title, kib, more = []) => ({
    title: `memory, ${title}`,
    work,
    server,
    limits: [atMost(kib * KIB, "bytes"), ...more],
  });
  const [ns, each] = ["handlers of the namespace", "a closure of each socket"];
  const many = "100k connections over 6 workers";
  return [
    one(`idle-${headers}`, "sio-lua-ns", `${whose}, ${ns}`, namespace),
    one(`idle-${headers}`, "sio-lua-one", `${whose}, ${each}`, closure, best),
    one(`idle-100k-${headers}`, "sio-lua-ns x6", `${many}, ${whose}, ${ns}`, namespace),
    one(`idle-100k-${headers}`, "sio-lua-one x6", `${many}, ${whose}, ${each}`, closure),
  ];
}

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
  ...memory("minimal", "minimal headers", 1.25, 2),
  ...memory("browser", "a browser's headers", 2, 2.75),
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
