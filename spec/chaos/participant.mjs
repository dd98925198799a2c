// SPDX-License-Identifier: MIT
// One client of a run: tells the history when it comes, goes and hears something, and sees to it
// that the server knows the rooms it wants to be in, whatever happens to its connection.
//
// A room is known to be joined, or not, only after an answer; without one it is asked for again.

import { idOf, isWhole } from "./payload.mjs";

export class Participant {
  // `make(events)`: the connection, see raw_client.mjs. `steady`: its rooms stay as they are.
  constructor(name, recorder, make, { steady = false } = {}) {
    Object.assign(this, { name, recorder, steady, wanted: new Set(), known: new Map() });
    this.asking = Promise.resolve();
    this.client = make({
      onConnect: (sid, recovered) => this.onConnect(sid, recovered),
      onDisconnect: (reason) => this.note("disc", { reason }),
      onMessage: (payload, offset) => this.onMessage(payload, offset),
    });
  }

  note(op, fields) {
    return this.recorder.note(op, { client: this.name, ...fields });
  }

  get connected() {
    return this.client.connected;
  }

  onConnect(sid, recovered) {
    this.sid = sid;
    if (!recovered) this.known.clear();
    this.note("conn", { sid, recovered });
    this.settleRooms();
  }

  onMessage(payload, offset) {
    const line = { id: idOf(payload), place: offset, steady: this.steady };
    if (!isWhole(payload)) line.broken = true;
    this.note("recv", line);
  }

  // The two ends of what a client can do about a room.
  join(room) {
    this.wanted.add(room);
    return this.settleRooms();
  }

  leave(room) {
    this.wanted.delete(room);
    return this.settleRooms();
  }

  // Asks for what is not known to be as it is wanted, one thing at a time.
  settleRooms() {
    this.asking = this.asking.then(async () => {
      for (const room of new Set([...this.wanted, ...this.known.keys()])) {
        const wanted = this.wanted.has(room);
        if (this.connected && this.known.get(room) !== wanted) await this.ask(room, wanted);
      }
    });
    return this.asking;
  }

  async ask(room, wanted) {
    const { sid } = this;
    this.known.set(room, "asked");
    this.note(wanted ? "join" : "leave", { room });
    const [outcome, count] = await this.client.call(wanted ? "join" : "leave", room);
    if (outcome !== "ok" || this.sid !== sid || !this.connected) return;
    this.known.set(room, wanted);
    this.note(wanted ? "joined" : "left", { room, count });
  }

  close() {
    this.client.close();
  }
}
