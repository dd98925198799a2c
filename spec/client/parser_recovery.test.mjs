// SPDX-License-Identifier: MIT
// Connection state recovery through parsers: the private id and the offset travel in packets too.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import jsonParser from "socket.io-json-parser";
import msgpackParser from "socket.io-msgpack-parser";
import { Clients } from "../support/clients.js";
import { startServer, workerCounts } from "../support/server.js";
import { Inbox, nextEvent } from "../support/wait.js";

const parsers = { msgpack: msgpackParser, json: jsonParser };
const bytesOf = (value) => [...Buffer.from(value)];

for (const workers of workerCounts(1, 3)) {
  for (const [name, parser] of Object.entries(parsers)) {
    describe(`recovery, ${name}, ${workers} worker(s)`, { timeout: 60000 }, () => {
      let server, clients;
      before(async () => {
        server = await startServer("parser_recovery", { workers, env: { PARSER: name } });
        clients = new Clients(server.url);
      });
      after(async () => {
        clients?.close();
        await server?.stop();
      });

      it("gives a client that was cut off what it missed, and its id", async () => {
        const reader = await clients.connect("websocket", { parser });
        const writer = await clients.connect("polling", { parser });
        const numbers = new Inbox(reader, "n", (n) => n);
        const bytes = new Inbox(reader, "bytes", (b) => bytesOf(b));
        await writer.emitWithAck("publish", 1, 3);
        await numbers.until(3);
        const { id } = reader;
        const gone = nextEvent(reader, "disconnect");
        const back = nextEvent(reader, "connect");
        reader.io.engine.close();
        await gone;
        await writer.emitWithAck("publish", 4, 6);
        if (name === "msgpack") await writer.emitWithAck("publish bytes", Buffer.from([9]));
        await back;
        assert.deepEqual([reader.recovered, reader.id], [true, id]);
        await writer.emitWithAck("publish", 7, 7);
        assert.deepEqual(await numbers.until(7), [1, 2, 3, 4, 5, 6, 7]);
        assert.deepEqual(bytes.items, name === "msgpack" ? [[9]] : []);
      });
    });
  }
}
