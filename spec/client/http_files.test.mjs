// SPDX-License-Identifier: MIT
// Large files and streamed bodies over real connections: whole and in parts, to readers that stop
// and clients that leave, with bounded memory and no descriptor left open.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, truncateSync, utimesSync,
  writeFileSync } from "node:fs";
import { once } from "node:events";
import { tmpdir } from "node:os";
import net from "node:net";
import path from "node:path";
import { RawConnection, request } from "../support/http.js";
import { eventually } from "../support/wait.js";
import { startServer } from "../support/server.js";

const size = 20 * 1024 * 1024;
const crowd = 20;
const hash = (bytes) => createHash("sha256").update(bytes).digest("hex");

describe("large files and streams", { timeout: 60000 }, () => {
  const dir = mkdtempSync(path.join(tmpdir(), "sio-files-"));
  const content = Buffer.alloc(size);
  for (let i = 0; i < size; i += 4) content.writeUInt32LE(Math.imul(i, 2654435761) >>> 0, i);
  let server, worker;

  before(async () => {
    writeFileSync(path.join(dir, "big.bin"), content);
    writeFileSync(path.join(dir, "shrinks.bin"), content);
    for (const name of ["big.bin", "shrinks.bin"]) utimesSync(path.join(dir, name), 1e9, 1e9);
    // What it holds is looked up in the one worker that has it.
    server = await startServer("files", { env: { FILES: dir }, workers: 1 });
    [worker] = server.workerPids();
  });
  after(async () => {
    await server?.stop();
    rmSync(dir, { recursive: true });
  });

  // Of no meaning with a sanitizer's heap.
  function memoryKiB() {
    if (process.env.SIO_PRELOAD) return 0;
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${worker}/status`, "utf8"))[1]);
  }

  // The worker's descriptors of files in our folder.
  const openFiles = () =>
    readdirSync(`/proc/${worker}/fd`).filter((fd) => {
      try {
        return readlinkSync(`/proc/${worker}/fd/${fd}`).startsWith(dir);
      } catch {
        return false; // closed while we looked
      }
    }).length;

  // A connection that has asked, and reads only when it is told to.
  async function ask(target, of = server) {
    const socket = net.connect(of.port, "localhost");
    socket.on("error", () => {});
    await once(socket, "connect");
    socket.pause();
    socket.write(`GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    return socket;
  }

  async function readAll(socket) {
    const chunks = [];
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.resume();
    await once(socket, "close");
    const bytes = Buffer.concat(chunks);
    return bytes.subarray(bytes.indexOf("\r\n\r\n") + 4);
  }

  it("come whole", async () => {
    const answer = await request(`${server.url}/files/big.bin`);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers["content-length"], String(size));
    assert.equal(hash(answer.bytes), hash(content));
    await eventually("the file is closed", () => openFiles() === 0);
  });

  it("come in parts on one connection, with 304 and 416 between", async () => {
    const connection = await RawConnection.open(server.port);
    const get = async (headers) => {
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
      const head = `GET /files/big.bin HTTP/1.1\r\nHost: localhost\r\n${lines.join("")}\r\n`;
      await connection.write(head);
      return connection.response();
    };
    const head = await (async () => {
      await connection.write("HEAD /files/big.bin HTTP/1.1\r\nHost: localhost\r\n\r\n");
      const end = await eventually("a head", () => {
        const at = connection.received.indexOf("\r\n\r\n");
        return at >= 0 && at + 4;
      });
      const text = connection.received.subarray(0, end).toString();
      connection.received = connection.received.subarray(end);
      return text;
    })();
    assert.match(head, new RegExp(`Content-Length: ${size}\r\n`));
    const etag = /ETag: (\S+)/.exec(head)[1];
    const digest = createHash("sha256");
    const step = 3 * 1000 * 1000;
    for (let from = 0; from < size; from += step) {
      const to = Math.min(from + step, size) - 1;
      const part = await get({ Range: `bytes=${from}-${to}`, "If-Range": etag });
      assert.equal(part.status, 206);
      assert.equal(part.headers["content-range"], `bytes ${from}-${to}/${size}`);
      assert.equal(part.bytes.length, to - from + 1);
      digest.update(part.bytes);
      const same = await get({ "If-None-Match": etag });
      assert.equal(same.status, 304);
      const outside = await get({ Range: `bytes=${size}-` });
      assert.equal(outside.status, 416);
      assert.equal(outside.headers["content-range"], `bytes */${size}`);
    }
    assert.equal(digest.digest("hex"), hash(content));
    await eventually("all files are closed", () => openFiles() === 0);
    connection.close();
  });

  it("wait for readers that stop, in little memory, and go on when they do", async () => {
    const before = memoryKiB();
    const sockets = await Promise.all(
      Array.from({ length: crowd }, () => ask("/files/big.bin")),
    );
    await eventually("all files are open", () => openFiles() === crowd);
    const grown = memoryKiB() - before;
    const bytes = await Promise.all(sockets.slice(0, 3).map(readAll));
    for (const each of bytes) assert.equal(hash(each), hash(content));
    assert.ok(grown < (crowd * size) / 1024 / 8, `${grown} KiB more`);
    for (const socket of sockets) socket.destroy();
    await eventually("all files are closed", () => openFiles() === 0);
  });

  it("are closed for readers that never go on", async () => {
    const sockets = await Promise.all(Array.from({ length: 3 }, () => ask("/files/big.bin")));
    await eventually("the files are open", () => openFiles() === 3);
    await eventually("the files are closed", () => openFiles() === 0);
    for (const socket of sockets) socket.destroy();
  });

  it("that become shorter end the connection", async () => {
    const socket = await ask("/files/shrinks.bin");
    await eventually("the file is open", () => openFiles() === 1);
    const half = size / 2 + 1;
    truncateSync(path.join(dir, "shrinks.bin"), half);
    const got = await readAll(socket);
    assert.equal(hash(got), hash(content.subarray(0, half)));
    await eventually("the file is closed", () => openFiles() === 0);
  });

  it("streams wait for readers that stop, and end with clients that leave", async () => {
    const before = memoryKiB();
    const sockets = await Promise.all(Array.from({ length: crowd }, () => ask("/endless")));
    const writing = async () => Number((await request(`${server.url}/writing`)).body);
    await eventually("all are written", async () => (await writing()) === crowd);
    sockets[0].resume();
    let read = 0;
    sockets[0].on("data", (data) => (read += data.length));
    await eventually("one is read", () => read > size);
    const grown = memoryKiB() - before;
    assert.ok(grown < 32 * 1024, `${grown} KiB more`);
    for (const socket of sockets) socket.destroy();
    await eventually("none is written", async () => (await writing()) === 0);
  });

  it("do not keep a server that stops", async () => {
    const other = await startServer("files", { env: { FILES: dir }, workers: 2 });
    const targets = ["/endless", "/files/big.bin"];
    const sockets = await Promise.all(targets.map((target) => ask(target, other)));
    for (const socket of sockets) await once(socket, "readable");
    await other.stop(); // fails when that takes too long
    for (const socket of sockets) assert.ok((await readAll(socket)).length < size);
  });

  it("bodies that are announced are asked for", async () => {
    const connection = await RawConnection.open(server.port);
    await connection.write(
      "POST /size HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n",
    );
    assert.equal((await connection.response()).status, 100);
    await connection.write("12345");
    assert.equal((await connection.response()).body, "5");
    connection.close();
  });
});
