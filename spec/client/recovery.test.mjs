// SPDX-License-Identifier: MIT
// Connection state recovery with the official client: it is cut off, or its worker is killed;
// others talk meanwhile; it comes back as who it was and gets what it missed, exactly once and in
// order.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { Clients, transports } from "../support/clients.js";
import { startServer, workerCounts } from "../support/server.js";
import { eventually, Inbox, nextEvent } from "../support/wait.js";

// With recovery on, an offset follows as the last argument; the official client hands it on.
const first = (value) => value;
const range = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

for (const workers of workerCounts(1, 2)) {
  describe(`recovery, ${workers} worker(s)`, { timeout: 120000 }, () => {
    let server, clients;
    const pidOf = async (socket) => (await socket.timeout(5000).emitWithAck("whoami")).pid;
    // Asked again after a cut: an emit whose connection dies is answered by nobody.
    const publish = async (socket, ...args) => {
      if (!socket.connected) await nextEvent(socket, "connect");
      await socket.timeout(5000).emitWithAck("publish", ...args);
    };

    before(async () => {
      server = await startServer("recovery", { workers });
      clients = new Clients(server.url);
    });
    afterEach(() => clients?.close());
    after(() => server?.stop());

    // Two clients, on different workers where there are two; one may have been killed just now.
    async function pair(mode, options) {
      const reader = await clients.connect(mode, options);
      const writer = await eventually("a client on another worker", async () => {
        const client = await clients.connect("websocket");
        if (workers === 1 || (await pidOf(client)) !== (await pidOf(reader))) return client;
        client.close();
      });
      return [reader, writer];
    }

    for (const mode of Object.keys(transports)) {
      it(`${mode}: a client that was cut off gets what it missed`, async () => {
        const [reader, writer] = await pair(mode);
        const inbox = new Inbox(reader, "n", first);
        const { id } = reader;
        await reader.emitWithAck("remember", { name: "ann" });
        await publish(writer, 1, 5);
        await inbox.until(5);
        let expected = 5;
        for (let round = 0; round < 3; round++) {
          const gone = nextEvent(reader, "disconnect");
          const back = nextEvent(reader, "connect");
          reader.io.engine.close();
          await gone;
          await publish(writer, expected + 1, expected + 15);
          await back;
          assert.equal(reader.recovered, true);
          assert.equal(reader.id, id);
          await publish(writer, expected + 16, expected + 20);
          expected += 20;
          assert.deepEqual(await inbox.until(expected), range(1, expected));
          assert.deepEqual(await reader.emitWithAck("recall"), { name: "ann" });
        }
      });

      it(`${mode}: a client whose worker was killed gets what it missed`, async () => {
        const [reader, writer] = await pair(mode);
        const inbox = new Inbox(reader, "n", first);
        const { id } = reader;
        await reader.emitWithAck("remember", [1, "two"]);
        await publish(writer, 1, 5);
        await inbox.until(5);
        const victim = await pidOf(reader);
        const gone = nextEvent(reader, "disconnect");
        const back = nextEvent(reader, "connect");
        const writerGone = workers === 1 ? nextEvent(writer, "disconnect") : null;
        process.kill(victim, "SIGKILL");
        await Promise.all([gone, writerGone]);
        await publish(writer, 6, 20);
        await back;
        assert.equal(reader.recovered, true);
        assert.equal(reader.id, id);
        await publish(writer, 21, 25);
        assert.deepEqual(await inbox.until(25), range(1, 25));
        assert.deepEqual(await reader.emitWithAck("recall"), [1, "two"]);
        assert.notEqual(await pidOf(reader), victim);
        await server.whole(victim);
      });
    }

    it("a client that received nothing yet recovers too", async () => {
      const [reader, writer] = await pair("websocket");
      const inbox = new Inbox(reader, "n", first);
      const gone = nextEvent(reader, "disconnect");
      const back = nextEvent(reader, "connect");
      reader.io.engine.close();
      await gone;
      await publish(writer, 1, 3);
      await back;
      assert.equal(reader.recovered, true);
      assert.deepEqual(await inbox.until(3), [1, 2, 3]);
    });

    it("rooms come back with the client, and only theirs is replayed", async () => {
      const [reader, writer] = await pair("upgrade");
      const inbox = new Inbox(reader, "n", first);
      await reader.emitWithAck("join", "red");
      await reader.emitWithAck("join", "blue");
      await reader.emitWithAck("leave", "blue");
      const gone = nextEvent(reader, "disconnect");
      const back = nextEvent(reader, "connect");
      reader.io.engine.close();
      await gone;
      await writer.emitWithAck("publish to", "red", 1, 2);
      await writer.emitWithAck("publish to", "blue", 100, 109);
      await writer.emitWithAck("publish to", "red", 3, 4);
      await back;
      assert.equal(reader.recovered, true);
      await writer.emitWithAck("publish to", "blue", 110, 119);
      await writer.emitWithAck("publish to", "red", 5, 6);
      assert.deepEqual(await inbox.until(6), range(1, 6));
    });

    it("missed binary comes back as bytes", async () => {
      const [reader, writer] = await pair("websocket");
      const inbox = new Inbox(reader, "bytes", first);
      const gone = nextEvent(reader, "disconnect");
      const back = nextEvent(reader, "connect");
      reader.io.engine.close();
      await gone;
      await writer.emitWithAck("publish bytes", Buffer.from([9, 0, 255]));
      await back;
      assert.equal(reader.recovered, true);
      const [bytes] = await inbox.until(1);
      assert.deepEqual(Buffer.from(bytes), Buffer.from([9, 0, 255]));
    });

    it("a client that left by itself is not recovered", async () => {
      const [reader, writer] = await pair("websocket");
      const inbox = new Inbox(reader, "n", first);
      const { id } = reader;
      reader.disconnect();
      await publish(writer, 1, 3);
      const back = nextEvent(reader, "connect");
      reader.connect();
      await back;
      assert.equal(reader.recovered, false);
      assert.notEqual(reader.id, id);
      await publish(writer, 4, 4);
      assert.deepEqual(await inbox.until(1), [4]);
    });
  });
}
