// SPDX-License-Identifier: MIT
// Questions to all workers, and what becomes of them when a worker dies or hangs.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Clients } from "../support/clients.js";
import { startServer, workerCounts } from "../support/server.js";
import { eventually, nextEvent } from "../support/wait.js";

for (const workers of workerCounts(1, 4)) {
  describe(`questions, ${workers} worker(s)`, { timeout: 60000 }, () => {
    let server, clients, sockets, places;

    before(async () => {
      server = await startServer("ask", { workers });
      clients = new Clients(server.url);
      sockets = []; // one by one, which leaves no worker without
      while (sockets.length < 8) sockets.push(await clients.connect("websocket"));
      places = await Promise.all(sockets.map((socket) => socket.emitWithAck("whoami")));
      assert.equal(new Set(places.map((place) => place.pid)).size, workers);
      await Promise.all(sockets.map((s, i) => s.emitWithAck("join", [`n${i}`, i < 3 ? "a" : "b"])));
    });
    after(async () => {
      assert.deepEqual(clients?.mishaps, []);
      clients?.close();
      await server?.stop();
    });

    it("counts everybody", async () => {
      assert.deepEqual(await sockets[0].emitWithAck("count", {}), { value: 8 });
    });

    it("counts who is in a room, and who is not in another", async () => {
      assert.deepEqual(await sockets[0].emitWithAck("count", { to: "a" }), { value: 3 });
      assert.deepEqual(await sockets[0].emitWithAck("count", { to: ["a", "n7"] }), { value: 4 });
      const whom = { to: ["a", "b"], except: ["n0", sockets[5].id] };
      assert.deepEqual(await sockets[0].emitWithAck("count", whom), { value: 6 });
      assert.deepEqual(await sockets[0].emitWithAck("count", { to: "nobody" }), { value: 0 });
    });

    it("counts this worker's alone", async () => {
      const here = places.filter((place) => place.pid === places[0].pid).length;
      assert.deepEqual(await sockets[0].emitWithAck("count", { here: true }), { value: here });
    });

    it("tells each worker what its own sockets do", async () => {
      const heard = async (i) => (await sockets[i].emitWithAck("adapter")).heard;
      await sockets[0].emitWithAck("join all", {}, ["heard"]);
      for (const [i, { pid }] of places.entries()) {
        const ids = sockets.filter((_, k) => places[k].pid === pid).map(({ id }) => id).sort();
        const adapter = await sockets[i].emitWithAck("adapter");
        assert.deepEqual(adapter.here.sort(), ids);
        assert.equal(adapter.workers, workers);
        assert.deepEqual(adapter.heard[0], ["create-room"]);
        assert.deepEqual(adapter.heard.slice(1).sort(), ids.map((id) => ["join-room", id]));
      }
      await sockets[0].emitWithAck("leave all", {}, ["heard"]);
      await sockets[0].emitWithAck("count", {}); // everywhere
      for (let i = 0; i < sockets.length; i++) {
        assert.deepEqual((await heard(i)).at(-1), ["delete-room"]);
      }
    });

    it("lists rooms with their sizes", async () => {
      const all = { a: 3, b: 5 };
      for (let i = 0; i < 8; i++) all[`n${i}`] = 1;
      assert.deepEqual(await sockets[0].emitWithAck("rooms", {}), { value: all });
      const some = { a: 2, n0: 1, n1: 1 };
      const whom = { to: "a", except: "n2" };
      assert.deepEqual(await sockets[0].emitWithAck("rooms", whom), { value: some });
    });
  });
}

