// SPDX-License-Identifier: MIT
// Questions to many: broadcasts with acknowledgements and events from server to server, on one
// worker and on four.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Clients, transports } from "../support/clients.js";
import { startServer, workerCounts } from "../support/server.js";
import { eventually, Inbox, nextEvent } from "../support/wait.js";

const limitMs = 8000;
const say = (socket, ...args) => socket.timeout(limitMs).emitWithAck(...args);

for (const workers of workerCounts(1, 4)) {
  describe(`broadcast with acknowledgements, ${workers} worker(s)`, { timeout: 60000 }, () => {
    let server, clients, sockets;
    const sorted = (list) => [...list].sort();

    // What client i does with a question: answer with its number.
    function answerAll() {
      for (const [i, socket] of sockets.entries()) {
        socket.off("question");
        socket.on("question", (...args) => args.at(-1)(i));
      }
    }

    before(async () => {
      server = await startServer("many", { workers });
      clients = new Clients(server.url);
      const modes = [...Object.keys(transports), ...Object.keys(transports)];
      sockets = await Promise.all(modes.map((mode) => clients.connect(mode)));
      const pids = await Promise.all(sockets.map((socket) => say(socket, "whoami")));
      assert.equal(new Set(pids).size, Math.min(workers, sockets.length));
    });
    after(async () => {
      assert.deepEqual(clients?.mishaps, []);
      clients?.close();
      await server?.stop();
    });

    it("gets the answer of every client", async () => {
      answerAll();
      const { answers, err } = await say(sockets[0], "ask all", 5);
      assert.deepEqual([sorted(answers), err], [[0, 1, 2, 3, 4, 5], undefined]);
    });

    it("gives them to a callback too", async () => {
      answerAll();
      const { answers, err } = await say(sockets[3], "ask by callback", 5);
      assert.deepEqual([sorted(answers), err], [[0, 1, 2, 3, 4, 5], undefined]);
    });

    it("asks the members of a room, the others, this worker's", async () => {
      answerAll();
      for (const i of [1, 4]) await say(sockets[i], "join", "jury");
      const room = await say(sockets[0], "ask room", 5, "jury");
      assert.deepEqual([sorted(room.answers), room.err], [[1, 4], undefined]);
      const others = await say(sockets[2], "ask others", 5);
      assert.deepEqual([sorted(others.answers), others.err], [[0, 1, 3, 4, 5], undefined]);
      const pids = await Promise.all(sockets.map((socket) => say(socket, "whoami")));
      const here = await say(sockets[0], "ask here", 5);
      const mine = [0, 1, 2, 3, 4, 5].filter((i) => pids[i] === pids[0]);
      assert.deepEqual([sorted(here.answers), here.err], [mine, undefined]);
    });

    it("is done at once when there is nobody", async () => {
      const then = Date.now();
      const { answers, err } = await say(sockets[0], "ask room", 60, "nobody");
      assert.deepEqual([answers, err], [[], undefined]);
      assert.ok(Date.now() - then < 30000);
    });

    it("says that the time is over, with the answers so far", async () => {
      answerAll();
      sockets[2].off("question");
      sockets[2].on("question", () => {});
      const { answers, err } = await say(sockets[0], "ask all", 0.3);
      assert.deepEqual([sorted(answers), err], [[0, 1, 3, 4, 5], "timeout"]);
    });

    it("does not wait for a client that leaves", async () => {
      answerAll();
      const leaver = await clients.connect("websocket", { reconnection: false });
      leaver.on("question", () => leaver.io.engine.close());
      const { answers, err } = await say(sockets[0], "ask all", 60);
      assert.deepEqual([sorted(answers), err], [[0, 1, 2, 3, 4, 5], undefined]);
    });

    it("has the first argument of each, null for none, bytes and what is nested", async () => {
      const values = [[], [null], [{ a: [1, { b: "ü" }] }, "more"], [Buffer.from([1, 2])]];
      for (const [i, socket] of sockets.entries()) {
        socket.off("question");
        socket.on("question", (...args) => args.at(-1)(...(values[i] ?? ["x"])));
      }
      const { answers } = await say(sockets[5], "ask all", 5);
      const count = (test) => answers.filter(test).length;
      assert.equal(answers.length, 6);
      assert.equal(count((value) => value === null), 2);
      assert.equal(count((value) => value === "x"), 2);
      assert.equal(count((value) => value?.a?.[1]?.b === "ü"), 1);
      assert.deepEqual(answers.find(Buffer.isBuffer), Buffer.from([1, 2]));
    });

    it("sends arguments and bytes along, in order with other events", async () => {
      const seen = sockets.map((socket) => {
        const list = [];
        socket.off("question");
        socket.on("question", (...args) => {
          list.push(args.slice(0, -1));
          args.at(-1)(list.length);
        });
        return list;
      });
      const bytes = Buffer.from("bytes");
      await Promise.all([
        say(sockets[0], "ask all", 5, 1, bytes),
        say(sockets[0], "ask all", 5, 2, { nested: bytes }),
      ]);
      for (const list of seen) assert.deepEqual(list, [[1, bytes], [2, { nested: bytes }]]);
    });

    it("meets no acknowledgement of a single socket", async () => {
      answerAll();
      const asks = sockets.flatMap((socket, i) => [
        say(socket, "ask all", 5).then(({ answers }) => sorted(answers)),
        say(socket, "ask", "you").then((answer) => assert.equal(answer, i)),
      ]);
      for (const all of (await Promise.all(asks)).filter(Boolean)) {
        assert.deepEqual(all, [0, 1, 2, 3, 4, 5]);
      }
    });

    it("takes one answer of each client, whatever it sends", async () => {
      const [mean] = sockets.slice(1);
      answerAll();
      mean.off("question");
      mean.on("question", (ack) => {
        ack("first");
        const { id } = mean.ids; // of its own packets; the server's ids are guessed
        for (let i = 0; i < 50; i++) {
          mean.io._packet({ type: 3, nsp: "/", id: id ?? i, data: ["forged"] });
        }
      });
      const { answers } = await say(sockets[0], "ask all", 5);
      assert.equal(answers.length, 6);
      assert.equal(answers.filter((value) => value === "first").length, 1);
      assert.ok(!answers.includes("forged"));
    });
  });

  describe(`emits to many, ${workers} worker(s)`, { timeout: 60000 }, () => {
    let server, clients, sockets;

    before(async () => {
      server = await startServer("many", { workers });
      clients = new Clients(server.url);
      const modes = Object.keys(transports);
      sockets = await Promise.all(modes.map((mode) => clients.connect(mode)));
    });
    after(async () => {
      clients?.close();
      await server?.stop();
    });

    it("sends bytes to the others in a room, and not to who sends", async () => {
      for (const socket of sockets.slice(1)) await say(socket, "join", "b");
      const inboxes = sockets.map((socket) => new Inbox(socket, "bytes"));
      const done = nextEvent(sockets[2], "done");
      sockets[2].emit("bytes to", "b", Buffer.from("12345"));
      assert.deepEqual(await inboxes[1].until(1), [Buffer.from("12345")]);
      await done;
      assert.deepEqual(inboxes.map((inbox) => inbox.items.length), [0, 1, 0]);
    });

    it("knows its rooms, its own among them, and has none when it left", async () => {
      const socket = await clients.connect("websocket", { reconnection: false });
      const own = socket.id;
      assert.deepEqual(await say(socket, "rooms"), [own]);
      await say(socket, "join", "a");
      const joined = await say(socket, "join many", "b", "c");
      assert.deepEqual(joined.sort(), ["a", "b", "c", own].sort());
      const rest = await say(socket, "leave", "b");
      assert.deepEqual(rest.sort(), ["a", "c", own].sort());
      const left = nextEvent(sockets[0], "rooms of who left");
      socket.close();
      assert.deepEqual(await left, [[]]);
    });

    it("joins several rooms at once", async () => {
      const rooms = await say(sockets[0], "join many", "x", "y", "z");
      for (const room of [sockets[0].id, "x", "y", "z"]) assert.ok(rooms.includes(room), room);
    });

    it("joins nothing any more once it has gone", async () => {
      const socket = await clients.connect("polling", { reconnection: false });
      const left = nextEvent(sockets[0], "rooms of who left");
      socket.close();
      assert.deepEqual(await left, [[]]);
      const late = await say(sockets[0], "ask room", 5, "too late");
      assert.deepEqual(late.answers, []);
    });

    it("leaves out one client by its id", async () => {
      const inboxes = sockets.map((socket) => new Inbox(socket, "hello"));
      const ends = sockets.map((socket) => nextEvent(socket, "end"));
      sockets[2].emit("to all but", sockets[1].id);
      await Promise.all(ends);
      assert.deepEqual(inboxes.map((inbox) => inbox.items.length), [1, 0, 0]);
    });
  });

  describe(`events from server to server, ${workers} worker(s)`, { timeout: 60000 }, () => {
    let server, clients, socket, pid;
    const others = () => server.workerPids().filter((each) => each !== pid);
    const ask = (...args) => say(socket, "ask servers", ...args);

    before(async () => {
      server = await startServer("many", { workers });
      clients = new Clients(server.url);
      socket = await clients.connect("websocket");
      pid = await say(socket, "whoami");
    });
    after(async () => {
      clients?.close();
      await server?.stop();
    });

    it("reach the others and not the sender", async () => {
      const more = await Promise.all(
        Array.from({ length: 3 * workers }, () => clients.connect("websocket")),
      );
      const all = [socket, ...more];
      const homes = await Promise.all(all.map((each) => say(each, "whoami")));
      assert.equal(new Set(homes).size, workers);
      const inboxes = all.map((each) => new Inbox(each, "news", (...args) => args));
      assert.equal(await say(socket, "tell servers", 1, Buffer.from("b")), true);
      await ask("who"); // behind it
      for (const [i, inbox] of inboxes.entries()) {
        if (homes[i] === pid) continue;
        assert.deepEqual(await inbox.until(1), [[homes[i], 1, Buffer.from("b")]]);
      }
      for (const [i, inbox] of inboxes.entries()) {
        assert.equal(inbox.items.length, homes[i] === pid ? 0 : 1);
      }
    });

    it("are answered with what their listeners return", async () => {
      const { answers, err } = await ask("who", 1, "two", { three: [3] });
      assert.equal(err, undefined);
      assert.deepEqual(answers.map((answer) => answer.pid).sort(), others().sort());
      for (const { args } of answers) assert.deepEqual(args, [1, "two", { three: [3] }]);
    });

    it("are answered later, once, also to a callback", async () => {
      const { answers } = await ask("later", "soon");
      assert.deepEqual(answers, others().map(() => "soon"));
      const called = await say(socket, "ask servers by callback", "who");
      assert.deepEqual(called.answers.map((answer) => answer.pid).sort(), others().sort());
    });

    it("have bytes both ways", async () => {
      const { answers } = await ask("bytes", Buffer.from("ab"));
      assert.deepEqual(answers, others().map(() => Buffer.from("ab!")));
    });

    it("are answered with nothing where nobody listens", async () => {
      assert.deepEqual(await ask("what is this"), { answers: [] });
    });
  });
}

