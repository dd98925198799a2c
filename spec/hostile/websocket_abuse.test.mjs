// SPDX-License-Identifier: MIT
// WebSocket clients that break off, do not read, announce what never comes or never end: how their
// sessions end, what they may cost, and that the next client is served.

import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { RawWebSocket, closing, frame, op } from "../support/raw_websocket.js";
import { Witness, openSession, target } from "../support/witness.js";
import { startServer } from "../support/server.js";

const text = (data, options) => frame(op.text, data, options);
const many = (count, make) => Promise.all(Array.from({ length: count }, (_, i) => make(i)));
const mib = 1024 * 1024;

// Bytes of the worker's own memory; of no meaning with a sanitizer's heap.
function memoryOf(server) {
  const [pid] = server.workerPids();
  const [, kib] = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return process.env.SIO_PRELOAD ? 0 : kib * 1024;
}

// A server for the tests of one suite, with a witness for each of them.
function attacked(env = {}) {
  const scene = {
    async told(...reasons) {
      for (const reason of reasons) assert.equal(await scene.witness.told(), reason);
      await scene.witness.served();
    },
  };
  before(async () => {
    scene.server = await startServer("ws_echo", { env });
    scene.port = scene.server.port;
  });
  beforeEach(async () => (scene.witness = await Witness.open(scene.port)));
  afterEach(() => scene.witness.close());
  after(() => scene.server?.stop());
  return scene;
}

const half = text("4hello").subarray(0, 9);

