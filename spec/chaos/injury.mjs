// SPDX-License-Identifier: MIT
// One wrong delivery, made by us, to see that the checker finds it: the history of a sound run
// passes through, live or read from a file, and one line of it is changed. Which one is the seed's
// choice, among deliveries of which it is certain that they were due.

const earliestMs = 1500; // behind the first connects, within the quiet beginning
const latestMs = 4500;
const mostSpared = 2; // recoveries, before a lie
const settleMs = 300; // a client's rooms have not changed for so long

export const injuries = {
  drop: "I1", // a delivery does not happen
  swap: "I2", // a client's two next deliveries change places
  double: "I4", // a delivery happens twice
  lie: "I5", // a client is told that it was recovered, and gets nothing of what it missed
};

export class Injury {
  constructor(kind, random) {
    if (!injuries[kind]) throw new Error(`no such injury: ${kind}`);
    this.kind = kind;
    this.after = random.between(earliestMs, latestMs);
    this.spared = random.integer(0, mostSpared);
    this.clients = new Map();
    this.done = false;
  }

  pass(line) {
    if (!line.client) return [line];
    const state = this.stateOf(line.client);
    if (this.held && (line === this.held.line || line.client === this.held.line.client)) {
      return this.release(line);
    }
    const result = this.done ? [line] : this.kind === "lie" ? this.lie(line, state) :
      this.injure(line, state);
    this.remember(line, state);
    return result;
  }

  stateOf(client) {
    if (!this.clients.has(client)) {
      this.clients.set(client, { settled: 0, received: 0, away: false, kept: [] });
    }
    return this.clients.get(client);
  }

  remember(line, state) {
    if (line.op === "recv") state.received++;
    else state.settled = line.t + settleMs;
    if (line.op === "conn" || line.op === "disc") state.received = 0;
    if (line.op === "conn" || line.op === "disc") state.away = line.op === "disc";
  }

  injure(line, state) {
    const due = line.op === "recv" && line.steady && line.t >= this.after &&
      line.t >= state.settled && state.received > 0 && !state.away;
    if (!due) return [line];
    this.done = true;
    if (this.kind === "drop") return [];
    if (this.kind === "double") return [line, { ...line }];
    this.held = { line };
    return [];
  }

  // The second half of a swap, unless the connection ended between the two.
  release(line) {
    const { line: first } = this.held;
    if (line.op === "recv") {
      this.held = undefined;
      return [line, { ...first, t: line.t }];
    }
    if (line.op !== "disc" && line.op !== "conn") return [line];
    this.held = undefined;
    this.done = false;
    return [first, line];
  }

  // What comes between "disc" and "conn" is kept back until it is known how that ends.
  lie(line, state) {
    if (state.away && line.op === "recv" && line.steady) {
      state.kept.push(line);
      return [];
    }
    if (line.op !== "conn") return [line];
    const kept = state.kept.splice(0);
    if (!line.recovered || kept.length === 0 || this.spared-- > 0) return [...kept, line];
    this.done = true;
    return [line];
  }
}

// The same for a history that was read; undefined when it has no place for this one.
export function injure(lines, kind, random) {
  const injury = new Injury(kind, random);
  const result = lines.flatMap((line) => injury.pass(line));
  return injury.done && !injury.held ? result : undefined;
}
