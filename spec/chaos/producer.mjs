// SPDX-License-Identifier: MIT
// Sends: to rooms, to single sockets, to itself; each with an acknowledgement, which is "ok",
// "info" when nobody can know, or "fail". Only while it is connected, so that nothing waits and is
// sent on its own accord.

import { makePayload, idOf } from "./payload.mjs";

const directedShare = 0.1;
const tickMs = 20;
const mostTickMs = 100; // when we are late, nothing is made up for: a busy machine gets less to do

export class Producer {
  // `participant`: who sends; `sids()`: of the sockets that can be sent to.
  constructor(participant, recorder, { rate, rooms, sids, random }) {
    Object.assign(this, { participant, recorder, rate, rooms, sids, random, seq: 0, due: 0 });
  }

  start() {
    let last = this.recorder.now();
    this.timer = setInterval(() => {
      const now = this.recorder.now();
      const lately = Math.min(now - last, mostTickMs);
      this.due += (lately / 1000) * this.rate;
      last = now;
      if (!this.participant.connected) this.due = 0;
      for (; this.due >= 1; this.due--) this.send();
    }, tickMs);
  }

  stop() {
    clearInterval(this.timer);
  }

  async send() {
    const { participant, recorder, random } = this;
    const payload = makePayload(participant.name, ++this.seq, random);
    const id = idOf(payload);
    const [room, ...event] = this.choose(payload);
    recorder.note("send", { id, by: participant.name, from: participant.sid, room });
    const [outcome, answer] = await participant.client.call(...event);
    if (outcome === "ok" && answer === true) recorder.note("ok", { id });
    else if (outcome === "ok") recorder.note("fail", { id, why: answer?.refused ?? answer });
    else recorder.note("info", { id, why: answer });
  }

  // The room, which may be that of one socket, and the event with its arguments.
  choose(payload) {
    const { random, participant } = this;
    if (!random.chance(directedShare)) {
      const room = random.pick(this.rooms);
      return [room, "send", room, payload];
    }
    if (random.chance(0.3)) return [participant.sid, "echo", payload];
    const sid = random.pick(this.sids());
    return [sid, "send", sid, payload];
  }
}