describe("a WebSocket client", { timeout: 60000 }, () => {
  const scene = attacked();

  // ---- ends (F37) -------------------------------------------------------------------------------

  for (const [where, sent] of [["inside of a frame", half], ["between frames", text("4hello")]]) {
    for (const how of ["end", "resetAndDestroy"]) {
      it(`F37 that breaks off ${where} (${how})`, async () => {
        const ws = await openSession(scene.port);
        await ws.write(sent);
        if (sent !== half) assert.equal(await ws.text(), "4hello");
        ws.socket[how]();
        await scene.told("transport close");
        if (how === "end") await ws.ended();
      });
    }
  }

  it("F37 that ends its half behind the upgrade request", async () => {
    const ws = await RawWebSocket.request(scene.port, target);
    ws.socket.end();
    assert.equal((await ws.head()).status, 101);
    assert.match(await ws.text(), /^0{"sid":/);
    await ws.ended();
    await scene.told("transport close");
  });

  it("F37 that ends its half is still answered what it asked before", async () => {
    const ws = await openSession(scene.port);
    ws.socket.end(Buffer.concat([text("4one"), frame(op.ping, "two"), text("4three")]));
    assert.equal(await ws.text(), "4one");
    assert.deepEqual(await ws.frame(), { op: op.pong, data: Buffer.from("two") });
    assert.equal(await ws.text(), "4three");
    await ws.ended();
    await scene.told("transport close");
  });

  // ---- floods -----------------------------------------------------------------------------------

  const numbered = (number) => {
    const payload = Buffer.alloc(100);
    payload.writeUInt32BE(number);
    return frame(op.ping, payload);
  };

  it("F34 that pings 40 MB and reads nothing costs one pong", async () => {
    const ws = await openSession(scene.port);
    ws.socket.pause();
    const before = memoryOf(scene.server);
    const pings = 400000;
    for (let at = 0; at < pings; at += 4000) {
      await ws.write(Buffer.concat(Array.from({ length: 4000 }, (_, i) => numbered(at + i))));
    }
    await scene.witness.served();
    const held = memoryOf(scene.server);
    assert.ok(held - before < 8 * mib, `${held - before} bytes more`);
    ws.socket.resume();
    let last = -1;
    let pongs = 0;
    for (; last !== pings - 1; pongs++) {
      const { op: opcode, data } = await ws.frame();
      assert.equal(opcode, op.pong);
      const number = data.readUInt32BE();
      assert.ok(number > last, "in order");
      last = number; // the newest one always comes
    }
    assert.ok(pongs < pings, "some were overtaken");
    ws.destroy();
    await scene.told("transport close");
  });

  it("that says 3 a hundred thousand times, unasked", async () => {
    const ws = await openSession(scene.port);
    const before = memoryOf(scene.server);
    await ws.write(Buffer.concat(Array(100000).fill(text("3"))));
    await ws.write(text("4alive"));
    assert.equal(await ws.text(), "4alive");
    assert.ok(memoryOf(scene.server) - before < 4 * mib);
    ws.destroy();
    await scene.told("transport close");
  });

  it("that sends 200000 fragments of an octet", async () => {
    const ws = await openSession(scene.port);
    const rest = Buffer.concat(Array(200000).fill(frame(op.continuation, "x", { fin: false })));
    await ws.write(Buffer.concat([text("4", { fin: false }), rest]));
    await ws.closed(closing(1008));
    await scene.told("transport error/Invalid WebSocket frame");
  });

  it("that opens and resets 500 times", async () => {
    await many(10, async () => {
      for (let i = 0; i < 50; i++) (await openSession(scene.port)).socket.resetAndDestroy();
    });
    await scene.told(...Array(500).fill("transport close"));
  });

  // ---- the closing handshake --------------------------------------------------------------------

  it("TM7 that does not answer a close frame is reset after five seconds", async () => {
    const ws = await openSession(scene.port);
    const error = once(ws.socket, "error");
    const since = Date.now();
    await ws.write(text("7")); // no packet
    assert.deepEqual(await ws.frame(), { op: op.close, data: Buffer.alloc(0) });
    await scene.told("parse error"); // the session is over at once
    const [{ code }] = await error;
    assert.equal(code, "ECONNRESET");
    const took = Date.now() - since;
    assert.ok(took >= 4900 && took < 9000, `after ${took} ms`);
  });
});

describe("a WebSocket client that begins", { timeout: 60000 }, () => {
  const scene = attacked({ MESSAGE_TIMEOUT: "0.7" });

  // ---- what never ends (F41) --------------------------------------------------------------------

  const unfinished = [
    ["a frame", half],
    ["a head", half.subarray(0, 1)],
    ["a mask", half.subarray(0, 4)],
    ["a ping", frame(op.ping, "ping").subarray(0, 8)],
    ["a message of one fragment", text("4hello", { fin: false })],
  ];
  for (const [what, sent] of unfinished) {
    it(`F41 that never ends ${what}`, async () => {
      const ws = await openSession(scene.port);
      await ws.write(sent);
      await ws.closed(closing(1008));
      await scene.told("transport error/message timeout");
    });
  }

  it("F41 that never ends a message and pings all the time", async () => {
    const ws = await openSession(scene.port);
    await ws.write(text("4hello", { fin: false }));
    let pongs = 0;
    for (let last = {}; last.op !== op.close; last = await ws.frame(), pongs++) {
      await ws.write(frame(op.ping, "still here"));
    }
    assert.ok(pongs > 10);
    await scene.told("transport error/message timeout");
    ws.destroy();
  });

  it("that sends one message after the other, each in two reads, may go on", async () => {
    const ws = await openSession(scene.port);
    const until = Date.now() + 1000; // longer than one message may take
    await ws.write(half);
    for (let i = 0; Date.now() < until; i++) {
      await ws.write(i % 2 ? half : text("4hello").subarray(9));
      if (i % 2 === 0) assert.equal(await ws.text(), "4hello");
    }
    ws.destroy();
    await scene.told("transport close");
  });

  // ---- what is announced ------------------------------------------------------------------------

  it("F18 a thousand that announce a megabyte each", async () => {
    const before = memoryOf(scene.server);
    const announced = frame(op.binary, "x", { announce: 1e6 });
    const crowd = await many(1000, () => openSession(scene.port));
    const opened = memoryOf(scene.server);
    await Promise.all(crowd.map((ws) => ws.write(announced)));
    await Promise.all(crowd.map((ws) => ws.closed(closing(1008))));
    const held = memoryOf(scene.server);
    assert.ok(held - opened < 12 * mib, `${held - opened} bytes more`);
    assert.ok(held - before < 24 * mib, `${held - before} bytes for sessions and messages`);
    await scene.told(...Array(1000).fill("transport error/message timeout"));
  });
});
