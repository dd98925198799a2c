// SPDX-License-Identifier: MIT
// --port-per-worker: each worker has a port of its own, clients who come there stay with it, and
// all are one cluster.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Clients } from "../support/clients.js";
import { request } from "../support/http.js";
import { burst, spread } from "../support/placement.js";
import { startServer } from "../support/server.js";
import { eventually, Inbox } from "../support/wait.js";

const workers = 3;

describe("a port per worker", { timeout: 60000 }, () => {
  let server;
  const who = async (url) => JSON.parse((await request(`${url}/who`)).body);
  const engine = (url, sid, options) =>
    request(`${url}/socket.io/?EIO=4&transport=polling${sid ? `&sid=${sid}` : ""}`, options);

  before(async () => {
    const args = ["--port-per-worker", "--drain", "0"];
    server = await startServer("topology", { workers, args });
  });
  after(() => server?.stop());

  it("is named in the banner, in order", async () => {
    assert.equal(server.urls.length, workers);
    for (const [i, url] of server.urls.entries()) assert.equal((await who(url)).id, i + 1);
  });

  it("keeps who comes there", async () => {
    const homes = [];
    for (const url of server.urls) {
      const port = Number(new URL(url).port);
      const counts = spread(await burst({ url, port }, 50));
      assert.deepEqual(counts, [50]);
      const { body } = await engine(url);
      homes.push(/"sid":"([^"]*)"/.exec(body)[1][16]);
    }
    assert.equal(new Set(homes).size, workers);
  });

  it("serves sessions of other workers as well", async () => {
    const [first, , last] = server.urls;
    const sid = /"sid":"([^"]*)"/.exec((await engine(first)).body)[1];
    const posted = await engine(last, sid, { method: "POST", body: "40" });
    assert.deepEqual([posted.status, posted.body], [200, "ok"]);
    assert.match((await engine(last, sid)).body, /^40\{"sid":/);
  });

  it("is no border for broadcasts", async () => {
    const clients = server.urls.map((url) => new Clients(url));
    try {
      const sockets = await Promise.all(clients.map((each) => each.connect("websocket")));
      const ids = await Promise.all(sockets.map((socket) => socket.emitWithAck("who")));
      assert.deepEqual(ids, [1, 2, 3]);
      const told = sockets.map((socket) => new Inbox(socket, "told"));
      sockets[1].emit("tell all", "hello");
      for (const inbox of told) assert.deepEqual(await inbox.until(1), ["hello"]);
    } finally {
      for (const each of clients) each.close();
    }
  });

  it("comes and goes with a worker", async () => {
    const places = async () => (await server.status()).addresses;
    assert.deepEqual(await places(), server.urls);
    process.kill(server.pid, "SIGTTIN");
    const fourth = await eventually("a fourth", async () => (await places())[workers]);
    assert.equal((await who(fourth)).id, 4);
    process.kill(server.pid, "SIGTTOU");
    await eventually("its end", async () => (await places()).length === workers);
    await eventually("nobody there", () =>
      who(fourth).then(() => false, (error) => error.code === "ECONNREFUSED"));
  });

  it("stays with the replacement of a worker", async () => {
    const url = server.urls[1];
    const { pid } = await who(url);
    process.kill(pid, "SIGKILL");
    const next = await eventually("a new worker", async () => {
      const answer = await who(url).catch(() => ({ pid })); // it may have been accepted and lost
      return answer.pid !== pid && answer;
    });
    assert.equal(next.id, 2);
    assert.deepEqual((await Promise.all(server.urls.map(who))).map(({ id }) => id), [1, 2, 3]);
  });

  it("stays with the successors after a reload", async () => {
    const before = await Promise.all(server.urls.map(who));
    process.kill(server.pid, "SIGHUP");
    await eventually("the end of the reload", () => /^sio-lua: reloaded$/m.test(server.output));
    const next = await Promise.all(server.urls.map(who));
    assert.deepEqual(next.map(({ id }) => id), [1, 2, 3]);
    for (const [i, { pid }] of next.entries()) assert.notEqual(pid, before[i].pid);
  });
});
