// SPDX-License-Identifier: MIT
// Namespaces that clients make by asking for a name that a pattern or a function takes, with the
// official client and with one worker and several: who gets in, who hears what, when they go.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { Clients } from "../support/clients.js";
import { startServer, workerCounts } from "../support/server.js";
import { eventually, Inbox, nextEvent } from "../support/wait.js";

// A sanitizer keeps freed memory for a while.
const quarantined = process.env.SIO_PRELOAD !== undefined;
const ask = (socket, ...args) => socket.timeout(5000).emitWithAck(...args);
const all = (socket, event) =>
  new Promise((resolve) => socket.emit(event, (...answers) => resolve(answers)));

for (const workers of workerCounts(1, 4)) {
  describe(`namespaces by pattern and function, ${workers} worker(s)`, { timeout: 60000 }, () => {
    let server, clients;
    const connect = (namespace, options) => clients.connect("websocket", { namespace, ...options });
    const refused = async (namespace, auth) => {
      const socket = clients.make("websocket", { namespace, auth });
      const [error] = await nextEvent(socket, "connect_error");
      return error;
    };

    before(async () => {
      server = await startServer("namespaces", { workers });
      clients = new Clients(server.url);
    });
    afterEach(() => {
      assert.deepEqual(clients?.mishaps, []);
      clients?.close();
    });
    after(() => server?.stop());

    it("makes the namespace whose name a pattern takes", async () => {
      const socket = await connect("/game-101");
      assert.deepEqual(await all(socket, "where"), ["/game-101", ["101"]]);
    });

    it("makes the namespace that a function takes, who knows auth", async () => {
      const socket = await connect("/by-function", { auth: { key: "open" } });
      assert.deepEqual(await all(socket, "where"), ["/by-function", null]);
      socket.disconnect();
      const slow = await connect("/by-function", { auth: { key: "open", wait: 0.02 } });
      assert.deepEqual(await all(slow, "where"), ["/by-function", null]);
    });

    it("refuses a name that nobody takes", async () => {
      for (const auth of [{}, { wait: 0.02 }, { fail: true }]) {
        assert.equal((await refused("/nobody", auth)).message, "Invalid namespace");
      }
      assert.equal((await refused("/by-function", { key: "shut" })).message, "Invalid namespace");
      assert.equal((await refused("/game-x")).message, "Invalid namespace");
    });

    it("speaks to the sockets of all children, on all workers", async () => {
      const games = await Promise.all([1, 2, 3, 1, 2, 3].map((n) => connect(`/game-${n}`)));
      const chat = await connect("/chat");
      const inboxes = [...games, chat].map((socket) => new Inbox(socket, "news"));
      await ask(games[0], "to all games", [1, "2", { 3: "4" }]);
      for (const inbox of inboxes.slice(0, 6)) {
        assert.deepEqual(await inbox.until(1), [[1, "2", { 3: "4" }]]);
      }
      assert.deepEqual(inboxes[6].items, []);
    });

    it("speaks to a room of all children, on all workers", async () => {
      const games = await Promise.all([1, 2, 3, 1, 2, 3].map((n) => connect(`/game-${n}`)));
      const inboxes = games.map((socket) => new Inbox(socket, "news"));
      for (const n of [0, 1, 5]) await ask(games[n], "join", "some-room");
      await ask(games[3], "to room of games", "some-room", "for the room");
      await ask(games[3], "to all games", ["for all"]);
      for (const [n, inbox] of inboxes.entries()) {
        const expected = [0, 1, 5].includes(n) ? ["for the room", "for all"] : ["for all"];
        assert.deepEqual(await inbox.until(expected.length), expected);
      }
    });

    it("asks the sockets of all children, on all workers", async () => {
      const games = await Promise.all([1, 2, 3, 1, 2, 3].map((n) => connect(`/game-${n}`)));
      for (const [n, socket] of games.entries()) {
        socket.on("question", (question, ack) => ack(`${question} ${n}`));
      }
      for (const socket of games) {
        const { answers, err } = await ask(socket, "ask all games", "who?");
        assert.equal(err, undefined);
        assert.deepEqual(answers.sort(), games.map((_, n) => `who? ${n}`));
      }
    });

    it("finds and counts the sockets of all children, on all workers", async () => {
      const games = await Promise.all([1, 2, 3, 1, 2, 3].map((n) => connect(`/game-${n}`)));
      const inboxes = games.map((socket) => new Inbox(socket, "news"));
      const those = [0, 1, 5].map((n) => games[n]);
      for (const socket of those) await ask(socket, "join", "some-room");
      for (const [round, socket] of games.entries()) {
        const { list, err, n, rooms } = await ask(socket, "find all games", "some-room");
        assert.equal(err, undefined);
        assert.equal(n, 6);
        assert.deepEqual(rooms, { "some-room": 3 });
        assert.deepEqual(list.sort(), those.map((each) => each.id).sort());
        for (const i of [0, 1, 5]) await inboxes[i].until(round + 1);
      }
      assert.deepEqual(inboxes[2].items, []);
    });

    it("reaches a child from workers that do not have it", async () => {
      const games = await Promise.all([1, 1, 1, 1].map((n) => connect(`/game-${n}`)));
      const chats = await Promise.all([1, 2, 3, 4].map(() => connect("/chat")));
      const inbox = new Inbox(games[0], "news");
      for (const [n, chat] of chats.entries()) {
        await ask(chat, "emit", "/game-1", "news", n);
        await inbox.until(n + 1);
      }
      assert.deepEqual(inbox.items, [0, 1, 2, 3]);
    });
  });
}

