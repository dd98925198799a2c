// SPDX-License-Identifier: MIT
// What one process costs, out of /proc (Linux).

import { readFileSync, readdirSync } from "node:fs";
import { eventually } from "../support/wait.js";

export class Process {
  constructor(pid) {
    this.pid = pid;
  }

  read(name) {
    return readFileSync(`/proc/${this.pid}/${name}`, "utf8");
  }

  descriptors() {
    return readdirSync(`/proc/${this.pid}/fd`).length;
  }

  // Anonymous memory in bytes: what was allocated, without the pages of files and of the journal.
  // A sanitizer (SIO_PRELOAD) keeps what was freed; then there is nothing to compare.
  memory() {
    if (process.env.SIO_PRELOAD) return 0;
    return Number(/^RssAnon:\s+(\d+) kB/m.exec(this.read("status"))[1]) * 1024;
  }

  // Milliseconds on a processor.
  cpu() {
    return Number(this.read("schedstat").split(" ")[0]) / 1e6;
  }

  // For the log of a test: what it holds now.
  holds() {
    const kib = Math.round(this.memory() / 1024);
    return `${kib} KiB and ${this.descriptors()} descriptors`;
  }

  // What `work` costs it in milliseconds: the least of three times, for others disturb.
  async costOf(work) {
    let least = Infinity;
    for (let i = 0; i < 3; i++) {
      const before = this.cpu();
      await work();
      least = Math.min(least, this.cpu() - before);
    }
    return least;
  }

  descriptorsBackTo(count) {
    return eventually(`${count} descriptors`, () => this.descriptors() <= count, 15000);
  }
}
