// SPDX-License-Identifier: MIT
// Sessions that go from worker to worker while others talk all the time: cut, half-open, stopped,
// drained, reloaded or killed. Each comes back as who it was, with all that it missed, once and in
// order.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { Clients, persist } from "../support/clients.js";
import { frame, op, RawWebSocket } from "../support/raw_websocket.js";
import { startServer } from "../support/server.js";
import { eventually, Inbox, nextEvent } from "../support/wait.js";

const first = (value) => value;
const range = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const workers = 3;

// A client that publishes 1, 2, 3, …, each again until it is acknowledged.
class Talker {
  constructor(socket) {
    this.socket = socket;
    this.n = 0;
    this.running = this.run();
  }

  async run() {
    while (!this.stopped) {
      const publish = () => this.socket.timeout(1000).emitWithAck("publish once", this.n + 1);
      while (!(await publish().catch(() => false))); // also when it is to stop: it may be out
      this.n++;
    }
  }

  async stop() {
    this.stopped = true;
    await this.running;
    return this.n;
  }
}

async function homeOf(socket) {
  return (await socket.timeout(5000).emitWithAck("whoami")).pid;
}

describe("sessions that move", { timeout: 120000 }, () => {
  let server, clients, talker;
  let gone; // the worker that the test before has ended
  before(async () => {
    server = await startServer("recovery", { workers, args: ["--drain", "0.5"] });
  });
  after(() => server?.stop());
  afterEach(async () => {
    await talker?.stop();
    clients?.close();
  });

  // One client that listens, and one on another worker that talks.
  async function begin(mode) {
    await server.whole(gone);
    clients = new Clients(server.url);
    const reader = await clients.connect(mode, { timeout: 3000 });
    const inbox = new Inbox(reader, "n", first);
    const home = await homeOf(reader);
    const writer = await eventually("a client on another worker", async () => {
      const client = await clients.connect("websocket");
      if ((await homeOf(client)) !== home) return client;
      client.close();
    });
    await reader.emitWithAck("join", "red");
    await reader.emitWithAck("remember", mode);
    talker = new Talker(writer);
    await inbox.until(1);
    return { reader, inbox, home };
  }

  // It is who it was, and has heard everything.
  async function finish({ reader, inbox, id }, mode) {
    const behind = inbox.items.length + 5;
    await inbox.until(behind);
    const last = await talker.stop();
    await inbox.until(last - inbox.items[0] + 1);
    assert.deepEqual(inbox.items, range(inbox.items[0], last));
    assert.equal(reader.recovered, true);
    assert.equal(reader.id, id);
    const state = await persist(reader, "state");
    assert.deepEqual(state.rooms.sort(), ["red", id].sort());
    assert.deepEqual(state.data, { value: mode });
  }

  // Each answers the worker that it has ended, if any.
  const ways = {
    "a cut": async ({ reader }) => {
      for (let i = 0; i < 5; i++) {
        const back = nextEvent(reader, "connect");
        reader.io.engine.close();
        await back;
      }
    },
    "kill -9 of its worker": async ({ reader, home }) => {
      const back = nextEvent(reader, "connect");
      process.kill(home, "SIGKILL");
      await back;
      return home;
    },
    "two cuts while its worker is stopped": async ({ reader, home }) => {
      process.kill(home, "SIGSTOP");
      for (let i = 0; i < 2; i++) {
        const open = nextEvent(reader.io, "open", 20000);
        reader.io.engine.close();
        await open;
      }
      const back = reader.connected || nextEvent(reader, "connect", 20000);
      process.kill(home, "SIGCONT");
      await back;
    },
    "two cuts while its worker is stopped, which is then killed": async ({ reader, home }) => {
      process.kill(home, "SIGSTOP");
      for (let i = 0; i < 2; i++) {
        const open = nextEvent(reader.io, "open", 20000);
        reader.io.engine.close();
        await open;
      }
      const back = reader.connected || nextEvent(reader, "connect", 20000);
      process.kill(home, "SIGKILL");
      await back;
      return home;
    },
    "two reloads": async ({ reader }) => {
      for (let i = 0; i < 2; i++) {
        const before = server.workerPids();
        const back = nextEvent(reader, "connect", 20000);
        process.kill(server.pid, "SIGHUP");
        await back;
        await server.whole(...before);
      }
    },
    "its worker's end by SIGTERM": async ({ reader, home }) => {
      const back = nextEvent(reader, "connect", 20000);
      process.kill(home, "SIGTERM");
      await back;
      return home;
    },
  };
  for (const [name, act] of Object.entries(ways)) {
    for (const mode of ["websocket", "polling"]) {
      it(`${name}, ${mode}`, async () => {
        const state = await begin(mode);
        state.id = state.reader.id;
        gone = await act(state);
        await finish(state, mode);
      });
    }
  }

  it("a hundred at once, whose worker is killed", async () => {
    const { home } = await begin("websocket");
    const all = await Promise.all(
      Array.from({ length: 100 * workers }, () => clients.connect("websocket")),
    );
    const homes = await Promise.all(all.map(homeOf));
    const moved = all.filter((_, i) => homes[i] === home);
    assert.ok(moved.length > 80, `${moved.length} clients there`);
    const inboxes = moved.map((client) => new Inbox(client, "n", first));
    await Promise.all(inboxes.map((inbox) => inbox.until(1)));
    const back = moved.map((client) => nextEvent(client, "connect", 20000));
    process.kill(home, "SIGKILL");
    gone = home;
    await Promise.all(back);
    const last = await talker.stop();
    for (const inbox of inboxes) {
      await inbox.until(last - inbox.items[0] + 1);
      assert.deepEqual(inbox.items, range(inbox.items[0], last));
    }
    assert.ok(moved.every((client) => client.recovered));
  });

  it("a half-open connection, which heard nothing of the last events", async () => {
    const { reader } = await begin("websocket");
    const socket = await RawWebSocket.open(server.port, "/socket.io/?EIO=4&transport=websocket");
    await socket.text();
    await socket.write(frame(op.text, "40"));
    const packets = [];
    const connected = () => packets.find((packet) => packet.startsWith("40"));
    const heard = () => packets.filter((packet) => packet.startsWith("42"));
    while (!connected() || heard().length < 3) packets.push(await socket.text());
    const { sid, pid } = JSON.parse(connected().slice(2));
    const [, last, offset] = JSON.parse(heard()[2].slice(2));
    // From here on nothing is read any more, and the connection seems alive.
    const again = clients.make("websocket", { auth: { pid, offset }, reconnection: false });
    const inbox = new Inbox(again, "n", first);
    await nextEvent(again, "connect");
    assert.equal(again.id, sid);
    assert.equal((await again.emitWithAck("state")).recovered, true);
    const end = await talker.stop();
    await inbox.until(end - last);
    assert.deepEqual(inbox.items, range(last + 1, end));
    assert.equal(reader.recovered, false);
  });
});
