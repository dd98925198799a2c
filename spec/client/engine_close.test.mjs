// SPDX-License-Identifier: MIT
// How sessions of official Engine.IO clients end, and what either side is told: by the client, by
// the server, by silence, by errors, before the session is open, while it changes its transport.
// See engine_open.test.mjs.

import assert from "node:assert/strict";
import net from "node:net";
import { once } from "node:events";
import { describe, it } from "node:test";
import { Socket } from "engine.io-client";
import { Engine, both, polling, websocket, withEngine } from "../support/engine.js";
import { RawConnection, request } from "../support/http.js";
import { RawWebSocket, frame, op } from "../support/raw_websocket.js";
import { startServer } from "../support/server.js";
import { Inbox, eventually, nextEvent } from "../support/wait.js";

// The client does not hear its transport any more, nor that it closes: a server that fell silent.
function deafen(client) {
  client.transport.off("packet");
  client.transport.off("close");
}

// What the client sends does not leave: a client that fell silent.
const silence = (client) => (client._sendPacket = () => {});

for (const transports of [polling, websocket]) {
  withEngine(`by ${transports}, a session`, { allow_upgrades: false }, {
    "is closed by its client": async (engine) => {
      const client = await engine.open(transports, { name: "client" });
      client.close();
      assert.equal(await client.closed, "forced close");
      assert.deepEqual(await engine.told("client", "close"), ["transport close"]);
    },
    "is closed by the server": async (engine) => {
      const client = await engine.open(transports, { name: "server" });
      client.send("close");
      assert.equal(await client.closed, "transport close");
      assert.deepEqual(await engine.told("server", "close"), ["forced close"]);
    },
    "brings what was sent before the server closed it": async (engine) => {
      const client = engine.client(transports, { name: "last words", greet: "a,b", close: "1" });
      assert.equal(await client.closed, "transport close");
      assert.deepEqual(client.inbox.items, ["a", "b"]);
      assert.deepEqual(await engine.told("last words", "close"), ["forced close"]);
    },
    "is closed by its client amid what the server sent at once": async (engine) => {
      const client = engine.client(transports, { name: "amid", greet: "first,second,third" });
      await nextEvent(client, "message");
      client.close();
      assert.equal(await client.closed, "forced close");
      assert.deepEqual(await engine.told("amid", "close"), ["transport close"]);
    },
    "that its client gives up before it is open is none": async (engine) => {
      const client = engine.client(transports, { name: "early" });
      client.on("open", () => assert.fail("it is open"));
      client.close();
      assert.equal(await client.closed, "forced close");
      for (const [reason] of await engine.all("early", "close")) {
        assert.equal(reason, "transport close");
      }
    },
    "with a packet that is none": async (engine) => {
      const client = await engine.open(transports, { name: "garbage" });
      const { transport } = client;
      if (transport.name === "websocket") transport.ws.send("invalid");
      else transport.doWrite("invalid", () => {});
      assert.match(await client.closed, /^transport (close|error)$/);
      assert.deepEqual(await engine.told("garbage", "close"), ["parse error"]);
    },
    "ends for its client when the server is killed": async () => {
      const engine = await Engine.start();
      const client = await engine.open(transports, {});
      for (const pid of [engine.server.pid, ...engine.server.workerPids()]) {
        process.kill(pid, "SIGKILL");
      }
      assert.match(await client.closed, /^transport (close|error)$/);
    },
  });

  const quick = { allow_upgrades: false, ping_interval: 0.3, ping_timeout: 0.7 };
  withEngine(`by ${transports}, a heartbeat`, quick, {
    "closes a silent client on both sides": async (engine) => {
      const client = await engine.open(transports, { name: "silent" });
      const late = new Inbox(client, "ping");
      silence(client);
      assert.deepEqual(await engine.told("silent", "close"), ["ping timeout"]);
      assert.match(await client.closed, /^transport (close|error)$/);
      assert.equal(late.items.length, 1); // after an interval, not before
    },
    "closes a silent server at its client": async (engine) => {
      const client = await engine.open(transports, { name: "deaf" });
      await nextEvent(client, "ping");
      deafen(client);
      assert.equal(await client.closed, "ping timeout");
    },
    "closes both when nothing passes": async (engine) => {
      const client = await engine.open(transports, { name: "both" });
      silence(client);
      deafen(client);
      client.transport.doClose = () => {}; // nor is the server told that it gives up
      assert.equal(await client.closed, "ping timeout");
      assert.deepEqual(await engine.told("both", "close"), ["ping timeout"]);
    },
    "goes on as long as it is answered": async (engine) => {
      const client = await engine.open(transports, { name: "alive" });
      await new Inbox(client, "ping").until(4);
      assert.equal(client.readyState, "open");
      assert.deepEqual(await engine.all("alive", "close"), []);
    },
    "does not hold up the server's close": async (engine) => {
      const client = await engine.open(transports, { name: "no pong" });
      const pinged = nextEvent(client, "ping");
      client.send("one");
      await client.inbox.until(1);
      await pinged;
      client.send("close");
      assert.equal(await client.closed, "transport close");
      assert.deepEqual(await engine.told("no pong", "close"), ["forced close"]);
    },
  });
}

