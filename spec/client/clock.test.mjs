// SPDX-License-Identifier: MIT
// The time of day jumps by an hour, forth and back: nobody is taken for silent, nothing that is
// kept for a while is forgotten, nobody is replaced.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { Clients } from "../support/clients.js";
import { rootFile, startServer } from "../support/server.js";
import { eventually, Inbox, nextEvent } from "../support/wait.js";

const hour = 3600;

// The number that spec/support/clock_jump.c shares with us.
class Clock {
  constructor() {
    this.dir = fs.mkdtempSync(path.join(os.tmpdir(), "sio-clock-"));
    this.file = path.join(this.dir, "seconds");
    this.set(0);
  }

  env() {
    return { LD_PRELOAD: rootFile("build/clock_jump.so"), SIO_CLOCK_FILE: this.file };
  }

  set(seconds) {
    const number = Buffer.alloc(8);
    number.writeBigInt64LE(BigInt(seconds));
    fs.writeFileSync(this.file, number, { flag: fs.existsSync(this.file) ? "r+" : "w" });
  }

  close() {
    fs.rmSync(this.dir, { recursive: true });
  }
}

describe("the time of day", { timeout: 60000 }, () => {
  let clock, server, clients;
  before(async () => {
    clock = new Clock();
    server = await startServer("recovery", {
      workers: 2, env: { ...clock.env(), PING: "0.2" }, args: ["--heartbeat-timeout", "2"],
    });
    clients = new Clients(server.url);
  });
  after(async () => {
    clients?.close();
    await server?.stop();
    clock?.close();
  });

  for (const [way, seconds] of [["forth", hour], ["back", -hour], ["to what it was", 0]]) {
    it(`may jump ${way}`, async () => {
      const pids = server.workerPids();
      const left = await clients.connect("websocket");
      const stays = await clients.connect("polling");
      const inbox = new Inbox(left, "n", (value) => value);
      await stays.emitWithAck("publish", 1, 1);
      await inbox.until(1);
      const { id } = left;
      left.io.reconnection(false);
      const gone = nextEvent(left, "disconnect");
      left.io.engine.close();
      await gone;
      clock.set(seconds);
      for (let i = 0; i < 3; i++) await nextEvent(stays.io, "ping");
      await stays.emitWithAck("publish", 2, 2);
      left.connect();
      await nextEvent(left, "connect");
      await inbox.until(2);
      assert.deepEqual([left.recovered, left.id, inbox.items], [true, id, [1, 2]]);
      assert.ok(stays.connected);
      assert.deepEqual(server.workerPids(), pids);
      assert.doesNotMatch(server.output, /does not answer|killed/);
      assert.deepEqual(clients.mishaps, []);
      const { now } = await stays.emitWithAck("whoami"); // the jump was one for the server
      assert.ok(Math.abs(now - Date.now() / 1000 - seconds) < hour / 2, String(now));
      clients.close();
    });
  }
});
