// SPDX-License-Identifier: MIT
// Hooks of the engine over real sockets: clients that wait, leave or speak early while a hook
// decides, pages of other origins, cookies and headers on both transports, chosen ids with several
// workers, a server that stops while requests wait.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { once } from "node:events";
import { WebSocket } from "ws";
import { Clients } from "../support/clients.js";
import { RawConnection, request } from "../support/http.js";
import { startServer, workerCounts } from "../support/server.js";

const path = (transport, query = "") => `/socket.io/?EIO=4&transport=${transport}${query}`;
const upgrade = (query, ...fields) =>
  [
    `GET ${path("websocket", query)} HTTP/1.1`,
    "Host: localhost",
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ...fields,
    "\r\n",
  ].join("\r\n");

// A text frame with the masking key 0.
const frame = (text) =>
  Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]);

// What the server says to a WebSocket handshake: 101 or a refusal.
async function handshake(server, query = "", headers = {}) {
  const socket = new WebSocket(server.url.replace("http", "ws") + path("websocket", query), {
    headers,
  });
  socket.on("error", () => {});
  const answer = await Promise.race([
    once(socket, "upgrade").then(([res]) => res),
    once(socket, "unexpected-response").then(([, res]) => res),
  ]);
  let body = "";
  if (answer.statusCode !== 101) for await (const chunk of answer) body += chunk;
  socket.terminate();
  return { status: answer.statusCode, headers: answer.headers, body };
}

// The states of all workers, asked until each has answered.
async function states(server) {
  const seen = new Map();
  while (seen.size < server.workers) {
    const { body } = await request(`${server.url}/state`);
    const state = JSON.parse(body);
    seen.set(state.worker, state);
  }
  return [...seen.values()];
}

async function until(ready) {
  while (!(await ready())) await new Promise((resolve) => setTimeout(resolve, 20));
}

const sessions = async (server) =>
  (await states(server)).reduce((sum, { clients }) => sum + clients, 0);

