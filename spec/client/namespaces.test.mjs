// SPDX-License-Identifier: MIT
// Namespaces that the app has made, with the official client: who is in which, and what their
// members send and get. Those that clients make are in parents.test.mjs.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { Manager } from "socket.io-client";
import { Clients, transports } from "../support/clients.js";
import { startServer } from "../support/server.js";
import { eventually, Inbox, nextEvent } from "../support/wait.js";

const ask = (socket, ...args) => socket.timeout(5000).emitWithAck(...args);

describe("namespaces of the app", { timeout: 60000 }, () => {
  let server, clients;
  const connect = (namespace, options) => clients.connect("websocket", { namespace, ...options });
  const get = async (path) => (await fetch(`${server.url}${path}`)).json();
  const seen = async (...lines) => {
    const all = [];
    await eventually(lines.join(", "), async () => {
      all.push(...(await get("/seen")));
      return lines.every((line) => all.includes(line));
    });
    return all;
  };
  // Two namespaces on one connection, as the official client does by itself.
  const pair = async (...names) => {
    const manager = new Manager(server.url, { transports: ["websocket"], reconnection: false });
    const sockets = names.map((name) => manager.socket(name));
    clients.all.push(...sockets);
    await Promise.all(sockets.map((s) => nextEvent(s, "connect")));
    return sockets;
  };

  before(async () => {
    server = await startServer("namespaces", { workers: 1 });
    clients = new Clients(server.url);
  });
  beforeEach(() => get("/seen"));
  afterEach(async () => {
    assert.deepEqual(clients?.mishaps, []);
    clients?.close();
  });
  after(() => server?.stop());

  it("tell of a connection, as connect and as connection", async () => {
    await connect("/chat");
    const all = await seen("connect /chat", "connection /chat");
    assert.ok(all.indexOf("connect /chat") < all.indexOf("connection /chat"));
  });

  it("tell every listener", async () => {
    await connect("/both");
    const all = await seen("both /both");
    assert.equal(all.filter((line) => line === "both /both").length, 2);
  });

  it("share a connection, and each has its own socket on it", async () => {
    const [chat, news] = await pair("/chat", "/news");
    assert.equal(chat.io, news.io);
    assert.notEqual(chat.id, news.id);
    assert.equal(await ask(chat, "where"), "/chat");
    assert.equal(await ask(news, "where"), "/news");
  });

  it("are the main one when the name is empty", async () => {
    for (const name of ["", "/"]) assert.equal(await ask(await connect(name), "where"), "/");
  });

  it("may have any name that is no query", async () => {
    const socket = await connect("/nämlich ☃");
    assert.equal(await ask(socket, "where"), "/nämlich ☃");
    const asking = await connect("/chat?token=x"); // the client leaves the query out
    assert.equal(await ask(asking, "where"), "/chat");
  });

  it("that nobody has made refuse", async () => {
    const socket = clients.make("websocket", { namespace: "/does-not-exist" });
    const [error] = await nextEvent(socket, "connect_error");
    assert.equal(error.message, "Invalid namespace");
  });

  it("hear of it when the transport goes", async () => {
    const [chat, news] = await pair("/chat", "/news");
    await ask(chat, "where");
    chat.io.engine.close();
    await seen("disconnect /chat transport close 0", "disconnect /news transport close 0");
  });

  it("are all left when one closes the connection", async () => {
    const [chat, news] = await pair("/chat", "/news");
    const gone = nextEvent(news, "disconnect");
    chat.emit("close");
    assert.equal((await gone)[0], "io server disconnect");
    await seen("disconnect /chat server namespace disconnect 0",
      "disconnect /news server namespace disconnect 0");
  });

  it("still have the rooms while a socket is disconnecting", async () => {
    const socket = await connect("/chat");
    await ask(socket, "join", "a");
    socket.disconnect();
    const all = await seen("disconnect /chat client namespace disconnect 0");
    const leaving = "disconnecting /chat client namespace disconnect 2";
    assert.ok(all.includes(leaving));
    assert.ok(all.indexOf(leaving) < all.indexOf("disconnect /chat client namespace disconnect 0"));
  });

  it("have one socket for each client", async () => {
    const [a, b] = await Promise.all([connect("/"), connect("/")]);
    assert.notEqual(a.id, b.id);
    assert.deepEqual((await ask(a, "local names", "/")).sort(), [a.id, b.id].sort());
  });

  it("have sockets of their own only", async () => {
    const [a, b, c] = [await connect("/chat"), await connect("/chat"), await connect("/news")];
    assert.deepEqual((await ask(c, "local names", "/chat")).sort(), [a.id, b.id].sort());
    assert.deepEqual(await ask(a, "local names", "/news"), [c.id]);
  });

  it("have rooms of their own only", async () => {
    const [a, b, c] = [await connect("/chat"), await connect("/chat"), await connect("/news")];
    await ask(a, "join", "bar");
    for (const socket of [b, c]) await ask(socket, "join", "foo");
    assert.deepEqual(await ask(c, "local names", "/chat", "foo"), [b.id]);
    assert.deepEqual(await ask(a, "local names", "/news", "foo"), [c.id]);
    assert.deepEqual(await ask(a, "local names", "/news", "bar"), []);
  });

  for (const mode of Object.keys(transports)) {
    it(`${mode}: a volatile event behind another one is dropped, one alone is not`, async () => {
      for (const [firmly, expected] of [[true, ["firm", "last"]], [false, ["volatile", "last"]]]) {
        const socket = await clients.connect(mode, { namespace: "/chat" });
        const inbox = new Inbox(socket, "ev");
        await ask(socket, "where");
        socket.emit("emit volatile", "/chat", firmly);
        await inbox.until(2);
        assert.deepEqual(inbox.items, expected);
        socket.disconnect();
      }
    });
  }

  it("except a socket, and a room", async () => {
    for (const namespace of ["/", "/chat"]) {
      const [a, b] = [await connect(namespace), await connect(namespace)];
      const inboxes = [a, b].map((socket) => new Inbox(socket, "a", () => "a"));
      await ask(b, "join", "room1");
      await ask(b, "emit except", namespace, b.id, "a");
      await inboxes[0].until(1);
      await ask(b, "emit except", namespace, "room1", "a");
      await inboxes[0].until(2);
      await ask(b, "where");
      assert.deepEqual(inboxes[1].items, []);
    }
  });

  // A client without a library, for what the official one does not show: is this poll compressed?
  async function codingOf(event) {
    const url = `${server.url}/socket.io/?EIO=4&transport=polling`;
    const { sid } = JSON.parse((await (await fetch(url)).text()).slice(1));
    const post = (body) => fetch(`${url}&sid=${sid}`, { method: "POST", body });
    const poll = () => fetch(`${url}&sid=${sid}`, { headers: { "Accept-Encoding": "gzip" } });
    await post("40/chat,");
    await (await poll()).text();
    await post(`42/chat,${JSON.stringify([...event, "/chat", "x".repeat(2000)])}`);
    const answer = await poll();
    assert.match(await answer.text(), /xxx/);
    await post("1");
    return answer.headers.get("content-encoding");
  }

  it("compress what they send unless told not to", async () => {
    assert.equal(await codingOf(["emit plain"]), null);
    assert.equal(await codingOf(["emit loud"]), "gzip");
  });
});

describe("a client in no namespace", { timeout: 60000 }, () => {
  it("is closed after connect_timeout, also while it waits for a function", async () => {
    const server = await startServer("namespaces", { workers: 1, env: { CONNECT_TIMEOUT: "0.2" } });
    const clients = new Clients(server.url);
    after(() => {
      clients.close();
      return server.stop();
    });
    const silent = clients.make("websocket", { autoConnect: false, reconnection: false });
    silent.io.open();
    const waiting = clients.make("websocket", {
      namespace: "/by-function", auth: { wait: 1 }, reconnection: false,
    });
    const closed = [silent, waiting].map((socket) => nextEvent(socket.io, "close"));
    for (const [reason] of await Promise.all(closed)) assert.equal(reason, "transport close");
  });
});
