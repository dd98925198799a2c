// SPDX-License-Identifier: MIT
// Handlers that fail, hold everything up, or end their worker: what is in the log, and that nobody
// but the one who asked for it notices.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { Clients } from "../support/clients.js";
import { frame, op, RawWebSocket } from "../support/raw_websocket.js";
import { startServer } from "../support/server.js";
import { eventually, nextEvent } from "../support/wait.js";

describe("errors of handlers", { timeout: 60000 }, () => {
  let server, clients, client, at;
  before(async () => {
    server = await startServer("errors");
    clients = new Clients(server.url);
  });
  after(async () => {
    clients?.close();
    await server?.stop();
  });
  // Sees only what the server prints from here on.
  const begin = async () => {
    client = await clients.connect("websocket", { namespace: "/chat" });
    at = server.output.length;
  };
  // These texts come in this order.
  const printed = (...texts) =>
    eventually(`[${texts.join(" | ")}] in the log`, () => {
      let from = at;
      return texts.every((text) => {
        const found = server.output.indexOf(text, from);
        from = found + text.length;
        return found >= 0;
      });
    });

  const failing = [
    ["fail", "event handler", "fail", "in a handler"],
    ["fail later", "event handler", "fail later", "behind a wait"],
    ["ask and fail", "ack handler", "nil", "in an answer"],
  ];
  for (const [event, what, named, message] of failing) {
    it(`say where they come from: ${event}`, async () => {
      await begin();
      client.on("q", (answer) => answer());
      client.emit(event, () => assert.fail("answered"));
      const where = named === "nil" ? "" : ` ev="${named}"`;
      const { id } = client;
      await printed(`] ${what} error${where} sid=${id} nsp=/chat: `, message, "traceback",
        `said hook what=${what} event=${named} sid=${id} nsp=/chat: `, message);
      assert.equal(await client.emitWithAck("echo", 1), 1);
    });
  }

  it("say where they come from: a middleware, a request", async () => {
    await begin();
    const refused = clients.make("websocket", { namespace: "/chat", auth: { fail: true } });
    assert.equal((await nextEvent(refused, "connect_error"))[0].message, "internal error");
    await printed("] middleware error sid=", " nsp=/chat: ", "in a middleware",
      "said hook what=middleware");
    assert.equal((await fetch(`${server.url}/fail`)).status, 500);
    await printed("] request handler GET /fail error: ", "in a request",
      "said hook what=request handler GET /fail");
    assert.equal(await client.emitWithAck("echo", 1), 1);
  });

  it("are told of slow ones while they run", async () => {
    await begin();
    client.emit("slow");
    await printed(`] slow event handler ev="slow" sid=${client.id} nsp=/chat has run for 0.`,
      "traceback", "'busy'", "said end of event");
    const slow = clients.make("websocket", { namespace: "/chat", auth: { slow: true } });
    await nextEvent(slow, "connect");
    await printed(`] slow middleware sid=${slow.id} nsp=/chat has run`, "said end of middleware");
    assert.equal(await (await fetch(`${server.url}/slow`)).text(), "slow");
    await printed('] slow request handler ev="GET /slow" has run', "'busy'", "said end of request");
  });

  it("are none in the JSON of a client, however deep it is", async () => {
    await begin();
    const target = "/socket.io/?EIO=4&transport=websocket";
    for (const open of ["[", '{"a":', '[{"a":']) {
      for (const close of ["", "]", "}"]) {
        for (const depth of [127, 128, 129, 10000, 200000]) {
          const raw = await RawWebSocket.open(server.port, target);
          await raw.text();
          const packet = `42/chat,${open.repeat(depth)}${close.repeat(depth)}`;
          await raw.write(Buffer.concat([frame(op.text, "40/chat,"), frame(op.text, packet)]));
          raw.destroy();
        }
      }
    }
    assert.equal(await client.emitWithAck("echo", 1), 1);
  });
});

describe("a handler that ends its worker", { timeout: 60000 }, () => {
  let server, clients;
  afterEach(async () => {
    clients?.close();
    await server?.stop();
  });

  for (const [code, close] of [[0, false], [7, false], [0, true], [true, true], [false, false]]) {
    it(`os.exit(${code}, ${close}): another worker takes its place`, async () => {
      server = await startServer("errors");
      clients = new Clients(server.url);
      const client = await clients.connect("websocket", { namespace: "/chat" });
      const pid = await client.emitWithAck("whoami");
      const back = nextEvent(client, "connect");
      client.emit("exit", code, close);
      await back;
      assert.notEqual(await client.emitWithAck("whoami"), pid);
    });
  }
});
