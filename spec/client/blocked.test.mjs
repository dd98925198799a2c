// SPDX-License-Identifier: MIT
// A process that is stopped in the middle of a record of the journal, holding its lock: nobody else
// hangs, what is sent meanwhile waits in its order, and when that process is killed, all of it
// arrives, once. build/hold_journal is that process.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { after, afterEach, before, describe, it } from "node:test";
import { Clients } from "../support/clients.js";
import { startServer } from "../support/server.js";
import { eventually, Inbox, nextEvent } from "../support/wait.js";

// Of this checkout, also when SIO_ROOT names another one for the server.
const holdJournal = fileURLToPath(new URL("../../build/hold_journal", import.meta.url));

const first = (value) => value;
const range = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe("a writer that stopped half-way", { timeout: 60000 }, () => {
  let server, clients, holder;
  before(async () => {
    server = await startServer("recovery", { workers: 2 });
    clients = new Clients(server.url);
  });
  afterEach(() => {
    clients.close();
    holder?.kill("SIGKILL");
  });
  after(() => server?.stop());

  async function hold() {
    holder = spawn(holdJournal, [String(server.pid)]);
    const [said] = await once(holder.stdout, "data");
    assert.equal(String(said), "held\n");
  }

  async function letGo() {
    const gone = once(holder, "exit");
    holder.kill("SIGKILL");
    await gone;
  }

  const homeOf = async (socket) => (await socket.emitWithAck("whoami")).pid;

  // Two clients on different workers.
  async function pair() {
    const reader = await clients.connect("websocket");
    const home = await homeOf(reader);
    const writer = await eventually("a client on the other worker", async () => {
      const client = await clients.connect("websocket");
      if ((await homeOf(client)) !== home) return client;
      client.close();
    });
    return [reader, writer];
  }

  it("keeps nobody from being served, and no event from arriving in its order", async () => {
    const [reader, writer] = await pair();
    const inbox = new Inbox(reader, "n", first);
    await writer.emitWithAck("publish", 1, 5);
    await inbox.until(5);
    await hold();
    const sent = [writer.emitWithAck("publish", 6, 10), reader.emitWithAck("publish", 101, 105)];
    // Whoever comes now is served, on both workers.
    for (let i = 0; i < 4; i++) await clients.connect("upgrade");
    assert.deepEqual(inbox.items, range(1, 5));
    await letGo();
    await Promise.all(sent);
    await writer.emitWithAck("publish", 11, 12);
    await inbox.until(17);
    const of = (from, to) => inbox.items.filter((n) => n >= from && n <= to);
    assert.deepEqual(of(1, 12), range(1, 12));
    assert.deepEqual(of(101, 105), range(101, 105));
    assert.equal(inbox.items.length, 17);
  });

  it("loses nothing of a client that goes to another worker meanwhile", async () => {
    const [reader, writer] = await pair();
    const inbox = new Inbox(reader, "n", first);
    const told = new Inbox(reader, "hello", first);
    const { id } = reader;
    await writer.emitWithAck("publish", 1, 1);
    await inbox.until(1);
    await hold();
    reader.emit("join", "red");
    reader.emit("tell", "hello", "you");
    const sent = writer.emitWithAck("publish to", "red", 2, 3);
    for (let i = 0; i < 4; i++) { // to and fro
      const back = nextEvent(reader, "connect");
      reader.io.engine.close();
      await back;
      assert.equal(reader.recovered, true);
    }
    assert.deepEqual(inbox.items, [1]);
    await letGo();
    await Promise.all([sent, told.until(1)]); // what was told stood behind the join
    await writer.emitWithAck("publish to", "red", 4, 5);
    await writer.emitWithAck("publish", 6, 6);
    await eventually("the last one", () => inbox.items.at(-1) === 6);
    assert.equal(reader.id, id);
    assert.deepEqual(told.items, ["you"]);
    assert.deepEqual((await reader.emitWithAck("state")).rooms.sort(), ["red", id].sort());
    assert.deepEqual(inbox.items.slice(-3), [4, 5, 6]);
  });
});
