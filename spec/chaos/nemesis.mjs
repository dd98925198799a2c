// SPDX-License-Identifier: MIT
// Makes the faults of a run, one at a time, in the seed's order, until its time is over; the last
// two at once.

import { setTimeout as sleep } from "node:timers/promises";
import { faults } from "./faults.mjs";
import { wallClock } from "./recorder.mjs";

export class Nemesis {
  // `names`: which faults; `world`: see faults.mjs; `hold`: for how long, in seconds.
  constructor(world, recorder, { faults: names, hold }) {
    Object.assign(this, { world, recorder, names, hold, queue: [] });
  }

  // Every fault once in each round.
  next() {
    if (this.queue.length === 0) this.queue = this.world.random.shuffle(this.names);
    return this.queue.shift();
  }

  holdSeconds(name) {
    return faults[name].seconds ?? this.world.random.between(this.hold.least, this.hold.most);
  }

  async make(name, seconds) {
    const { world, recorder } = this;
    const fault = faults[name];
    const at = wallClock();
    const { over, ...known } = fault.begin(world) ?? {};
    recorder.note("fault", { name, phase: "begin", at, ...known });
    await sleep(seconds * 1000);
    await fault.end?.(world, known);
    await over;
    recorder.note("fault", { name, phase: "end" });
  }

  async run(seconds) {
    const end = this.recorder.now() + seconds * 1000;
    const left = () => (end - this.recorder.now()) / 1000;
    const { least, most, rest } = this.hold;
    for (;;) {
      const name = this.next();
      const hold = this.holdSeconds(name);
      if (left() < hold + rest + most) break;
      await this.make(name, hold);
      await sleep(rest * 1000);
    }
    const pair = [this.next(), this.next()];
    const short = Math.max(left(), least);
    const hold = (name) => faults[name].seconds ?? Math.min(this.holdSeconds(name), short);
    await Promise.all(pair.map((name) => this.make(name, hold(name))));
  }
}
