// SPDX-License-Identifier: MIT
// What recovery promises beyond coming back: what goes over the wire and in which order, who owns a
// session when two want it, and what cannot be made to count.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { Clients } from "../support/clients.js";
import { closing, frame, op, RawWebSocket } from "../support/raw_websocket.js";
import { startServer, workerCounts } from "../support/server.js";
import { eventually, Inbox, nextEvent } from "../support/wait.js";

const first = (value) => value;
const separator = "\x1e";

// A client over polling that sends and reads packets as they are.
class Poller {
  static async open(url) {
    const path = `${url}/socket.io/?EIO=4&transport=polling`;
    const opened = await (await fetch(path)).text();
    return new Poller(`${path}&sid=${JSON.parse(opened.slice(1)).sid}`);
  }

  constructor(session) {
    this.session = session;
  }

  async say(...packets) {
    const response = await fetch(this.session, { method: "POST", body: packets.join(separator) });
    assert.equal(await response.text(), "ok");
  }

  async read() {
    return (await (await fetch(this.session)).text()).split(separator);
  }

  // CONNECT to "/"; what comes up to the answer to it.
  async connect(auth) {
    await this.say(`40${auth ? JSON.stringify(auth) : ""}`);
    const packets = [];
    while (!packets.some((packet) => /^4[04]/.test(packet))) packets.push(...(await this.read()));
    return packets;
  }
}

const connected = (packets) => JSON.parse(packets.find((p) => p.startsWith("40")).slice(2));
const lastArgument = (packet) => JSON.parse(packet.slice(packet.indexOf("["))).at(-1);

// A session that was left: its ids, and the offset of an event that it has received.
async function leaveSession(url) {
  const poller = await Poller.open(url);
  const { sid, pid } = connected(await poller.connect());
  await poller.say('420["join","room1"]', '421["tell","hello",0]');
  const packets = [];
  while (packets.length < 3) packets.push(...(await poller.read()));
  const offset = lastArgument(packets.find((packet) => packet.startsWith("42[")));
  await poller.say('422["start job","of a poller"]');
  await poller.read();
  await poller.say("1");
  return { sid, pid, offset };
}

