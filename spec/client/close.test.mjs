// SPDX-License-Identifier: MIT
// app:close under plain Lua: what its clients see, what it waits for, and that the process then
// ends by itself, with nothing left that would keep it.

import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { afterEach, describe, it } from "node:test";
import { Clients, transports } from "../support/clients.js";
import { RawConnection, request } from "../support/http.js";
import { startAlone } from "../support/alone.js";
import { nextEvent } from "../support/wait.js";

describe("closing a server", { timeout: 60000 }, () => {
  let server, clients;

  async function start() {
    server = await startAlone("close");
    clients = new Clients(server.url);
  }

  const portOf = () => Number(new URL(server.url).port);

  async function ended() {
    assert.deepEqual(await server.exited, [0, null], server.output);
    const listener = net.createServer().listen(portOf(), "127.0.0.1"); // the port is free
    await once(listener, "listening");
    listener.close();
  }

  afterEach(() => {
    clients?.close();
    server?.stop();
  });

  it("ends its clients, then runs the hooks once, frees the port, and listen returns", async () => {
    await start();
    const options = { reconnection: false };
    const modes = Object.keys(transports);
    const all = await Promise.all(modes.map((mode) => clients.connect(mode, options)));
    const gone = all.map((socket) => nextEvent(socket, "disconnect"));
    all[0].emit("close"); // twice, from a handler
    const reasons = (await Promise.all(gone)).map(([reason]) => reason);
    assert.deepEqual(reasons.slice(1), ["transport close", "transport close"]);
    assert.match(reasons[0], /^transport (close|error)$/); // polling
    await ended();
    const said = server.output.split("\n").filter((line) => /^(hook|gone|listen)/.test(line));
    assert.deepEqual(said, [
      ...all.map(() => "gone: server shutting down"),
      "hook 1: closed, 0 left",
      "listen returned",
    ]);
  });

  it("sends no DISCONNECT packet: clients come back by themselves", async () => {
    await start();
    const socket = await clients.connect("websocket");
    const gone = nextEvent(socket, "disconnect");
    socket.emit("close");
    assert.equal((await gone)[0], "transport close");
    assert.equal(socket.active, true);
    await ended();
  });

  it("answers the handler that closed it, and ends a keep-alive connection", async () => {
    await start();
    const idle = await RawConnection.open(portOf());
    assert.equal((await idle.get("/nowhere")).status, 404);
    const socket = await clients.connect("polling", { reconnection: false });
    const gone = nextEvent(socket, "disconnect");
    const { status, body } = await request(`${server.url}/close`);
    assert.deepEqual([status, body], [200, "bye"]);
    await idle.end();
    await gone;
    await ended();
    assert.match(server.output, /hook 1: closed, 0 left\n[^]*closed\n/);
  });

  it("ends a waiting poll, and sessions without a namespace", async () => {
    await start();
    const path = "/socket.io/?EIO=4&transport=polling";
    const waiting = await RawConnection.open(portOf());
    const { sid } = JSON.parse((await waiting.get(path)).body.slice(1));
    const poll = waiting.get(`${path}&sid=${sid}`);
    const lost = await RawConnection.open(portOf());
    assert.equal((await lost.get(path)).status, 200); // and never polls
    await request(`${server.url}/close`);
    assert.equal((await poll).body, "1");
    await ended();
  });

  it("amid a storm of connections it ends as well", async () => {
    await start();
    const storm = Array.from({ length: 50 }, (_, i) =>
      clients.make(i % 2 ? "polling" : "websocket", { reconnection: false }),
    );
    const settled = storm.map((socket) =>
      Promise.race([nextEvent(socket, "connect"), nextEvent(socket, "connect_error")]),
    );
    await settled[0];
    await request(`${server.url}/close`);
    await ended();
    await Promise.allSettled(settled);
  });
});

describe("violations of the protocol", { timeout: 60000 }, () => {
  let server, wire, sid;
  const path = "/socket.io/?EIO=4&transport=polling";

  async function start() {
    server = await startAlone("close");
    wire = await RawConnection.open(Number(new URL(server.url).port));
    ({ sid } = JSON.parse((await wire.get(path)).body.slice(1)));
  }

  const push = async (packet) =>
    assert.equal((await wire.post(`${path}&sid=${sid}`, packet)).body, "ok");
  const poll = async () => (await wire.get(`${path}&sid=${sid}`)).body;

  afterEach(() => {
    wire?.close();
    server?.stop();
  });

  it("a second CONNECT to the same namespace closes the connection cleanly", async () => {
    await start();
    await push("40");
    await push("40");
    assert.match(await poll(), /^40\{"sid":"[^"]+"\}\x1e1$/);
  });

  it("an EVENT before any CONNECT closes the connection cleanly", async () => {
    await start();
    await push('42["some event"]');
    assert.equal(await poll(), "6\x1e1");
  });

  it("a packet that is none closes the connection cleanly", async () => {
    await start();
    await push("40");
    assert.match(await poll(), /^40\{/);
    await push("4abc");
    assert.equal(await poll(), "6\x1e1");
  });
});
