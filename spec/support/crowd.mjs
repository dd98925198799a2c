// SPDX-License-Identifier: MIT
// A process of official clients that count what they get. Forked by spec/client/reload.test.mjs:
// `crowd.mjs URL FIRST COUNT`; says "ready" when all are connected, and after { last } what came of
// each of them once it has got that number.

import { Clients, transports } from "./clients.js";
import { eventually } from "./wait.js";

const [url, first, count] = process.argv.slice(2);
const limitMs = 30000;
const clients = new Clients(url);
const modes = Object.keys(transports);

class Counter {
  constructor(name, mode) {
    this.report = { name, mode, got: 0, lost: 0, again: 0, connects: 0, fresh: 0, reasons: {} };
    this.next = 1;
    this.mode = mode;
  }

  async connect() {
    this.socket = await clients.connect(this.mode, {
      auth: { name: this.report.name },
      reconnectionDelay: 100,
      reconnectionDelayMax: 1000,
      timeout: 5000,
    });
    const { report, socket } = this;
    report.connects = 1;
    socket.on("connect", () => {
      report.connects += 1;
      if (!socket.recovered) report.fresh += 1;
    });
    socket.on("disconnect", (reason) => {
      report.reasons[reason] = (report.reasons[reason] ?? 0) + 1;
    });
    socket.on("n", (n) => this.take(n));
  }

  take(n) {
    if (n < this.next) {
      this.report.again += 1;
      return;
    }
    this.report.lost += n - this.next;
    this.report.got += 1;
    this.next = n + 1;
  }

  async finish(last) {
    await eventually(`${this.report.name} has ${last}`, () => this.next > last, limitMs).catch(
      (error) => (this.report.late = error.message),
    );
    this.report.is = await this.socket
      .timeout(5000)
      .emitWithAck("whoami")
      .catch((error) => error.message);
    return this.report;
  }
}

const counters = Array.from(
  { length: Number(count) },
  (_, i) => new Counter(`client ${Number(first) + i}`, modes[i % modes.length]),
);
for (const counter of counters) await counter.connect();
process.send("ready");
process.on("message", async ({ last }) => {
  const reports = await Promise.all(counters.map((counter) => counter.finish(last)));
  process.send({ reports, mishaps: clients.mishaps }, () => process.exit(0));
});