for (const workers of workerCounts(1, 4)) {
  describe(`all sockets of a selection, ${workers} worker(s)`, { timeout: 60000 }, () => {
    let server, clients, sockets, places;

    before(async () => {
      server = await startServer("ask", { workers });
      clients = new Clients(server.url);
      const options = (i) => ({ auth: { n: i }, query: { q: `q${i}` } });
      sockets = await Promise.all(
        Array.from({ length: 8 }, (_, i) => clients.connect("websocket", options(i))),
      );
      places = await Promise.all(sockets.map((socket) => socket.emitWithAck("whoami")));
      await Promise.all(sockets.map((s, i) => s.emitWithAck("join", i < 3 ? "a" : "b")));
      await Promise.all(sockets.map((s, i) => s.emitWithAck("set", { name: `name ${i}` })));
    });
    after(async () => {
      clients?.close();
      await server?.stop();
    });

    it("are fetched with what is known of them", async () => {
      const { value, err } = await sockets[0].emitWithAck("fetch", {});
      assert.equal(err, undefined);
      assert.deepEqual(Object.keys(value).sort(), sockets.map((s) => s.id).sort());
      for (const [i, socket] of sockets.entries()) {
        const found = value[socket.id];
        assert.deepEqual(found.data, { name: `name ${i}` });
        assert.deepEqual(found.rooms, [socket.id, i < 3 ? "a" : "b"]);
        assert.equal(found.remote, places[i].pid !== places[0].pid);
        assert.deepEqual(found.auth, { n: i });
        assert.equal(found.query, `q${i}`);
        assert.match(found.address, /127\.0\.0\.1|::1/);
        assert.equal(found.issued, "integer");
      }
    });

    it("are fetched of a room", async () => {
      const { value } = await sockets[7].emitWithAck("fetch", { to: "a", except: sockets[1].id });
      assert.deepEqual(Object.keys(value).sort(), [sockets[0].id, sockets[2].id].sort());
    });

    it("are fetched with much to say, in several messages", async () => {
      const much = sockets.slice(1, 6);
      for (const socket of much) await socket.emitWithAck("set", { pad: "x".repeat(150000) });
      const { value, err } = await sockets[0].emitWithAck("fetch", { to: much.map((s) => s.id) });
      assert.equal(err, undefined);
      for (const socket of much) assert.equal(value[socket.id].data.pad.length, 150000);
      for (const socket of much) await socket.emitWithAck("set", {});
    });

    it("join a room, which the next question sees", async () => {
      const [joined, count] = await new Promise((resolve) => {
        sockets[4].emit("join all", { to: "a" }, ["c", "d"], (...args) => resolve(args));
      });
      assert.equal(joined, true);
      assert.equal(count, 3);
      assert.deepEqual(await sockets[2].emitWithAck("my rooms"), [sockets[2].id, "a", "c", "d"]);
      assert.deepEqual(await sockets[3].emitWithAck("my rooms"), [sockets[3].id, "b"]);
    });

    it("leave a room", async () => {
      await sockets[6].emitWithAck("leave all", { except: sockets[0].id }, ["c", "nowhere"]);
      assert.deepEqual(await sockets[6].emitWithAck("count", { to: "c" }), { value: 1 });
      assert.deepEqual(await sockets[0].emitWithAck("my rooms"), [sockets[0].id, "a", "c", "d"]);
      assert.deepEqual(await sockets[1].emitWithAck("my rooms"), [sockets[1].id, "a", "d"]);
    });

    it("answer for themselves, wherever they are", async () => {
      for (const socket of sockets.slice(1, 5)) {
        const news = nextEvent(socket, "news");
        assert.equal(await sockets[0].emitWithAck("with", socket.id, "emit", ["news", 7]), true);
        assert.equal((await news)[0], 7);
        await sockets[0].emitWithAck("with", socket.id, "join", [["e", "f"]]);
        await sockets[0].emitWithAck("with", socket.id, "leave", ["f"]);
        assert.ok((await socket.emitWithAck("my rooms")).includes("e"));
        assert.ok(!(await socket.emitWithAck("my rooms")).includes("f"));
      }
      assert.deepEqual(await sockets[0].emitWithAck("count", { to: "e" }), { value: 4 });
      const gone = nextEvent(sockets[4], "disconnect");
      await sockets[0].emitWithAck("with", sockets[4].id, "disconnect", [true]);
      assert.equal((await gone)[0], "io server disconnect");
    });

    it("are asked, wherever they are", async () => {
      for (const socket of sockets.slice(1, 4)) {
        socket.on("question", (n, ack) => ack(n + 1));
        const ask = (event, seconds) => sockets[0].emitWithAck(event, socket.id, seconds);
        assert.deepEqual(await ask("question", null), { value: 2 });
        assert.deepEqual(await ask("question", 5), { value: 2 });
        assert.deepEqual(await ask("question with fn", null), [2]);
        assert.deepEqual(await ask("question with fn", 5), [null, 2]);
        socket.off("question");
        assert.deepEqual(await ask("question", 0.05), { err: "timeout" });
        assert.equal((await ask("question with fn", 0.05))[0], "timeout");
      }
    });

    it("are disconnected, those of a room or all", async () => {
      const ends = sockets.map((socket) => socket.connected && nextEvent(socket, "disconnect"));
      await sockets[5].emitWithAck("kick", { to: "a" }, true);
      for (const i of [0, 1, 2]) assert.equal((await ends[i])[0], "io server disconnect");
      assert.deepEqual(await sockets[5].emitWithAck("count", {}), { value: 4 });
      for (const i of [3, 5, 6, 7]) assert.ok(sockets[i].connected);
      sockets[5].emit("kick", {}, false);
      for (const i of [3, 5, 6, 7]) assert.equal((await ends[i])[0], "io server disconnect");
    });
  });
}

describe("questions when a worker fails", { timeout: 60000 }, () => {
  let server, clients, sockets, places;

  before(async () => {
    server = await startServer("ask", { workers: 4 });
    clients = new Clients(server.url);
    const all = await Promise.all(Array.from({ length: 8 }, () => clients.connect("websocket")));
    places = await Promise.all(all.map((socket) => socket.emitWithAck("whoami")));
    // One on each worker stays.
    const first = places.map(({ pid }, i) => places.findIndex((place) => place.pid === pid) === i);
    for (const [i, socket] of all.entries()) if (!first[i]) socket.disconnect();
    sockets = all.filter((_, i) => first[i]);
    places = places.filter((_, i) => first[i]);
    assert.equal(sockets.length, 4);
    await eventually("four sockets", async () => {
      return (await sockets[0].emitWithAck("count", {})).value === 4;
    });
  });
  after(async () => {
    clients?.close();
    await server?.stop();
  });

  it("end at once when it is killed", async () => {
    process.kill(places[1].pid, "SIGSTOP");
    const answer = sockets[0].emitWithAck("count", { timeout: 60 });
    await sockets[0].emitWithAck("whoami"); // the question is on its way
    const started = nextEvent(sockets[1], "connect", 30000);
    process.kill(places[1].pid, "SIGKILL");
    assert.deepEqual(await answer, { value: 3, err: "missing 1 of 4 workers" });
    await started; // on a worker that is alive
  });

  it("end at their time when it hangs, or once it is suspect", async () => {
    await server.whole(places[1].pid);
    process.kill(places[2].pid, "SIGSTOP");
    const short = await sockets[0].emitWithAck("count", { timeout: 0.1 });
    assert.equal(short.err, "timeout");
    const long = await sockets[0].emitWithAck("count", { timeout: 60 });
    assert.match(long.err, /^missing 1 of [34] workers$/);
    process.kill(places[2].pid, "SIGCONT");
    await eventually("a whole answer", async () => {
      const { value, err } = await sockets[0].emitWithAck("count", {});
      return err === undefined && value === 4;
    });
  });
});
