// SPDX-License-Identifier: MIT
// Judges a history: pure, one pass over the lines, one over what was owed. A line is { t, op, … }:
//
//   run     seed, seconds, clients, limits         the first one
//   send    id, by, from (its session), room       then ok, fail or info for the same id
//   conn    client, sid, recovered                 disc    client, reason
//   join    client, room (asked)                   joined  (answered), count; leave and left, too
//   recv    client, id, place (the offset), broken
//   fault   name, phase                            vitals  rss, fds, when
//   quiet   no more faults                         still   nothing more is sent;  end
//   log     what the server said                   lag     by how much we were late
//
// The invariants, whose numbers the report names:
//   I1  what was acknowledged reaches each member, unless that was told that it was not recovered
//   I2  one order: of each sender's, and of all that any two clients get
//   I3  nothing comes that was not sent, to that room, while the client was in it
//   I4  nothing comes twice
//   I5  who is told that it was recovered has missed nothing in that gap, and has its data
//   I6  what was neither acknowledged nor refused reaches all members or nobody
//   I7  after the last fault all are connected, and all arrives, in time
//   I8  memory and descriptors are back where they were

import { checkBounds } from "./bounds.mjs";
import { Session } from "./session.mjs";

const sequence = (id) => Number(id.slice(id.lastIndexOf(".") + 1));

// Offsets are "epoch:position", the position in hex.
const placeOf = (offset) => Number.parseInt(offset.slice(offset.lastIndexOf(":") + 1), 16);

class Client {
  constructor(name) {
    Object.assign(this, { name, sessions: [], got: new Set(), heard: new Map(), connected: false });
  }

  get session() {
    return this.sessions[this.sessions.length - 1];
  }
}

class Checker {
  constructor() {
    this.clients = new Map();
    this.sends = new Map();
    this.rooms = new Map(); // name -> sends in the order in which they were invoked
    this.violations = [];
    this.recoveries = []; // ms
    this.ways = []; // ms, of all deliveries to who was connected
    this.counts = {
      sent: 0, acknowledged: 0, unknown: 0, failed: 0, delivered: 0, recovered: 0, refused: 0,
    };
  }

  broken(invariant, t, text, more) {
    this.violations.push({ invariant, t, text, ...more });
  }

  clientOf({ client }) {
    if (!this.clients.has(client)) this.clients.set(client, new Client(client));
    return this.clients.get(client);
  }

  take(line) {
    Checker.ops[line.op]?.call(this, line);
  }

  // ---- sending ----------------------------------------------------------------------------------

  send({ t, id, by, from, room }) {
    const send = { id, by, from, room, t, seq: sequence(id), until: Infinity, outcome: "none" };
    this.sends.set(id, send);
    if (!this.rooms.has(room)) this.rooms.set(room, []);
    this.rooms.get(room).push(send);
    this.counts.sent++;
  }

  outcome({ t, op, id }) {
    const send = this.sends.get(id);
    send.outcome = op;
    if (op === "ok") send.until = Math.min(send.until, t);
    this.counts[{ ok: "acknowledged", info: "unknown", fail: "failed" }[op]]++;
  }

  // ---- coming and going -------------------------------------------------------------------------

  conn(line) {
    const client = this.clientOf(line);
    const { t, sid, recovered } = line;
    const before = client.session;
    client.connected = true;
    if (recovered && before?.sid !== sid) {
      const where = { client: client.name };
      this.broken("I5", t, `recovered as ${sid}, but it was ${before?.sid}`, where);
    }
    if (recovered && before) {
      if (before.gone !== undefined) this.recoveries.push(t - before.gone);
      this.counts.recovered++;
      before.recovered(t);
    } else {
      if (before) this.counts.refused++;
      before?.end(t);
      client.sessions.push(new Session(client.name, sid, t));
    }
  }

  disc(line) {
    const client = this.clientOf(line);
    client.connected = false;
    client.session?.left(line.t);
  }

  ask(line) {
    this.clientOf(line).session?.asked(line.op, line.room, line.t);
  }

  answer({ t, op, client, room, count }) {
    const { session } = this.clientOf({ client });
    session?.answered(op, room, t);
    if (count === undefined || !session) return;
    const { count: before, asks } = session;
    if (session.counted(count)) return;
    this.broken("I5", t, `its data says ${count}, after ${before} and ${asks} more`, { client });
  }