withEngine("over polling, a session", { ping_interval: 0.3, ping_timeout: 0.7 }, {
  "ends when its poll is cut off, as by a closed tab": async (engine) => {
    const connection = await RawConnection.open(engine.server.port);
    const path = "/engine.io/?EIO=4&transport=polling&name=tab";
    const { sid } = JSON.parse((await connection.get(path)).body.slice(1));
    await connection.write(`GET ${path}&sid=${sid} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    await engine.told("tab", "headers"); // the handshake's
    while (engine.said("tab", "headers").length < 2) await engine.all("tab", "headers");
    connection.close();
    assert.deepEqual(await engine.told("tab", "close"),
      ["transport error", "poll connection closed prematurely"]);
  },
  "that nobody polls ends by its heartbeat, even one that is closing": async (engine) => {
    const query = { EIO: "4", transport: "polling" };
    await engine.ask({ ...query, name: "gone" });
    await engine.ask({ ...query, name: "closing", close: "1" });
    assert.deepEqual(await engine.told("gone", "close"), ["ping timeout"]);
    assert.deepEqual(await engine.told("closing", "close"), ["ping timeout"]);
  },
  "survives connections that end with each answer": async (engine) => {
    const client = engine.client(polling, {}, { extraHeaders: { Connection: "close" } });
    await nextEvent(client, "open");
    client.send("test");
    assert.deepEqual(await client.inbox.until(1), ["test"]);
  },
  "ends with a body of bytes": async (engine) => {
    const client = await engine.open(polling, { name: "bytes" });
    const answer = await engine.ask({ EIO: "4", transport: "polling", sid: client.id },
      { method: "POST", headers: { "Content-Type": "application/octet-stream" },
        body: Buffer.of(1, 2, 3) });
    assert.equal(answer.status, 400);
    assert.match(await client.closed, /^transport (close|error)$/);
  },
  "is not there while nobody listens": async (engine) => {
    const free = net.createServer().listen(0);
    await once(free, "listening");
    const { port } = free.address();
    free.close();
    await once(free, "close");
    for (const transports of [polling, websocket]) {
      const client = new Socket(`http://localhost:${port}`, { transports });
      client.on("error", () => {}); // "close" follows
      assert.equal((await nextEvent(client, "close"))[0], "transport error");
    }
  },
});