for (const workers of workerCounts(1, 2)) {
  describe(`hooks, ${workers} worker(s)`, { timeout: 60000 }, () => {
    let server, clients;
    before(async () => {
      server = await startServer("gate", { workers });
      clients = new Clients(server.url);
    });
    after(async () => {
      clients.close();
      await server?.stop();
    });

    for (const mode of ["polling", "websocket", "upgrade"]) {
      it(`lets an official client in after a while (${mode})`, async () => {
        const query = { wait: "0.05", slow: "0.01", id: "user" };
        const socket = await clients.connect(mode, { query });
        assert.equal(await socket.emitWithAck("echo", "hi"), "hi");
        assert.match(socket.io.engine.id, /^user-\d+-\d+/);
        assert.equal(await socket.emitWithAck("who"), "user"); // left by a middleware
        socket.disconnect();
        assert.deepEqual(clients.mishaps, []);
      });
    }

    it("tells an official client that it is refused", async () => {
      for (const mode of ["polling", "websocket"]) {
        const socket = clients.make(mode, { query: { token: "bad" }, reconnection: false });
        const [error] = await new Promise((resolve) =>
          socket.on("connect_error", (...args) => resolve(args)),
        );
        assert.equal(error.type, "TransportError");
        if (mode === "polling") assert.equal(error.description, 403);
      }
      const answer = await request(server.url + path("polling", "&token=bad"));
      assert.deepEqual([answer.status, answer.body], [403, '{"code":4,"message":"bad token"}']);
      const refused = await handshake(server, "&token=bad");
      assert.deepEqual([refused.status, refused.body], [403, "bad token"]);
    });

    it("forgets clients that leave while they wait", async () => {
      await until(async () => (await sessions(server)) === 0);
      const leavers = await Promise.all(
        Array.from({ length: 20 }, () => RawConnection.open(server.port)),
      );
      await Promise.all(
        leavers.map((c, i) =>
          c.write(
            i % 2
              ? upgrade("&wait=0.3")
              : `GET ${path("polling", "&wait=0.3")} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
          ),
        ),
      );
      leavers.forEach((c) => c.close());
      const answer = await request(server.url + path("polling", "&wait=0.4"));
      assert.equal(answer.status, 200); // it came last and waited longest
      assert.equal(await sessions(server), 1);
    });

    it("reads what came early behind an upgrade", async () => {
      const connection = await RawConnection.open(server.port);
      await connection.write(upgrade("&wait=0.1"), frame("40"), frame('420["echo",1]'));
      const { status } = await connection.response();
      assert.equal(status, 101);
      const order = ["0{", '42["first"]', '40{"sid"', "430[1]"];
      const text = () => connection.received.toString("latin1");
      while (!text().includes(order.at(-1))) await connection.more();
      const places = order.map((part) => text().indexOf(part));
      assert.deepEqual(places, [...places].sort((a, b) => a - b));
      assert.ok(places[0] >= 0);
      connection.close();
    });

    it("answers pipelined requests in order, each after its hooks", async () => {
      const connection = await RawConnection.open(server.port);
      const get = (query) => `GET ${path("polling", query)} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
      await connection.write(get("&id=a&slow=0.1&transport=no") + get("&token=bad") + get("&id=c"));
      assert.match((await connection.response()).body, /Transport unknown/);
      assert.match((await connection.response()).body, /bad token/);
      assert.match((await connection.response()).body, /"sid":"c-/);
      connection.close();
    });

    it("answers a preflight and marks what a page may read", async () => {
      const headers = {
        origin: "http://good.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type",
      };
      const preflight = await request(server.url + path("polling"), { method: "OPTIONS", headers });
      assert.equal(preflight.status, 204);
      assert.equal(preflight.headers["access-control-allow-origin"], "http://good.example");
      assert.equal(preflight.headers["access-control-allow-headers"], "content-type");
      const good = await request(server.url + path("polling"), { headers });
      assert.equal(good.status, 200);
      assert.equal(good.headers["access-control-allow-credentials"], "true");
      assert.match(good.headers.vary, /Origin/);
    });

    it("keeps pages of other origins out", async () => {
      const evil = { origin: "http://evil.example" };
      assert.equal((await handshake(server, "", evil)).status, 403);
      assert.equal((await request(server.url + path("polling"), { headers: evil })).status, 403);
      assert.equal((await handshake(server, "", { origin: "http://good.example" })).status, 101);
      assert.equal((await handshake(server, "", { origin: server.url })).status, 101);
      assert.equal((await handshake(server)).status, 101);
    });

    it("puts cookie and headers on both transports", async () => {
      const poll = await request(server.url + path("polling"));
      const socket = await handshake(server);
      for (const { headers } of [poll, socket]) {
        const [cookie] = headers["set-cookie"];
        assert.match(cookie, /^sticky=s-[^;]+; Path=\/; HttpOnly; SameSite=Lax$/);
        assert.equal(headers["x-method"], "GET");
        assert.match(headers["x-worker"], /^\d$/);
      }
      assert.ok(poll.body.includes('\x1e42["first"]'));
    });

    it("finds chosen ids on every worker", async () => {
      const opened = await Promise.all(
        Array.from({ length: 12 }, () => request(server.url + path("polling", "&id=mine"))),
      );
      const used = new Set();
      for (const { body, headers } of opened) {
        const { sid } = JSON.parse(body.slice(1).split("\x1e")[0]);
        used.add(headers["x-worker"]);
        for (let i = 0; i < 4; i++) {
          const answer = await request(server.url + path("polling", `&sid=${sid}`), {
            method: "POST",
            body: "40",
          });
          assert.equal(answer.body, "ok");
          assert.equal(answer.headers["x-worker"], headers["x-worker"]);
        }
      }
      assert.equal(used.size, workers);
    });

    it("refuses when there is no id", async () => {
      const answer = await request(server.url + path("polling", "&id=none"));
      assert.deepEqual([answer.status, answer.body], [400, '{"code":3,"message":"Bad request"}']);
      const refused = await handshake(server, "&id=none");
      assert.deepEqual([refused.status, refused.body], [400, "Bad request"]);
      const told = (await states(server)).map((state) => state.refused.ID_GENERATION_ERROR ?? 0);
      assert.equal(
        told.reduce((a, b) => a + b, 0),
        2,
      );
    });
  });

  it(`stops while requests wait, ${workers} worker(s)`, { timeout: 60000 }, async () => {
    const server = await startServer("gate", { workers });
    const waiting = await Promise.all(
      Array.from({ length: 200 }, () => RawConnection.open(server.port)),
    );
    await Promise.all(
      waiting.map((c, i) =>
        c.write(
          i % 2
            ? upgrade("&wait=600")
            : `POST ${path("polling", "&slow=600")} HTTP/1.1\r\nHost: localhost\r\n` +
                "Content-Length: 4\r\n\r\nbody",
        ),
      ),
    );
    await states(server); // they were served behind the others
    await server.stop();
    for (const connection of waiting) assert.equal((await connection.response()).status, 503);
  });
}
