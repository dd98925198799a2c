// SPDX-License-Identifier: MIT
// How much a client may have missed, counted where it comes back, which is another worker than the
// one that it left: what is within the limit arrives whole, one more is a fresh session.

import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { Clients } from "../support/clients.js";
import { startServer } from "../support/server.js";
import { eventually, Inbox, nextEvent } from "../support/wait.js";

const range = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe("limits of recovery, 2 workers", { timeout: 60000 }, () => {
  let server, clients;
  afterEach(async () => {
    clients?.close();
    await server?.stop();
  });

  const homeOf = async (socket) => (await socket.timeout(5000).emitWithAck("whoami")).pid;

  async function start(options) {
    server = await startServer("recovery", { workers: 2, ...options });
    clients = new Clients(server.url);
  }

  // Two clients on different workers.
  async function pair(options) {
    const reader = await clients.connect("websocket", options);
    const home = await homeOf(reader);
    const writer = await eventually("a client on the other worker", async () => {
      const client = await clients.connect("websocket"); // those before stay, so it goes elsewhere
      return (await homeOf(client)) !== home && client;
    });
    return { reader, home, writer };
  }

  // A client whose worker dies, and which stays away until `connect`; one that lives on the other.
  async function part() {
    const { reader, home, writer } = await pair({ reconnection: false });
    const inbox = new Inbox(reader, "n", (value) => value);
    const gone = nextEvent(reader, "disconnect");
    process.kill(home, "SIGKILL");
    await gone;
    return { reader, home, writer, inbox };
  }

  async function comeBack(reader) {
    const back = nextEvent(reader, "connect");
    reader.connect();
    await back;
    return reader.recovered;
  }

  it("max_missed_packets", async () => {
    await start({ env: { MISSED: "10" } });
    const within = await part();
    await within.writer.emitWithAck("publish", 1, 10);
    assert.equal(await comeBack(within.reader), true);
    assert.deepEqual(await within.inbox.until(10), range(1, 10));
    await server.whole(within.home);
    const beyond = await part();
    await beyond.writer.emitWithAck("publish", 1, 11);
    assert.equal(await comeBack(beyond.reader), false);
    await beyond.writer.emitWithAck("publish", 12, 12);
    assert.deepEqual(await beyond.inbox.until(1), [12]);
  });

  // Each takes some more than the 4,000 bytes that it is said to.
  it("the bytes of the journal", async () => {
    await start({ args: ["--journal-size", "64k"] });
    const within = await part();
    await within.writer.emitWithAck("publish large", 1, 12, 4000);
    assert.equal(await comeBack(within.reader), true);
    assert.deepEqual(await within.inbox.until(12), range(1, 12));
    await server.whole(within.home);
    const beyond = await part();
    await beyond.writer.emitWithAck("publish large", 1, 20, 4000);
    assert.equal(await comeBack(beyond.reader), false);
    await beyond.writer.emitWithAck("publish", 21, 21);
    assert.deepEqual(await beyond.inbox.until(1), [21]);
  });

  it("a worker that was stopped for longer than the journal says so to its clients", async () => {
    await start({ args: ["--journal-size", "64k"] });
    const { reader, home, writer } = await pair();
    const inbox = new Inbox(reader, "n", (value) => value);
    await writer.emitWithAck("publish", 1, 1);
    await inbox.until(1);
    process.kill(home, "SIGSTOP");
    await writer.emitWithAck("publish large", 2, 21, 4000);
    const back = nextEvent(reader, "connect");
    process.kill(home, "SIGCONT");
    await back;
    assert.equal(reader.recovered, false);
    await writer.emitWithAck("publish", 22, 22);
    assert.deepEqual(await inbox.until(2), [1, 22]);
    assert.equal(writer.active, true); // nobody else was harmed
  });

  it("an event that is larger than an eighth of the journal raises", async () => {
    await start({ args: ["--journal-size", "64k"] });
    const writer = await clients.connect("websocket");
    assert.equal(await writer.emitWithAck("publish large", 1, 1, 8000), true);
    assert.match(await writer.emitWithAck("try large", 8200), /large|big|bytes/);
  });
});