  // ---- receiving --------------------------------------------------------------------------------

  recv(line) {
    const { t, id } = line;
    const client = this.clientOf(line);
    const where = { client: client.name, id };
    const send = this.sends.get(id);
    this.counts.delivered++;
    if (!send || line.broken) return this.broken("I3", t, "nobody has sent this", where);
    if (client.got.has(id)) return this.broken("I4", t, "received twice", where);
    client.got.add(id);
    send.until = Math.min(send.until, t);
    const { session } = client;
    if (client.connected) this.ways.push(t - send.t);
    if (!session?.mayHaveBeenIn(send.room, send.t, send.until)) {
      this.broken("I3", t, `received by a client that was not in "${send.room}"`, where);
    }
    this.checkOrder(client, send, placeOf(line.place), where, t);
  }

  checkOrder(client, send, place, where, t) {
    const { session } = client;
    const before = client.heard.get(send.from);
    if (before?.seq > send.seq) {
      this.broken("I2", t, `received behind ${before.id}, which was sent later`, where);
    } else {
      client.heard.set(send.from, send);
    }
    send.place ??= place;
    if (send.place !== place) this.broken("I2", t, "has two places in the one order", where);
    if (!session) return;
    if (place > session.lastPlace) session.received(send, place);
    else {
      session.got.add(send.id);
      this.broken("I2", t, `received behind ${session.lastSend.id}, a later one`, where);
    }
  }

  // ---- what was owed ----------------------------------------------------------------------------

  checkOwed() {
    for (const client of this.clients.values()) {
      for (const session of client.sessions) {
        for (const [room, spans] of session.sure) {
          for (const span of spans.list) this.checkSpan(session, this.rooms.get(room) ?? [], span);
        }
      }
    }
    for (const send of this.sends.values()) {
      if (send.outcome !== "fail" || send.place === undefined) continue;
      this.broken("I6", send.until, "was refused, and has reached somebody", { id: send.id });
    }
  }

  checkSpan(session, sends, { from, to }) {
    for (let i = firstFrom(sends, from); i < sends.length && sends[i].t <= to; i++) {
      const send = sends[i];
      if (send.until > to || session.got.has(send.id)) continue;
      if (send.until === Infinity || session.excuses(send)) continue;
      this.lost(session, send);
    }
  }

  lost(session, send) {
    const gap = session.gapOf(send);
    const where = { client: session.client, id: send.id };
    const t = gap ? gap.to : send.until;
    if (gap) this.broken("I5", t, "told that it was recovered, this one is missing", where);
    else if (send.outcome === "ok") this.broken("I1", t, "acknowledged, and lost", where);
    else this.broken("I6", t, "others have received it", where);
  }
}

Checker.ops = {
  send: Checker.prototype.send,
  ok: Checker.prototype.outcome,
  info: Checker.prototype.outcome,
  fail: Checker.prototype.outcome,
  conn: Checker.prototype.conn,
  disc: Checker.prototype.disc,
  join: Checker.prototype.ask,
  leave: Checker.prototype.ask,
  joined: Checker.prototype.answer,
  left: Checker.prototype.answer,
  recv: Checker.prototype.recv,
};

// The first of `sends`, ordered by time, at or behind `t`.
function firstFrom(sends, t) {
  let low = 0;
  let high = sends.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sends[middle].t < t) low = middle + 1;
    else high = middle;
  }
  return low;
}

function quantile(values, q) {
  if (values.length === 0) return 0;
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))];
}

// { violations, the earliest first; counts }
export function check(lines) {
  const checker = new Checker();
  for (const line of lines) checker.take(line);
  checker.checkOwed();
  checker.violations.push(...checkBounds(lines));
  const unknown = [...checker.sends.values()].filter(({ outcome }) => outcome === "info");
  const counts = {
    ...checker.counts,
    lostUnknown: unknown.filter(({ place }) => place === undefined).length,
    maxGapMs: Math.round(quantile(checker.recoveries, 1)),
    p99WayMs: Math.round(quantile(checker.ways, 0.99)),
    p99RecoveryMs: Math.round(quantile(checker.recoveries, 0.99)),
  };
  return { violations: checker.violations.sort((a, b) => a.t - b.t), counts };
}
