// SPDX-License-Identifier: MIT
// What sockets that say nothing cost: with handlers of the namespace alone nothing in Lua, whatever
// their number; and what they take when each is in a room and has a listener of its own.

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import fs from "node:fs";
import { startServer } from "../support/server.js";
import { Frames } from "../support/wire.js";

const count = 10000;
const limits = { "/shared": 1280, "/closure": 2048 }; // bytes of process memory for each
const weighs = !process.env.SIO_PRELOAD; // a sanitizer's malloc takes what it likes

const atOnce = 50;

async function connect(url, namespace) {
  const frames = new Frames(`${url.replace("http", "ws")}/socket.io/?EIO=4&transport=websocket`);
  await frames.open();
  frames.send(`40${namespace},`);
  await frames.next(); // the open packet
  assert.match(await frames.next(), /^40/);
  return frames;
}

async function connectMany(url, namespace) {
  const all = [];
  while (all.length < count) {
    const some = Array.from({ length: atOnce }, () => connect(url, namespace));
    all.push(...(await Promise.all(some)));
  }
  return all;
}

function residentBytes(server) {
  const [pid] = server.workerPids();
  const status = fs.readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^RssAnon:\s+(\d+) kB/m.exec(status)[1]) * 1024;
}

describe(`${count} idle sockets`, { timeout: 120000 }, () => {
  let server, sockets;
  const lua = async () => (await fetch(`${server.url}/lua`)).json();

  beforeEach(async () => {
    server = await startServer("idle", { workers: 1 }); // whose memory is weighed
  });
  afterEach(() => {
    for (const { socket } of sockets) socket.terminate();
    return server?.stop();
  });

  async function fill(namespace) {
    const [before, resident] = [await lua(), residentBytes(server)];
    sockets = await connectMany(server.url, namespace);
    const now = await lua();
    const each = (bytes) => Math.round(bytes / count);
    const bytes = each(residentBytes(server) - resident);
    console.log(`# ${namespace}: ${bytes} bytes of memory each, of which Lua has `
      + `${each(now.bytes - before.bytes)}`);
    const limit = weighs ? limits[namespace] : Infinity;
    assert.ok(bytes <= limit, `${bytes} bytes, the limit is ${limit}`);
    return { before, now };
  }

  it("cost no Lua object when only their namespace has handlers", async () => {
    const { before, now } = await fill("/shared");
    assert.equal(now.objects, 0);
    assert.equal(now.anchored, before.anchored);
    assert.ok(now.bytes - before.bytes < 65536, `${now.bytes - before.bytes} bytes more`);

    // The first event makes one, which can go again.
    for (const frames of sockets.slice(0, 100)) {
      frames.send('42/shared,1["echo","hello"]');
      assert.equal(await frames.nextPacket(), '43/shared,1["hello"]');
    }
    assert.equal((await lua()).objects, 0);
  });

  it("cost an object and their closures when each has a listener", async () => {
    const { before, now } = await fill("/closure");
    assert.equal(now.objects, count);
    assert.ok(now.bytes - before.bytes > count * 100);
  });
});
