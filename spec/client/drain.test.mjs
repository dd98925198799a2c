// SPDX-License-Identifier: MIT
// The gentle end of a worker: what clients, requests and the application see of it, and in which
// order.

import assert from "node:assert/strict";
import http from "node:http";
import { afterEach, describe, it } from "node:test";
import { Clients, transports } from "../support/clients.js";
import { request } from "../support/http.js";
import { startServer } from "../support/server.js";
import { eventually, nextEvent } from "../support/wait.js";

const modes = Object.keys(transports);

describe("a worker that drains", { timeout: 60000 }, () => {
  let server, clients;

  async function start(options) {
    server = await startServer("drain", { workers: 1, ...options });
    clients = new Clients(server.url);
  }

  // A stream that has begun; resolves with the promise of its end with an error.
  const endless = () =>
    new Promise((resolve) => {
      http.get(`${server.url}/endless`, (res) => {
        const broken = nextEvent(res, "error");
        broken.catch(() => {});
        res.once("data", () => resolve({ broken })); // not itself, which would be waited for
      });
    });

  const said = (text) => eventually(`"${text}"`, () => server.output.includes(text));
  const lines = () =>
    server.output.split("\n").filter((line) => /^(left|work|ask|answ|hook)/.test(line));

  afterEach(async () => {
    clients?.close();
    await server?.stop();
  });

  it("lets clients leave, answers requests, waits for handlers, then runs the hooks", async () => {
    await start({ drain: 5 });
    const options = { reconnection: false };
    const all = await Promise.all(modes.map((mode) => clients.connect(mode, options)));
    const ends = all.map((socket) => nextEvent(socket, "disconnect"));
    all[1].emit("work");
    const slow = request(`${server.url}/slow`);
    await said("asked");
    const stopped = server.stop("SIGTERM");
    const { body, headers } = await slow;
    assert.deepEqual([body, headers.connection], ["at last", "close"]);
    await stopped;
    const reasons = (await Promise.all(ends)).map(([reason]) => reason);
    assert.deepEqual(reasons, modes.map(() => "transport close"));
    const order = lines();
    assert.equal(order.pop(), "hook: SIGTERM, 0 clients");
    const left = modes.map(() => "left: server shutting down");
    assert.deepEqual(order.sort(), ["answered", "asked", ...left, "worked"]);
  });

  it("cuts what is left when its time is over, and ends cleanly", async () => {
    await start({ drain: 0.5 });
    const { broken } = await endless();
    await server.stop("SIGTERM");
    await broken;
    assert.match(server.output, /drain: its time is over with 0 clients and 1 requests left/);
    assert.match(server.output, /hook: SIGTERM, 0 clients/);
  });

  it("has the time that the application gives it", async () => {
    await start({ drain: null, env: { DRAIN: "0.3" } });
    await endless();
    await server.stop("SIGTERM"); // within its limit
    assert.match(server.output, /drain: its time is over/);
  });

  it("is replaced when it is told to end, and its clients recover elsewhere", async () => {
    await start({ workers: 2, drain: 2 });
    const socket = await clients.connect("websocket");
    const pid = await socket.emitWithAck("whoami");
    const back = nextEvent(socket, "disconnect").then(() => nextEvent(socket, "connect"));
    process.kill(pid, "SIGTERM");
    await back;
    assert.equal(socket.recovered, true);
    assert.notEqual(await socket.emitWithAck("whoami"), pid);
    await server.whole(pid);
  });
});