withEngine("while it is upgraded, a session", { upgrade_timeout: 0.3 }, {
  "may be closed by its client": async (engine) => {
    const client = await engine.open(both, { name: "upgrading" });
    client.close();
    assert.equal(await client.closed, "forced close");
    assert.deepEqual(await engine.told("upgrading", "close"), ["transport close"]);
  },
  "takes its probe with it when the server closes": async (engine) => {
    const client = await engine.open(polling, { name: "probe" });
    const probe = await RawWebSocket.open(engine.server.port,
      `/engine.io/?EIO=4&transport=websocket&sid=${client.id}`);
    await probe.write(frame(op.text, "2probe"));
    assert.equal(await probe.text(), "3probe");
    client.send("close");
    assert.equal(await client.closed, "transport close");
    await probe.closed(Buffer.alloc(0));
    probe.destroy();
    assert.deepEqual(await engine.told("probe", "close"), ["forced close"]);
  },
  "loses only the probe when that takes too long": async (engine) => {
    const client = await engine.open(polling, { name: "slow" });
    const probe = await RawWebSocket.open(engine.server.port,
      `/engine.io/?EIO=4&transport=websocket&sid=${client.id}`);
    await probe.write(frame(op.text, "2probe"));
    assert.equal(await probe.text(), "3probe");
    await probe.closed(Buffer.alloc(0));
    probe.destroy();
    client.send("still");
    assert.deepEqual(await client.inbox.until(1), ["still"]);
    assert.deepEqual(await engine.all("slow", "close"), []);
  },
  "is not opened by half an upgrade request": async (engine) => {
    const { status } = await request(`${engine.server.url}/engine.io/`,
      { headers: { Connection: "Upgrade", Upgrade: "websocket" } });
    assert.equal(status, 400);
  },
});

withEngine("after its upgrade, a session", { ping_interval: 0.2, ping_timeout: 0.7 }, {
  "has its heartbeat as before": async (engine) => {
    const client = await engine.upgraded({ name: "upgraded" });
    await new Inbox(client, "ping").until(3);
    assert.equal(client.readyState, "open");
    silence(client);
    assert.deepEqual(await engine.told("upgraded", "close"), ["ping timeout"]);
  },
});

// The server ends with status 0 and leaves nobody waiting (server.stop() checks that).
describe("a server that stops", { timeout: 60000 }, () => {
  const ways = {
    "a polling client": async (engine) => [await engine.open(polling, {})],
    "a WebSocket client": async (engine) => [await engine.open(websocket, {})],
    "an upgraded client": async (engine) => [await engine.upgraded({})],
    "an upgrading client": async (engine) => {
      const client = await engine.open(polling, {});
      const probe = await RawWebSocket.open(engine.server.port,
        `/engine.io/?EIO=4&transport=websocket&sid=${client.id}`);
      await probe.write(frame(op.text, "2probe"));
      assert.equal(await probe.text(), "3probe");
      return [client, probe];
    },
  };
  for (const [who, connect] of Object.entries(ways)) {
    it(`closes ${who}`, async () => {
      const engine = await Engine.start();
      const [client, probe] = await connect(engine);
      const stopped = engine.server.stop(); // once: a second signal would make it end
      assert.match(await client.closed, /^transport (close|error)$/);
      probe?.destroy();
      await stopped;
      await engine.stop();
    });
    it(`closes ${who} in one worker, which is replaced`, async () => {
      const engine = await Engine.start();
      const [client, probe] = await connect(engine);
      client.send("stop");
      assert.match(await client.closed, /^transport (close|error)$/);
      probe?.destroy();
      await eventually("a new worker", () => engine.open(websocket, {}).catch(() => false));
      await engine.stop();
    });
  }

  it("discards what waits for a client that is not there to take it", async () => {
    const engine = await Engine.start();
    const client = engine.client(both, { greet: "hello", stop: "1" });
    assert.match(await client.closed, /^transport (close|error)$/);
    assert.deepEqual(client.inbox.items, []);
    await engine.stop();
  });

  it("is found again by its clients when it is back", async () => {
    const engine = await Engine.start({ transports: websocket });
    const { port } = engine.server;
    const before = await engine.open(websocket, {});
    const closed = before.closed;
    await engine.stop();
    assert.match(await closed, /^(transport|forced) close$/);
    const again = new Engine(await startServer("engine", { bind: [`127.0.0.1:${port}`] }));
    const client = await again.open(websocket, { close: "1", greet: "back" });
    assert.equal(await client.closed, "transport close");
    assert.deepEqual(client.inbox.items, ["back"]);
    await again.stop();
  });
});
