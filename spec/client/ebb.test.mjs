// SPDX-License-Identifier: MIT
// A herd that has left leaves its memory to others: the process has again what it had before, while
// somebody stays connected.

import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { after, before, describe, it } from "node:test";
import { Clients } from "../support/clients.js";
import { startServer } from "../support/server.js";
import { eventually } from "../support/wait.js";

const few = 100;
const many = 3000;
const spareMb = 2;

const program = fileURLToPath(new URL("../support/herd.js", import.meta.url));
const sanitized = process.env.SIO_PRELOAD !== undefined; // whose malloc keeps what is free

describe(`${many} clients who leave`, { timeout: 120000, skip: sanitized }, () => {
  let server, clients, herd;
  before(async () => {
    server = await startServer("ebb", { workers: 1 });
    clients = new Clients(server.url);
  });
  after(async () => {
    herd?.kill("SIGKILL");
    clients?.close();
    await server?.stop();
  });

  const memoryMb = () => {
    const status = readFileSync(`/proc/${server.workerPids()[0]}/status`, "utf8");
    return Number(/^RssAnon:\s+(\d+)/m.exec(status)[1]) / 1024;
  };
  const mode = async () => (await fetch(`${server.url}/mode`)).text();

  async function come(count) {
    herd = fork(program, [String(server.port), String(count)]);
    const [{ failed }] = await once(herd, "message");
    assert.deepEqual(failed, []);
    return memoryMb();
  }
  const leave = () => herd.kill("SIGKILL");

  it("give back what the process took for them", async () => {
    const socket = await clients.connect("websocket");
    const collecting = await mode();
    const small = await come(few);
    leave();
    const large = await come(many);
    assert.ok(large > small + 3 * spareMb, `${small} MB, then no more than ${large}`);
    leave();
    await eventually(`less than ${small + spareMb} MB`, () => memoryMb() < small + spareMb);
    assert.equal(await mode(), collecting);
    assert.match(await socket.emitWithAck("event 8"), /^room /);
  });
});
