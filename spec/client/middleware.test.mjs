// SPDX-License-Identifier: MIT
// Middlewares of namespaces, which may wait, with the official client: order, refusals, errors, and
// clients that leave while they run.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { Clients, transports } from "../support/clients.js";
import { startServer } from "../support/server.js";
import { eventually, Inbox, nextEvent } from "../support/wait.js";

describe("middlewares", { timeout: 60000 }, () => {
  let server, clients;
  const get = async (path) => (await fetch(`${server.url}${path}`)).json();
  const connect = (auth = {}, mode = "websocket") => clients.connect(mode, { auth });
  const refused = async (auth) => {
    const socket = clients.make("websocket", { auth });
    socket.on("connect", () => clients.mishaps.push("it was let in"));
    return (await nextEvent(socket, "connect_error"))[0];
  };
  const idle = () => eventually("nobody in a middleware",
    async () => (await get("/running")).running === 0);

  before(async () => {
    server = await startServer("middleware", { workers: 1 });
    clients = new Clients(server.url);
  });
  beforeEach(() => get("/seen"));
  afterEach(() => {
    assert.deepEqual(clients?.mishaps, []);
    clients?.close();
  });
  after(() => server?.stop());

  for (const mode of Object.keys(transports)) {
    it(`${mode}: run one after the other, then the connection listeners`, async () => {
      await connect({}, mode);
      assert.deepEqual(await get("/seen"),
        ["first false", "second first", "connection first true"]);
    });

    it(`${mode}: may wait`, async () => {
      const socket = clients.make(mode, { auth: { hold: true } });
      const connected = nextEvent(socket, "connect");
      await eventually("one in a middleware", async () => (await get("/running")).running === 1);
      assert.equal(socket.connected, false);
      assert.deepEqual(await get("/seen"), ["first false"]);
      await get("/release");
      await connected;
      assert.deepEqual(await get("/seen"), ["second first", "connection first true"]);
    });
  }

  it("refuse with a message", async () => {
    const error = await refused({ refuse: "Authentication error" });
    assert.ok(error instanceof Error);
    assert.equal(error.message, "Authentication error");
    assert.equal(error.data, undefined);
    assert.deepEqual(await get("/seen"), ["first false"]);
  });

  it("refuse with a message and data", async () => {
    const error = await refused({ refuse: { message: "no", data: { a: "b", c: 3 } } });
    assert.equal(error.message, "no");
    assert.deepEqual(error.data, { a: "b", c: 3 });
  });

  it("that fail refuse, and say nothing of it to the client", async () => {
    assert.equal((await refused({ error: true })).message, "internal error");
    assert.equal((await refused({ error: true, wait: 0.01 })).message, "internal error");
    assert.equal((await refused({ refuse_badly: true })).message, "internal error");
    await server.said(/middleware error.*this middleware fails on purpose/);
  });

  it("may let the same client in when it asks again", async () => {
    const socket = clients.make("websocket", { auth: { refuse: "not yet" } });
    await nextEvent(socket, "connect_error");
    socket.auth = {};
    socket.connect();
    await nextEvent(socket, "connect");
  });

  it("make one socket of two CONNECTs", async () => {
    const socket = clients.make("websocket", { auth: { wait: 0.02 }, autoConnect: false });
    socket.connect();
    socket.io.engine.on("open", () => socket.onopen()); // as a client whose user calls connect()
    await nextEvent(socket, "connect");
    assert.equal(await socket.emitWithAck("count"), 1);
    assert.equal((await get("/seen")).filter((line) => line.startsWith("connection")).length, 1);
  });

  it("may join rooms and emit, which the client gets when it is in", async () => {
    const socket = clients.make("websocket", { auth: { say: "hello", join: "r", wait: 0.01 } });
    const early = new Inbox(socket, "early", (text) => [text, socket.connected]);
    const news = new Inbox(socket, "news");
    await nextEvent(socket, "connect");
    await socket.emitWithAck("to room", "r", "for r");
    assert.deepEqual(await news.until(1), ["for r"]);
    assert.deepEqual(early.items, [["hello", true]]);
  });

  it("leave nothing of a client that was refused in a room", async () => {
    const socket = await connect({ join: "r" });
    await refused({ join: "r", refuse: "no" });
    const news = new Inbox(socket, "news");
    await socket.emitWithAck("to room", "r", "for r");
    assert.deepEqual(await news.until(1), ["for r"]);
    assert.equal(await socket.emitWithAck("count"), 1);
  });

  it("cannot disconnect a socket that is not connected", async () => {
    await connect({ kick: true });
    assert.deepEqual((await get("/seen")).at(-1), "connection first true");
  });

  it("that end when the client has gone let nobody in", async () => {
    for (const mode of Object.keys(transports)) {
      const socket = clients.make(mode, { auth: { hold: true }, reconnection: false });
      await nextEvent(socket.io, "open");
      await eventually("one in a middleware", async () => (await get("/running")).running === 1);
      const { id } = socket.io.engine;
      socket.io.engine.close();
      await eventually("the session's end", async () => (await fetch(
        `${server.url}/socket.io/?EIO=4&transport=polling&sid=${id}`)).status === 400);
      await get("/release");
      await idle();
      assert.deepEqual(await get("/seen"), ["first false", "second first"]);
    }
  });

  it("of other namespaces do not run", async () => {
    await clients.connect("websocket", { namespace: "/chat" });
    assert.deepEqual(await get("/seen"), ["chat 1", "chat 2", "chat 3", "in chat"]);
  });

  it("of two namespaces run beside each other", async () => {
    await Promise.all([connect(), clients.connect("websocket", { namespace: "/chat" })]);
    const seen = await get("/seen");
    assert.ok(seen.includes("in chat") && seen.includes("connection first true"));
  });

  it("added while others run count from the next client on", async () => {
    await connect({ add: true, wait: 0.01 });
    assert.ok(!(await get("/seen")).includes("added later"));
    await connect();
    assert.ok((await get("/seen")).includes("added later"));
  });
});

describe("connect_timeout", { timeout: 60000 }, () => {
  let server, clients;
  before(async () => {
    server = await startServer("middleware", { workers: 1, env: { CONNECT_TIMEOUT: "0.3" } });
    clients = new Clients(server.url);
  });
  after(async () => {
    clients?.close();
    await server?.stop();
  });

  it("closes a client that asks for no namespace", async () => {
    const socket = clients.make("websocket", { autoConnect: false, reconnection: false });
    socket.io.open();
    await nextEvent(socket.io, "open");
    assert.deepEqual((await nextEvent(socket.io, "close"))[0], "transport close");
  });

  it("closes a client that is only in a middleware", async () => {
    const socket = clients.make("websocket", { auth: { wait: 1 }, reconnection: false });
    await nextEvent(socket.io, "open");
    assert.deepEqual((await nextEvent(socket.io, "close"))[0], "transport close");
  });

  it("does not count for a client that is in a namespace", async () => {
    const socket = await clients.connect("websocket");
    const slow = clients.make("websocket", { auth: { wait: 1 }, reconnection: false });
    await nextEvent(slow.io, "close");
    assert.ok(socket.connected); // though it is older
  });
});
