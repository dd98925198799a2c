// SPDX-License-Identifier: MIT
// The two invariants that are about time and size, for checker.mjs: I7, that all is well again soon
// after the last fault, and I8, that nothing has been kept.

const share = 1.1;

function* checkConnected(lines, clients, quiet, connectMs) {
  const away = new Set(clients);
  let due = false;
  for (const { t, op, client, reason } of lines) {
    if (!due && t > quiet + connectMs) {
      due = true;
      for (const name of away) {
        yield { invariant: "I7", t, client: name, text: `not connected after ${connectMs} ms` };
      }
    }
    if (op === "disc" && due) {
      yield { invariant: "I7", t, client, text: `disconnected without a fault: ${reason}` };
    }
    if (op === "disc") away.add(client);
    if (op === "conn") away.delete(client);
  }
}

function* checkDrained(lines, still, drainMs) {
  for (const { t, op, client, id } of lines) {
    if (op !== "recv" || t <= still + drainMs) continue;
    yield { invariant: "I7", t, client, id, text: `late: nothing was sent for ${drainMs} ms` };
  }
}

function* checkSizes(lines, slack) {
  const vitals = lines.filter(({ op }) => op === "vitals");
  const before = vitals.find(({ when }) => when === "before");
  const after = vitals.find(({ when }) => when === "after");
  if (!before || !after) return;
  for (const [name, most] of Object.entries(slack)) {
    const limit = before[name] * share + most;
    if (after[name] <= limit) continue;
    const text = `${name}: ${before[name]} before, ${after[name]} after, limit ${limit}`;
    yield { invariant: "I8", t: after.t, text };
  }
}

export function checkBounds(lines) {
  const run = lines.find(({ op }) => op === "run");
  if (!run) return [];
  const timeOf = (name) => lines.find(({ op }) => op === name)?.t ?? Infinity;
  return [
    ...checkConnected(lines, run.clients, timeOf("quiet"), run.limits.connectMs),
    ...checkDrained(lines, timeOf("still"), run.limits.drainMs),
    ...checkSizes(lines, run.limits.slack),
  ];
}
