// SPDX-License-Identifier: MIT
// What the checker knows of one session of one client: from a CONNECT that was no recovery to the
// next one. In which rooms it surely was, and in which it may have been, by time; what it has
// received; and the gaps that it has come back from.

const last = (list) => list[list.length - 1];

// Spans of time, the last one of which may be open.
class Spans {
  constructor() {
    this.list = [];
  }

  open(t) {
    if (this.list.length === 0 || last(this.list).to !== Infinity) {
      this.list.push({ from: t, to: Infinity });
    }
  }

  close(t) {
    if (this.list.length > 0 && last(this.list).to === Infinity) last(this.list).to = t;
  }
}

export class Session {
  constructor(client, sid, t) {
    Object.assign(this, { client, sid, start: t, sure: new Map(), maybe: new Map() });
    this.got = new Set();
    this.lastPlace = -1;
    this.gaps = [];
    this.count = 0; // of its asks, as the server has last said
    this.asks = 0; // since then
    this.asked("join", sid, -Infinity); // its own room, before we heard of it
    this.answered("joined", sid, t);
    this.asks = 0;
  }

  spans(kind, room) {
    if (!this[kind].has(room)) this[kind].set(room, new Spans());
    return this[kind].get(room);
  }

  asked(op, room, t) {
    this.asks++;
    if (op === "join") this.spans("maybe", room).open(t);
    else this.spans("sure", room).close(t);
  }

  answered(op, room, t) {
    if (op === "joined") this.spans("sure", room).open(t);
    else this.spans("maybe", room).close(t);
  }

  // The server counts in the session's data, and an ask that was not answered may have been heard.
  counted(count) {
    const right = count > this.count && count <= this.count + this.asks;
    this.count = count;
    this.asks = 0;
    return right;
  }

  mayHaveBeenIn(room, from, to) {
    const spans = this.maybe.get(room)?.list ?? [];
    return spans.some((span) => span.from <= to && span.to >= from);
  }

  received(send, place) {
    this.got.add(send.id);
    this.lastPlace = place;
    this.lastSend = send;
    const gap = last(this.gaps);
    if (gap?.closed && gap.after === Infinity) gap.after = place;
  }

  left(t) {
    this.gone = t;
    this.gaps.push({ from: t, before: this.lastPlace, after: Infinity });
  }

  recovered(t) {
    this.gone = undefined;
    Object.assign(last(this.gaps), { to: t, closed: true });
  }

  // The client was told that this one is over: what came behind its last packet may be missing.
  end(t) {
    this.over = true;
    for (const spans of this.sure.values()) spans.close(t);
  }

  excuses(send) {
    if (!this.over && this.gone === undefined) return false;
    if (send.place !== undefined) return send.place > this.lastPlace;
    return !this.lastSend || send.until >= this.lastSend.t;
  }

  // The recovery that should have brought it.
  gapOf({ place, t, until }) {
    return this.gaps.find((gap) => gap.closed && (place === undefined
      ? until >= gap.from && t <= gap.to
      : place > gap.before && place < gap.after));
  }
}