for (const workers of workerCounts(1, 2)) {
  describe(`recovery in children, ${workers} worker(s)`, { timeout: 60000 }, () => {
    let server, clients;
    before(async () => {
      server = await startServer("namespaces", { workers, env: { RECOVERY: "1" } });
      clients = new Clients(server.url);
    });
    after(async () => {
      clients?.close();
      await server?.stop();
    });
    const first = (value) => value; // an offset follows
    const connect = (namespace) => clients.connect("websocket", { namespace });
    // Says something to all children and to this one, until `client` has heard it.
    const publish = async (writer, n) => {
      await ask(writer, "to all games", [`all ${n}`]);
      await ask(writer, "emit", "/game-1", "news", `one ${n}`);
      await ask(writer, "emit", "/game-2", "news", `other ${n}`);
    };

    async function comesBack(cut) {
      const reader = await connect("/game-1");
      const [before, news] = [reader.id, new Inbox(reader, "news", first)];
      const writer = await eventually("a client that will stay", async () => {
        const client = await connect("/chat");
        const apart = (await ask(client, "whoami")).pid !== (await ask(reader, "whoami")).pid;
        if (workers === 1 || apart) return client;
        client.disconnect();
      });
      await publish(writer, 1);
      await news.until(2);
      const [gone, back] = [nextEvent(reader, "disconnect"), nextEvent(reader, "connect")];
      await cut(reader);
      await gone;
      await publish(writer, 2);
      await back;
      assert.equal(reader.recovered, true);
      assert.equal(reader.id, before);
      await publish(writer, 3);
      assert.deepEqual(await news.until(6), ["all 1", "one 1", "all 2", "one 2", "all 3", "one 3"]);
      clients.close();
    }

    it("brings the last client of a child back, with what it missed", () =>
      comesBack((reader) => reader.io.engine.close()));

    if (workers === 1) return;
    it("brings it back when its worker was killed", () =>
      comesBack(async (reader) => process.kill((await ask(reader, "whoami")).pid, "SIGKILL")));
  });
}

describe("a server that keeps empty namespaces", { timeout: 60000 }, () => {
  let server, clients;
  const get = async (path) => (await fetch(`${server.url}${path}`)).json();
  before(async () => {
    server = await startServer("namespaces", { workers: 1, env: { KEEP_CHILDREN: "1" } });
    clients = new Clients(server.url);
  });
  after(async () => {
    clients?.close();
    await server?.stop();
  });

  it("has them when their clients have left, or were refused", async () => {
    const socket = await clients.connect("websocket", { namespace: "/game-1" });
    socket.disconnect();
    const no = clients.make("websocket", { namespace: "/game-2", auth: { refuse: "x" } });
    await nextEvent(no, "connect_error");
    await get("/seen");
    const probe = await clients.connect("websocket", { namespace: "/chat" });
    await eventually("nobody there", async () => (await ask(probe, "local names", "/game-1"))
      .length === 0);
    assert.equal((await get("/held")).children, 2);
    await clients.connect("websocket", { namespace: "/game-1" });
    await clients.connect("websocket", { namespace: "/game-2" });
    const all = await get("/seen");
    assert.ok(all.includes("connection /game-2") && !all.some((line) => line.startsWith("new")));
  });
});

