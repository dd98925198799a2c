// SPDX-License-Identifier: MIT
// Holds figures against limits. `results` has for each work { figures: { metric: { server: [one a
// round] } }, failures: { server: [reason] } }; see rounds.mjs.
import { isPeer } from "./servers.mjs";
import { median, ratios, summary } from "./stats.mjs";

export const OURS = "sio-lua";
const CPU = "us_per_unit";

export function mainMetric(work) {
  return Object.keys(work.metrics)[0];
}

// The Socket.IO server that needs least, of those that completed every round.
export function bestPeer(result, metric) {
  const figures = result?.figures[metric] ?? {};
  const complete = Object.keys(figures).filter(
    (name) => isPeer(name) && !result.failures[name] && median(figures[name]) !== undefined,
  );
  return complete.sort((a, b) => median(figures[a]) - median(figures[b]))[0];
}

function reference(results, target, limit, metric, server) {
  if (limit.work) return { name: limit.work, list: results[limit.work]?.figures[metric]?.[server] };
  const result = results[target.work];
  const name = limit.server === "best" ? bestPeer(result, metric) : limit.server;
  return { name, list: result?.figures[metric]?.[name] };
}

// `measured` is undefined for what was not measured, and then nothing is met.
export function judge(results, target, limit) {
  const result = results[target.work];
  const server = target.server ?? OURS;
  const metric = target.metric ?? (result?.figures.bytes ? "bytes" : CPU);
  const ours = result?.figures[metric]?.[server] ?? [];
  let measured;
  let against;
  if (limit.unit) {
    measured = summary(ours);
  } else {
    const { name, list } = reference(results, target, limit, metric, server);
    against = name;
    if (list) measured = summary(ratios(ours, list));
  }
  const whole = !result?.failures[server];
  return {
    measured,
    against,
    met: whole && measured !== undefined && measured.lower <= limit.most,
  };
}

// What the workers add to a broadcast: all processes' CPU time with W of them, less that of one for
// the same deliveries, for each of the others. The one's is its median: in a difference, one bad
// round of what is taken off would look like a good one of the rest.
export function addExtra(result) {
  const found = result.figures.us_per_message;
  if (!found) return;
  const extra = {};
  for (const [name, list] of Object.entries(found)) {
    const [, family, workers] = name.match(/^(.*) x(\d+)$/);
    const alone = median(found[`${family} x1`]);
    if (workers === "1" || alone === undefined) continue;
    extra[name] = list.map((value) => (value - alone) / (workers - 1));
  }
  result.figures.extra_us = extra;
}
