// SPDX-License-Identifier: MIT
// Memory runs out: one allocation fails, the n-th of our module and of Lua, for every n, while a
// client shakes hands, talks, upgrades and leaves. Nobody may notice.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { RawConnection } from "../support/http.js";
import { rootFile, startServer } from "../support/server.js";
import { Clients } from "../support/clients.js";
import { Frames } from "../support/wire.js";

const query = "/socket.io/?EIO=4&transport=";

// The numbers that spec/support/failmalloc.c shares with us.
class Failing {
  constructor() {
    this.dir = fs.mkdtempSync(path.join(os.tmpdir(), "sio-memory-"));
    this.file = path.join(this.dir, "control");
    fs.writeFileSync(this.file, Buffer.alloc(16));
    this.fd = fs.openSync(this.file, "r+");
  }

  env() {
    return { LD_PRELOAD: rootFile("build/failmalloc.so"), SIO_FAIL_FILE: this.file };
  }

  arm(at) {
    const numbers = Buffer.alloc(16);
    numbers.writeBigUInt64LE(BigInt(at));
    fs.writeSync(this.fd, numbers, 0, 16, 0);
  }

  // How many allocations there were since; none fails any more.
  disarm() {
    const numbers = Buffer.alloc(16);
    fs.readSync(this.fd, numbers, 0, 16, 0);
    this.arm(0);
    return Number(numbers.readBigUInt64LE(8));
  }

  close() {
    fs.closeSync(this.fd);
    fs.rmSync(this.dir, { recursive: true });
  }
}

// One client's life, on a connection that is kept for the next one.
async function live(server, connection) {
  const opened = await connection.get(`${query}polling`);
  const { sid } = JSON.parse(opened.body.slice(1));
  const session = `${query}polling&sid=${sid}`;
  assert.equal((await connection.post(session, "40")).body, "ok");
  assert.match((await connection.get(session)).body, /^40\{"sid":/);
  const words = "word ".repeat(200);
  assert.equal((await connection.post(session, `421["echo",{"words":["${words}"]}]`)).body, "ok");
  assert.equal((await connection.get(session)).body, `431[{"words":["${words}"]}]`);
  const frames = new Frames(`ws://localhost:${server.port}${query}websocket&sid=${sid}`);
  await frames.open();
  frames.send("2probe");
  assert.equal(await frames.next(), "3probe");
  frames.send("5", '422["echo",1]');
  assert.equal(await frames.nextPacket(), "432[1]");
  assert.equal((await connection.get("/page")).body, "page");
  frames.send("1");
  await frames.end();
}

describe("when an allocation fails", { timeout: 120000 }, () => {
  let failing, server;
  before(async () => {
    failing = new Failing();
    server = await startServer("memory", { workers: 1, env: failing.env() });
  });
  after(async () => {
    await server?.stop();
    failing.close();
  });

  it("the work goes on, whichever it is", async () => {
    const connection = await RawConnection.open(server.port);
    const [pid] = server.workerPids();
    await live(server, connection); // what is made once is there now
    let n = 1, made;
    do {
      failing.arm(n);
      await live(server, connection);
      made = failing.disarm();
      n++;
    } while (made >= n - 1);
    assert.ok(n > 40, `only ${n} allocations`);
    assert.deepEqual(server.workerPids(), [pid]);
    connection.close();
  });
});

describe("a handler that wants more memory than there is", { timeout: 60000 }, () => {
  let server, clients;
  before(async () => {
    server = await startServer("memory", { workers: 1 });
    clients = new Clients(server.url);
  });
  after(() => {
    clients?.close();
    return server?.stop();
  });

  it("gets an error, and its client the next answer", async () => {
    const [pid] = server.workerPids();
    const size = /^VmSize:\s+(\d+) kB/m.exec(fs.readFileSync(`/proc/${pid}/status`, "utf8"))[1];
    execFileSync("prlimit", ["--pid", pid, `--as=${(Number(size) + 256 * 1024) * 1024}`]);
    const socket = await clients.connect("websocket");
    await assert.rejects(socket.timeout(500).emitWithAck("greedy"));
    assert.deepEqual(await socket.emitWithAck("echo", 1), 1);
    await server.said(/event handler error ev="greedy".*not enough memory/);
  });
});
