// SPDX-License-Identifier: MIT
// What clients see of a worker that hangs, and of a supervisor that is killed.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Clients, persist, transports } from "../support/clients.js";
import { isAlive, startServer } from "../support/server.js";
import { eventually, nextEvent } from "../support/wait.js";

const modes = Object.keys(transports);

describe("a worker that hangs", { timeout: 60000 }, () => {
  let server, clients, hung, returns;

  before(async () => {
    const args = ["--suspect-after", "0.5", "--heartbeat-timeout", "2"];
    server = await startServer("clients", { workers: 2, args });
    clients = new Clients(server.url);
  });
  after(async () => {
    clients?.close();
    await server?.stop();
  });

  const home = async (socket) => (await persist(socket, "whoami")).pid;

  async function comeBack(socket) {
    await nextEvent(socket, "disconnect", 30000);
    await nextEvent(socket, "connect", 30000);
  }

  it("gets no new clients, and no new client waits for it", async () => {
    const old = await Promise.all(modes.map((mode) => clients.connect(mode)));
    const homes = await Promise.all(old.map(home));
    [hung] = homes;
    returns = Promise.all(old.filter((_, i) => homes[i] === hung).map(comeBack));
    returns.catch(() => {}); // the next test says so
    process.kill(hung, "SIGSTOP");
    await eventually("it to be left out", () => server.output.includes("gets no new clients"));
    const fresh = await Promise.all(
      Array.from({ length: 12 }, (_, i) => clients.connect(modes[i % modes.length])),
    );
    for (const socket of fresh) assert.notEqual(await home(socket), hung);
  });

  it("is killed; its clients come back by themselves, another worker takes its place", async () => {
    await eventually("it to be killed", () => !isAlive(hung), 20000);
    await eventually("two workers", () => server.workerPids().length === 2, 20000);
    await returns;
    for (const socket of clients.all) assert.notEqual(await home(socket), hung);
  });
});

describe("a supervisor that is killed", { timeout: 60000 }, () => {
  it("leaves no worker, and its port to the next, where clients come back", async () => {
    const first = await startServer("clients", { workers: 2, args: ["--drain", "1"] });
    const clients = new Clients(first.url);
    await Promise.all(modes.map((mode) => clients.connect(mode)));
    const workers = first.workerPids();
    const gone = clients.all.map((socket) => nextEvent(socket, "disconnect", 20000));
    process.kill(first.pid, "SIGKILL");
    first.stopped = true;
    await Promise.all(gone);
    await eventually("the workers to leave", () => !workers.some(isAlive), 20000);
    const back = clients.all.map((socket) => nextEvent(socket, "connect", 20000));
    const second = await startServer("clients", { bind: [`127.0.0.1:${first.port}`] });
    await Promise.all(back);
    clients.close();
    await second.stop();
  });
});