describe("questions and workers that die", { timeout: 60000 }, () => {
  let server, clients;

  before(async () => {
    server = await startServer("many", { workers: 4 });
    clients = new Clients(server.url);
  });
  after(async () => {
    clients?.close();
    await server?.stop();
  });

  it("kill -9 while a broadcast waits: it ends at once, with the others' answers", async () => {
    const sockets = await Promise.all(
      Array.from({ length: 8 }, () => clients.connect("websocket", { reconnection: false })),
    );
    const homes = await Promise.all(sockets.map((each) => say(each, "whoami")));
    const [asker] = sockets;
    const victim = homes.find((home) => home !== homes[0]);
    let waiting = 0;
    const reached = new Promise((resolve) => {
      for (const [i, each] of sockets.entries()) {
        each.on("question", (ack) => {
          if (homes[i] !== victim) ack(i);
          if (++waiting === sockets.length) resolve();
        });
      }
    });
    const answered = say(asker, "ask all", 60);
    await reached;
    process.kill(victim, "SIGKILL");
    const { answers, err } = await answered;
    assert.match(err, /^missing 1 of 4 workers$/);
    const alive = homes.flatMap((home, i) => (home === victim ? [] : [i]));
    assert.deepEqual(answers.sort(), alive);
    await server.whole(victim);
  });

  it("a worker that dies of a question is missing, at once", async () => {
    const socket = await clients.connect("websocket", { reconnection: false });
    await eventually("all answer", async () => {
      const { answers, err } = await say(socket, "ask servers", "who");
      return answers.length === 3 && err === undefined;
    });
    const home = await say(socket, "whoami");
    const others = server.workerPids().filter((each) => each !== home);
    const { answers, err } = await say(socket, "ask servers", "die");
    assert.deepEqual([answers, err], [[], "missing 3 of 3 workers"]); // not "timeout"
    await server.whole(...others);
  });

  it("who says nothing is waited for, five seconds", async () => {
    const socket = await clients.connect("websocket", { reconnection: false });
    await eventually("all answer", async () => {
      const { answers } = await say(socket, "ask servers", "who");
      return answers.length === 3;
    });
    const [silent, broken] = await Promise.all([
      say(socket, "ask servers", "silence"),
      say(socket, "ask servers", "broken"),
    ]);
    assert.deepEqual(silent, { answers: [], err: "timeout" });
    assert.deepEqual(broken, { answers: [], err: "timeout" });
    await nextEvent(socket, "never", 1).catch(() => {});
    assert.ok(socket.connected);
  });
});