describe("recovery on the wire", { timeout: 60000 }, () => {
  let server, clients, writer;
  before(async () => {
    server = await startServer("recovery", { workers: 1 });
    clients = new Clients(server.url);
    writer = await clients.connect("websocket");
  });
  after(async () => {
    clients?.close();
    await server?.stop();
  });

  it("sends what was missed, then the same ids", async () => {
    const { sid, pid, offset } = await leaveSession(server.url);
    await writer.emitWithAck("publish", 1, 1);
    await writer.emitWithAck("publish to", "room1", 2, 2);
    await writer.emitWithAck("publish to", "room2", 3, 3);
    await writer.emitWithAck("end job", "of a poller", 4);
    const packets = await (await Poller.open(server.url)).connect({ pid, offset });
    assert.equal(packets.length, 4);
    assert.match(packets[0], /^42\["n",1,"[^"]+"\]$/);
    assert.match(packets[1], /^42\["n",2,"[^"]+"\]$/);
    assert.match(packets[2], /^42\["done",4,"[^"]+"\]$/);
    assert.equal(packets[3], `40${JSON.stringify({ sid, pid })}`);
  });

  it("is a fresh session for a private id that nobody has", async () => {
    const strange = ["foo", "A".repeat(20), "x".repeat(100000), 5, null, {}, [], { length: 20 }];
    for (const pid of strange) {
      const packets = await (await Poller.open(server.url)).connect({ pid, offset: "bar" });
      assert.equal(packets.length, 1);
      const fresh = connected(packets);
      assert.match(fresh.sid, /^.{20}$/);
      assert.match(fresh.pid, /^.{20}$/);
      assert.notEqual(fresh.pid, pid);
    }
  });

  it("is a fresh session for an offset that is none", async () => {
    const { offset: real } = await leaveSession(server.url);
    const future = real.replace(/[^:]*$/, "fffffffffffffff0");
    const offsets = [future, 5, null, {}, [], "", "x".repeat(100000), `${real}0`, `${real} `];
    for (const offset of offsets) {
      const { sid, pid } = await leaveSession(server.url);
      const fresh = connected(await (await Poller.open(server.url)).connect({ pid, offset }));
      assert.notEqual(fresh.sid, sid, JSON.stringify(offset).slice(0, 60));
    }
  });

  it("is for the namespace that the session was in", async () => {
    const { sid, pid, offset } = await leaveSession(server.url);
    const poller = await Poller.open(server.url);
    await poller.say(`40/other,${JSON.stringify({ pid, offset })}`);
    const [answer] = await poller.read();
    assert.ok(answer.startsWith("40/other,"));
    assert.notEqual(JSON.parse(answer.slice(9)).sid, sid);
  });

  it("is not disturbed by a second CONNECT", async () => {
    const { sid, pid, offset } = await leaveSession(server.url);
    const poller = await Poller.open(server.url);
    const text = `40${JSON.stringify({ pid, offset })}`;
    await poller.say(text, text, "40");
    const packets = await poller.read();
    assert.deepEqual(packets.filter((packet) => packet.startsWith("40")), [
      `40${JSON.stringify({ sid, pid })}`,
    ]);
  });
});

describe("recovery and middlewares", { timeout: 60000 }, () => {
  let clients, server;
  afterEach(async () => {
    clients?.close();
    await server?.stop();
  });

  async function start(env) {
    server = await startServer("recovery", { workers: 1, env });
    clients = new Clients(server.url);
    const reader = await clients.connect("websocket");
    await reader.emitWithAck("join", "red");
    await reader.emitWithAck("remember", { name: "ann" });
    return reader;
  }

  // Cut off; what its socket is when it is there again.
  async function comeBack(reader) {
    const back = nextEvent(reader, "connect");
    reader.io.engine.close();
    await back;
    return reader.emitWithAck("state");
  }

  it("are not met again", async () => {
    const reader = await start({});
    const { id } = reader;
    const { passed } = await reader.emitWithAck("state");
    const state = await comeBack(reader);
    assert.equal(reader.recovered, true);
    assert.deepEqual(state.rooms.sort(), ["red", id].sort());
    assert.deepEqual(state, { recovered: true, rooms: state.rooms, passed,
      data: { value: { name: "ann" } } });
  });

  it("are met again with skip_middlewares = false", async () => {
    const reader = await start({ MIDDLEWARES: "1" });
    const { passed } = await reader.emitWithAck("state");
    const state = await comeBack(reader);
    assert.equal(reader.recovered, true);
    assert.equal(state.recovered, true);
    assert.equal(state.passed, passed + 1);
    assert.deepEqual(state.data, { value: { name: "ann" } });
  });

  it("may refuse, and let it in later, with all that it missed", async () => {
    const reader = await start({ MIDDLEWARES: "1" });
    const inbox = new Inbox(reader, "n", first);
    const writer = await clients.connect("websocket");
    const { id } = reader;
    await writer.emitWithAck("refuse", true);
    const refused = nextEvent(reader, "connect_error");
    reader.io.engine.close();
    assert.equal((await refused)[0].message, "not now");
    await writer.emitWithAck("publish", 1, 3);
    assert.deepEqual(inbox.items, []);
    await writer.emitWithAck("refuse", false);
    const back = nextEvent(reader, "connect");
    reader.connect();
    await back;
    assert.equal(reader.recovered, true);
    assert.equal(reader.id, id);
    assert.deepEqual(await inbox.until(3), [1, 2, 3]);
  });

  it("is off unless asked for", async () => {
    server = await startServer("recovery", { workers: 1, env: { RECOVERY: "0" } });
    clients = new Clients(server.url);
    const poller = await Poller.open(server.url);
    const answer = connected(await poller.connect({ pid: "A".repeat(20), offset: "x" }));
    assert.deepEqual(Object.keys(answer), ["sid"]);
    await poller.say('42["tell","hello",1]');
    assert.deepEqual(await poller.read(), ['42["hello",1]']);
  });
});

for (const workers of workerCounts(1, 2)) {
  describe(`one owner, ${workers} worker(s)`, { timeout: 60000 }, () => {
    let server, clients;
    before(async () => {
      server = await startServer("recovery", { workers });
      clients = new Clients(server.url);
    });
    afterEach(() => clients?.close());
    after(() => server?.stop());

    // A WebSocket that was connected and then is read no more, with its ids.
    async function halfOpen() {
      const socket = await RawWebSocket.open(server.port, "/socket.io/?EIO=4&transport=websocket");
      await socket.text();
      await socket.write(frame(op.text, "40"));
      const { sid, pid } = JSON.parse((await socket.text()).slice(2));
      return { socket, sid, pid };
    }

    it("retires the half-open predecessor of a client that comes back early", async () => {
      const { socket, sid, pid } = await halfOpen();
      const reader = await clients.connect("websocket", { auth: { pid } });
      assert.equal(reader.id, sid);
      assert.equal((await reader.emitWithAck("state")).recovered, true);
      await socket.closed(closing());
    });

    it("gives a session to one of those who ask at once", async () => {
      const { sid, pid } = await halfOpen();
      const options = { auth: { pid }, reconnection: false };
      const all = Array.from({ length: 6 }, () => clients.make("websocket", options));
      await Promise.all(all.map((client) => nextEvent(client, "connect")));
      const owners = () => all.filter((client) => client.connected && client.id === sid);
      await eventually("one owner", () => owners().length === 1);
      const [owner] = owners();
      const inbox = new Inbox(owner, "n", first);
      const writer = await clients.connect("websocket");
      await writer.emitWithAck("publish", 1, 2);
      assert.deepEqual(await inbox.until(2), [1, 2]);
      assert.equal(owners().length, 1);
    });

    it("is not confused by volatile events, which carry offsets too", async () => {
      const reader = await clients.connect("websocket");
      const writer = await clients.connect("websocket");
      const inbox = new Inbox(reader, "n", first);
      const volatile = nextEvent(reader, "v");
      await writer.emitWithAck("volatile", "not an offset");
      assert.equal((await volatile)[0], "not an offset");
      const back = nextEvent(reader, "connect");
      const gone = nextEvent(reader, "disconnect");
      reader.io.engine.close();
      await gone;
      await writer.emitWithAck("publish", 1, 2);
      await back;
      assert.equal(reader.recovered, true);
      assert.deepEqual(await inbox.until(2), [1, 2]);
    });

    it("delivers what a handler sends to a socket that was gone by then", async () => {
      const reader = await clients.connect("websocket");
      const sameWorker = async () => {
        const writer = await clients.connect("websocket");
        const pids = await Promise.all([reader, writer].map((c) => c.emitWithAck("whoami")));
        return pids[0].pid === pids[1].pid && writer;
      };
      const writer = await eventually("a client on the same worker", sameWorker);
      const inbox = new Inbox(reader, "done", first);
      await reader.emitWithAck("start job", reader.id);
      const back = nextEvent(reader, "connect");
      const gone = nextEvent(reader, "disconnect");
      const { id } = reader;
      reader.io.engine.close();
      await gone;
      assert.equal(await writer.emitWithAck("end job", id, "while it was away"), true);
      await back;
      assert.equal(reader.recovered, true);
      assert.equal(await writer.emitWithAck("end job", id, "when it was back"), true);
      assert.deepEqual(await inbox.until(2), ["while it was away", "when it was back"]);
    });
  });
}