describe("the life of a namespace", { timeout: 60000 }, () => {
  let server, clients;
  const connect = (namespace, options) => clients.connect("websocket", { namespace, ...options });
  const get = async (path) => (await fetch(`${server.url}${path}`)).json();
  const gone = () => eventually("no child", async () => (await get("/held")).children === 0);

  before(async () => {
    server = await startServer("namespaces", { workers: 1 });
    clients = new Clients(server.url);
  });
  afterEach(() => {
    assert.deepEqual(clients?.mishaps, []);
    clients?.close();
  });
  after(() => server?.stop());

  it("tells of a namespace that a client has made", async () => {
    await get("/seen");
    const [a, b] = [await connect("/game-1"), await connect("/game-1")];
    assert.deepEqual(await get("/seen"), ["new /game-1", "connection /game-1",
      "connection /game-1"]);
    a.disconnect();
    assert.equal((await get("/held")).children, 1);
    b.disconnect();
    await gone();
    await get("/seen");
    await connect("/game-1");
    assert.deepEqual(await get("/seen"), ["new /game-1", "connection /game-1"]);
  });

  it("makes one namespace for two who ask at once", async () => {
    await get("/seen");
    await Promise.all([connect("/gate"), connect("/gate")]);
    assert.deepEqual(await get("/seen"), ["new /gate", "function /gate", "function /gate"]);
  });

  it("lets a child go when its last client was refused", async () => {
    await get("/seen");
    const socket = clients.make("websocket", { namespace: "/game-2", auth: { refuse: "x" } });
    const [error] = await nextEvent(socket, "connect_error");
    assert.equal(error.message, "You shall not pass");
    assert.deepEqual(error.data, { why: "x" });
    await gone();
    assert.deepEqual(await get("/seen"), ["new /game-2"]);
  });

  it("keeps a child in which somebody else is", async () => {
    const stays = await connect("/game-2");
    const socket = clients.make("websocket", { namespace: "/game-2", auth: { refuse: "x" } });
    await nextEvent(socket, "connect_error");
    assert.equal((await get("/held")).children, 1);
    assert.equal((await ask(stays, "local names", "/game-2")).length, 1);
  });

  it("keeps a child in which somebody waits for a middleware", async () => {
    const first = await connect("/game-3");
    const second = connect("/game-3", { auth: { wait: 0.1 } });
    await ask(first, "where");
    first.disconnect();
    const socket = await second;
    assert.deepEqual(await ask(socket, "local names", "/game-3"), [socket.id]);
  });

  it("does no harm to who holds a namespace that has gone", async () => {
    await get("/seen");
    const socket = await connect("/game-4");
    socket.emit("later");
    const seen = [];
    await eventually("the handler's end", async () => {
      seen.push(...(await get("/seen")));
      return seen.includes("later /game-4 nil");
    });
    await gone();
  });

  it("keeps what the app has made, when it is empty", async () => {
    const socket = await connect("/chat");
    socket.disconnect();
    await eventually("nobody there", async () => {
      const probe = await connect("/news");
      return (await ask(probe, "local names", "/chat")).length === 0;
    });
    await get("/seen");
    await connect("/chat");
    assert.ok(!(await get("/seen")).includes("new /chat"));
  });

  it("leaves no memory behind when ten thousand children came and went", async () => {
    const text = async (response) => (await response).text();
    const url = `${server.url}/socket.io/?EIO=4&transport=polling`;
    const { sid } = JSON.parse((await text(fetch(url))).slice(1));
    const post = (packets) => text(fetch(`${url}&sid=${sid}`, {
      method: "POST", body: packets.join("\x1e"),
    }));
    // Of one client: it comes and goes forty times in each body.
    const round = async (from) => {
      const packets = [];
      for (let i = from; i < from + 40; i++) packets.push(`40/game-${i},`, `41/game-${i},`);
      const polled = text(fetch(`${url}&sid=${sid}`));
      await post(packets);
      if ((await polled) === "2") await post(["3"]);
    };
    for (let i = 0; i < 2000; i += 40) await round(i);
    await get("/seen");
    const before = await get("/held");
    for (let i = 2000; i < 12000; i += 40) {
      await round(i);
      await get("/seen"); // or the app keeps the lines
    }
    await gone();
    const held = await get("/held");
    assert.equal(held.handles, before.handles);
    assert.ok(held.memory < before.memory + 100, `${before.memory} KiB, then ${held.memory}`);
    const most = before.resident + 2000;
    assert.ok(quarantined || held.resident < most, `${before.resident}, then ${held.resident}`);
    await post(["1"]);
  });

  it("refuses a client that asks for more namespaces than it may have", async () => {
    const [manager] = [await connect("/chat")].map((socket) => socket.io);
    const sockets = Array.from({ length: 70 }, (_, i) => manager.socket(`/game-${i}`));
    const outcomes = await Promise.all(sockets.map((socket) => new Promise((resolve) => {
      socket.on("connect", () => resolve("in"));
      socket.on("connect_error", (error) => resolve(error.message));
    })));
    assert.equal(outcomes.filter((outcome) => outcome === "in").length, 63);
    assert.equal(outcomes.filter((outcome) => outcome === "too many namespaces").length, 7);
    manager._close();
    await gone();
  });

  it("forgets what was kept on a child", async () => {
    const socket = await connect("/game-5");
    await ask(socket, "keep", 5);
    assert.equal(await ask(socket, "kept"), 5);
    socket.disconnect();
    await gone();
    const again = await connect("/game-5");
    assert.equal(await ask(again, "kept"), null);
  });
});
