// SPDX-License-Identifier: MIT
// What a run says at its end: what was done to the server, what was counted, how long the server
// took for what it promises in milliseconds, and the first invariant that was broken with the part
// of the history around it.

import { timings } from "./timings.mjs";

const mostAround = 12; // lines of the history on each side of what went wrong
const mostLogs = 4;

const number = (n) => n.toLocaleString("en");

function tally(names) {
  const counts = new Map();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, n]) => (n > 1 ? `${name} ×${n}` : name)).join(", ");
}

const faultsOf = (lines) =>
  tally(lines.filter(({ op, phase }) => op === "fault" && phase === "begin").map((l) => l.name));

function describeCounts(counts) {
  return [
    ["sent", counts.sent], ["acknowledged", counts.acknowledged], ["failed", counts.failed],
    ["unknown", counts.unknown], ["of these lost", counts.lostUnknown],
    ["delivered", counts.delivered], ["recovered", counts.recovered], ["refused", counts.refused],
  ].map(([name, n]) => `${name} ${number(n)}`).join(", ") +
    `; on the way p99 ${counts.p99WayMs} ms; away p99 ${counts.p99RecoveryMs}, ` +
    `at most ${counts.maxGapMs} ms`;
}

// Where it is long the machine was busy with other things.
const lagOf = (lines) =>
  Math.max(0, ...lines.filter(({ op }) => op === "lag").map(({ ms }) => ms));

// ---- the trace -------------------------------------------------------------------------------

// What led to it: the message's own lines, the client's comings and goings, the faults, the
// server's words, and what the client received just before and after.
function around(lines, { t, id, client }) {
  const own = lines.filter((line) => id !== undefined && line.id === id);
  const sent = own.filter(({ op }) => op !== "recv");
  const heard = own.filter((line) => line.op === "recv" && line.client !== client).slice(0, 3);
  const from = Math.min(t, ...own.map((line) => line.t));
  const nearest = (keep, n = mostAround / 2) => {
    const kept = lines.filter(keep);
    const at = kept.findIndex((line) => line.t >= from);
    const middle = at < 0 ? kept.length : at;
    return kept.slice(Math.max(0, middle - n), middle + n);
  };
  const isOf = (line) => client !== undefined && line.client === client;
  const chosen = new Set([
    ...sent, ...heard,
    ...nearest((line) => isOf(line) && line.op === "recv"),
    ...nearest((line) => isOf(line) && line.op !== "recv"),
    ...nearest(({ op }) => op === "fault" || op === "quiet" || op === "still"),
    ...nearest(({ op }) => op === "log", mostLogs),
  ]);
  return lines.filter((line) => chosen.has(line));
}

function show({ t, op, ...fields }) {
  const rest = Object.entries(fields).map(([name, value]) => `${name}=${value}`).join(" ");
  return `  ${t.toFixed(1).padStart(10)}  ${op.padEnd(6)}  ${rest}`;
}

export function describeViolation(lines, violation) {
  const { invariant, t, text, client, id } = violation;
  const who = [id, client && `at ${client}`].filter(Boolean).join(" ");
  return [
    `${invariant} broken at ${t.toFixed(1)} ms: ${who ? `${who}: ` : ""}${text}`,
    ...around(lines, violation).map(show),
  ].join("\n");
}

// ---- the whole -------------------------------------------------------------------------------

// The text, and whether all was well. `patience`: by what the promised times are multiplied.
export function report(lines, { violations, counts }, patience = 1) {
  const [{ seed, seconds, workers }] = lines;
  const times = timings(lines, patience);
  const refused = lines.find(({ op }) => op === "end")?.refused ?? 0;
  const late = times.filter(({ kept }) => !kept).length + (refused === 0 ? 0 : 1);
  const text = [
    `chaos: seed ${seed}, ${seconds} s, ${workers.length} workers (pids ${workers.join(" ")})`,
    `faults: ${faultsOf(lines)}`,
    `counts: ${describeCounts(counts)}`,
    `machine: our own loop was late by ${lagOf(lines)} ms at most`,
    ...times.map(({ what, ms, limitMs, kept }) =>
      `promise: ${what} ${ms} ms (${limitMs})${kept ? "" : ": NOT KEPT"}`),
    `promise: connections refused ${refused} (0)${refused === 0 ? "" : ": NOT KEPT"}`,
  ];
  const others = violations.length - 1;
  if (violations.length > 0) text.push(describeViolation(lines, violations[0]));
  if (others > 0) text.push(`and ${others} more: ${tally(violations.map((v) => v.invariant))}`);
  if (late > 0) text.push(`promises not kept: ${late}`);
  text.push(verdictOf(violations));
  return { text: text.join("\n"), sound: violations.length === 0 && late === 0 };
}

const verdictOf = (violations) =>
  violations.length === 0 ? "no invariant broken" : `${violations[0].invariant} broken`;

// Several runs as a table for docs/RESULTS.md.
export function tableOf(runs) {
  const columns = ["seed", "seconds", "sent", "acknowledged", "delivered", "recovered", "refused",
    "faults", "result"];
  const rows = runs.map(({ lines, result: { violations, counts } }) => {
    const [{ seed, seconds }] = lines;
    const { sent, acknowledged, delivered, recovered, refused } = counts;
    return [seed, seconds, ...[sent, acknowledged, delivered, recovered, refused].map(number),
      lines.filter(({ op, phase }) => op === "fault" && phase === "begin").length,
      verdictOf(violations)];
  });
  const dashes = columns.map(() => "---");
  return [columns, dashes, ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}
