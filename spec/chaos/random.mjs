// SPDX-License-Identifier: MIT
// Chance that can be had again: all that a run decides by lot comes from one seed. Each part takes
// a stream of its own by name, so that one more draw in one part changes nothing in another.

function hash(text) {
  let h = 2166136261;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 16777619);
  return h >>> 0;
}

export class Random {
  constructor(seed, name = "") {
    this.seed = seed;
    this.state = hash(`${seed}/${name}`);
  }

  stream(name) {
    return new Random(this.seed, name);
  }

  // From 0 up to, not including, 1 (the generator "mulberry32").
  next() {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  between(least, most) {
    return least + this.next() * (most - least);
  }

  integer(least, most) {
    return Math.floor(this.between(least, most + 1));
  }

  chance(share) {
    return this.next() < share;
  }

  pick(list) {
    return list[Math.floor(this.next() * list.length)];
  }

  shuffle(list) {
    const result = [...list];
    for (let i = result.length - 1; i > 0; i--) {
      const j = this.integer(0, i);
      [result[i], result[j]] = [result[j], result[i]];
    }
    return result;
  }
}
