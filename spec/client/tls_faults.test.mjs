// SPDX-License-Identifier: MIT
// TLS connections that are relayed between workers, when one of these is killed; and TLS under
// plain Lua, without a supervisor.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import tls from "node:tls";
import { afterEach, describe, it } from "node:test";
import { makeCertificate, temporaryFolder } from "../support/certificate.js";
import { Clients } from "../support/clients.js";
import { appFile, preload, rootFile, startServer } from "../support/server.js";
import { eventually, Inbox, nextEvent } from "../support/wait.js";

const first = (value) => value; // behind it comes the offset
const descriptors = (pid) => readdirSync(`/proc/${pid}/fd`).length;

// All sessions of this machine's clients are at one worker, and the others relay to it.
describe("relayed TLS connections", { timeout: 120000 }, () => {
  let server, clients;

  afterEach(async () => {
    clients?.close();
    await server?.stop();
  });

  // Connects clients until each of the others relays some; returns them all and their owner's pid.
  async function relayedClients(mode) {
    server = await startServer("recovery", {
      workers: 3, tls: true, args: ["--balance", "ip-hash"],
    });
    clients = new Clients(server.url);
    const idle = new Map(server.workerPids().map((pid) => [pid, descriptors(pid)]));
    const sockets = [await clients.connect(mode)];
    const owner = (await sockets[0].emitWithAck("whoami")).pid;
    const relay = (pid) => pid === owner || descriptors(pid) >= idle.get(pid) + 2;
    while (!server.workerPids().every(relay)) {
      assert.ok(sockets.length < 200, "two hundred clients in a row came to the same worker");
      sockets.push(await clients.connect(mode));
    }
    for (const socket of sockets) assert.equal((await socket.emitWithAck("whoami")).pid, owner);
    return { sockets, owner };
  }

  const numbers = (socket) => new Inbox(socket, "n", first);

  for (const mode of ["websocket", "polling"]) {
    it(`${mode}: who is relayed by a killed worker comes back and has missed nothing`, async () => {
      const { sockets, owner } = await relayedClients(mode);
      const inboxes = sockets.map(numbers);
      const ids = sockets.map((socket) => socket.id);
      const lost = new Set();
      for (const socket of sockets) socket.on("disconnect", () => lost.add(socket));
      const relaying = server.workerPids().filter((pid) => pid !== owner);
      for (const pid of relaying) process.kill(pid, "SIGKILL");
      await server.whole(...relaying);
      await eventually("all to be connected", () => sockets.every((socket) => socket.connected));
      // over polling a lost request may have been retried on another connection
      if (mode === "websocket") assert.ok(lost.size > 0);
      await eventually("a client that may publish", () =>
        sockets[0].timeout(1000).emitWithAck("publish", 1, 20).catch(() => false));
      await Promise.all(inboxes.map((inbox) => inbox.until(20)));
      for (const inbox of inboxes) assert.deepEqual([...new Set(inbox.items)].slice(0, 20),
        Array.from({ length: 20 }, (_, i) => i + 1));
      for (const socket of lost) assert.equal(socket.recovered, true);
      assert.deepEqual(sockets.map((socket) => socket.id), ids);
    });
  }

  it("when the worker that has the sessions is killed, all come back", async () => {
    const { sockets, owner } = await relayedClients("websocket");
    const back = sockets.map((socket) => nextEvent(socket, "connect", 30000));
    process.kill(owner, "SIGKILL");
    await Promise.all(back);
    for (const socket of sockets) {
      assert.notEqual((await socket.timeout(5000).emitWithAck("whoami")).pid, owner);
      assert.equal(socket.recovered, true);
    }
  });
});

describe("TLS at the start", { timeout: 60000 }, () => {
  it("serves https and reads the certificate again on SIGHUP", async () => {
    const dir = makeCertificate(temporaryFolder(), { serial: 0x33 });
    const child = spawn(process.env.SIO_LUA ?? "lua5.4", [appFile("tls_alone")], {
      stdio: ["ignore", "ignore", "pipe"],
      env: {
        ...process.env,
        ...preload,
        TLS_DIR: dir,
        PORT: "0",
        LUA_PATH: `${rootFile("lua/?.lua")};${rootFile("lua/?/init.lua")};;`,
        LUA_CPATH: `${rootFile("lua/?.so")};;`,
      },
    });
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (data) => (said += data));
    const [, port] = await eventually("the banner", () => /https:\/\/localhost:(\d+)/.exec(said));
    const serial = async () => {
      const socket = tls.connect({ port, host: "localhost", rejectUnauthorized: false });
      await once(socket, "secureConnect");
      const { serialNumber } = socket.getPeerCertificate();
      socket.destroy();
      return serialNumber;
    };
    assert.equal(await serial(), "33");
    makeCertificate(dir, { serial: 0x44 });
    child.kill("SIGHUP");
    await eventually("it to be read", () => said.includes("was read again"));
    assert.equal(await serial(), "44");
    child.kill("SIGINT");
    assert.deepEqual(await once(child, "close"), [0, null], said);
  });

  it("a certificate that is no good is said in one line, with status 3", async () => {
    const dir = makeCertificate(temporaryFolder());
    writeFileSync(path.join(dir, "key.pem"), "no key");
    await assert.rejects(startServer("clients", { tls: dir }), (error) => {
      assert.match(error.message, /status 3 before its banner/);
      const [, ...lines] = error.message.trim().split("\n");
      assert.equal(lines.length, 1, error.message);
      assert.match(lines[0], /option 'tls\.key': \/.*key\.pem: no private key in PEM format$/);
      return true;
    });
  });
});
