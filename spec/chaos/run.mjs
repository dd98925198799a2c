// SPDX-License-Identifier: MIT
// One run: a server, a proxy before it, the clients, the load, the faults; resolves with the
// history. Which clients, how much and how long is the profile's.

import { setTimeout as sleep } from "node:timers/promises";
import { appFile, childrenOf, rootFile, startServer } from "../support/server.js";
import { eventually } from "../support/wait.js";
import { Nemesis } from "./nemesis.mjs";
import { OfficialClient } from "./official_client.mjs";
import { Participant } from "./participant.mjs";
import { Producer } from "./producer.mjs";
import { Proxy } from "./proxy.mjs";
import { RawClient } from "./raw_client.mjs";
import { Recorder, stampOf } from "./recorder.mjs";
import { takeVitals } from "./vitals.mjs";

const rooms = ["red", "green", "blue"];
const modes = ["polling", "websocket", "upgrade"];
const startLimitMs = 15000;
const lagMs = { look: 20, late: 100 };
const waitMs = { connect: 5000, drain: 2000, listen: 2000 };

export class Run {
  constructor(profile, random, injury) {
    Object.assign(this, { profile, random, recorder: new Recorder(injury) });
  }

  async start() {
    const { profile } = this;
    const args = ["--log-level", "info", ...profile.args];
    const { workers, tls, env } = profile;
    this.server = await startServer(appFile("chaos"), { workers, args, tls, env });
    this.listenToServer();
    this.watchLag();
    this.proxy = await Proxy.start(this.server.port);
    this.participants = this.makeConsumers();
    this.senders = this.makeProducers();
    this.everybody = [...this.participants, ...this.senders];
    this.slow = this.participants.filter(({ client }) => client.slow).slice(-profile.slow);
    this.recorder.note("run", {
      seed: this.random.seed, seconds: profile.seconds, workers: this.workerPids(),
      clients: this.everybody.map(({ name }) => name),
      limits: { connectMs: waitMs.connect, drainMs: waitMs.drain, slack: profile.slack },
    });
  }

  workerPids() {
    return childrenOf(this.server.pid);
  }

  listenToServer() {
    for (const stream of [this.server.child.stdout, this.server.child.stderr]) {
      stream.on("data", (data) => {
        for (const text of data.split("\n").filter(Boolean)) {
          this.recorder.note("log", { at: stampOf(text), text });
        }
      });
    }
  }

  // From now on; goes on without it when the time is over.
  async hears(text, limitMs) {
    const { lines } = this.recorder;
    let at = lines.length;
    const probe = () => {
      while (at < lines.length) {
        const line = lines[at++];
        if (line.op === "log" && line.text.includes(text)) return true;
      }
      return false;
    };
    await eventually(text, probe, limitMs).catch(() => {});
  }

  // How late this process itself was, which is no fault of the server's.
  watchLag() {
    let last = this.recorder.now();
    this.watching = setInterval(() => {
      const now = this.recorder.now();
      const ms = Math.round(now - last - lagMs.look);
      last = now;
      if (ms > lagMs.late) this.recorder.note("lag", { ms });
    }, lagMs.look);
  }

  // Every second one of each mode is an official client; every second pair of them is steady.
  makeConsumers() {
    return Array.from({ length: this.profile.consumers }, (_, i) => {
      const mode = modes[i % modes.length];
      const nth = Math.floor(i / modes.length);
      return this.makeParticipant(`c${i + 1}-${mode}`, mode, nth % 2 === 0, nth % 4 < 2);
    });
  }

  makeProducers() {
    return Array.from({ length: this.profile.producers }, (_, i) =>
      this.makeParticipant(`p${i + 1}`, "websocket", i % 2 === 0, true));
  }

  makeParticipant(name, mode, official, steady) {
    const { tls: encrypted } = this.profile;
    const Client = official ? OfficialClient : RawClient;
    const make = (events) => new Client(this.proxy.port, mode, events, { encrypted });
    return new Participant(name, this.recorder, make, { steady });
  }

  // ---- load -------------------------------------------------------------------------------------

  async connect() {
    for (const [i, each] of this.participants.entries()) {
      each.join(rooms[i % rooms.length]);
      if (this.random.chance(0.5)) each.join(this.random.pick(rooms));
    }
    await eventually("all clients connected", () => this.everybody.every((p) => p.connected),
      startLimitMs);
  }

  startLoad() {
    const { rate, producers } = this.profile;
    const sids = () => this.participants.map(({ sid }) => sid);
    this.producers = this.senders.map((participant) => new Producer(participant, this.recorder, {
      rate: rate / producers, rooms, sids, random: this.random.stream(participant.name),
    }));
    for (const producer of this.producers) producer.start();
    const random = this.random.stream("rooms");
    const restless = this.participants.filter(({ steady }) => !steady);
    this.moving = setInterval(() => {
      const who = random.pick(restless);
      const room = random.pick(rooms);
      if (who.wanted.has(room)) who.leave(room);
      else who.join(room);
    }, 1000 / this.profile.moves);
    for (const { client } of this.slow) client.slow(true);
  }

  stopLoad() {
    for (const producer of this.producers ?? []) producer.stop();
    clearInterval(this.moving);
  }

  // ---- the course of it -------------------------------------------------------------------------

  noteVitals(when) {
    const vitals = takeVitals([this.server.pid, ...this.workerPids()]);
    this.recorder.note("vitals", { when, ...vitals });
  }

  world() {
    const random = this.random.stream("nemesis");
    const { server, proxy } = this;
    const pickWorker = () => random.pick(this.workerPids());
    const hears = (text, limitMs) => this.hears(text, limitMs);
    return { server, proxy, random, pickWorker, hears };
  }

  async live() {
    const { profile, recorder } = this;
    const nemesis = new Nemesis(this.world(), recorder, profile);
    await this.connect();
    this.startLoad();
    await sleep(profile.quiet.first * 1000);
    this.noteVitals("before");
    await nemesis.run(profile.seconds - profile.quiet.first - profile.quiet.last);
    recorder.note("quiet");
    for (const { client } of this.slow) client.slow(false);
    await sleep(profile.quiet.last * 1000 - waitMs.drain);
    this.noteVitals("after");
    this.stopLoad();
    recorder.note("still");
    await sleep(waitMs.drain + waitMs.listen);
    recorder.note("end", { refused: this.proxy.refused });
    return [...recorder.lines];
  }

  async stop() {
    this.stopLoad();
    clearInterval(this.watching);
    for (const each of this.everybody ?? []) each.close();
    this.proxy?.close();
    await this.server?.stop();
  }
}

export async function run(profile, random, injury) {
  const one = new Run(profile, random, injury);
  try {
    await one.start();
    return await one.live();
  } finally {
    await one.stop();
  }
}
