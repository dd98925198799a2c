// SPDX-License-Identifier: MIT
// What goes over plain HTTP: an app's own routes, the browser client, keep-alive connections that
// carry several sessions of different workers, request heads in many segments.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { readFileSync } from "node:fs";
import zlib from "node:zlib";
import { RawConnection, request } from "../support/http.js";
import { rootFile, startServer, workerCounts } from "../support/server.js";

const polling = "/socket.io/?EIO=4&transport=polling";

for (const workers of workerCounts(1, 4)) {
  describe(`HTTP, ${workers} worker(s)`, { timeout: 60000 }, () => {
    let server;
    before(async () => (server = await startServer("clients", { workers })));
    after(() => server?.stop());

    it("answers the app's routes, and 404 elsewhere", async () => {
      const who = await request(`${server.url}/whoami`);
      assert.equal(who.status, 200);
      assert.match(who.headers["content-type"], /^application\/json/);
      assert.ok(server.workerPids().includes(JSON.parse(who.body).pid));
      const body = "tea ☕ ".repeat(5000);
      const echo = await request(`${server.url}/echo`, { method: "POST", body });
      assert.equal(echo.body, body);
      assert.equal((await request(`${server.url}/nowhere`)).status, 404);
    });

    it("carries sessions of all workers on one kept connection", async () => {
      const opened = await Promise.all(
        Array.from({ length: 8 }, () => request(server.url + polling)),
      );
      const sids = opened.map(({ body }) => JSON.parse(body.slice(1)).sid);
      const connection = await RawConnection.open(server.port);
      const ask = async (method, sid, body) => {
        const answer = await connection[method](`${polling}&sid=${sid}`, body);
        assert.equal(answer.status, 200, answer.body);
        assert.notEqual(answer.headers.connection?.toLowerCase(), "close");
        return answer.body;
      };
      const pids = new Set();
      for (const sid of sids) {
        assert.equal(await ask("post", sid, "40"), "ok");
        assert.match(await ask("get", sid), /^40{"sid":"[\w-]{20}"}$/);
      }
      for (const sid of [...sids, ...sids.reverse()]) {
        assert.equal(await ask("post", sid, '420["whoami"]'), "ok");
        pids.add(JSON.parse((await ask("get", sid)).slice(3))[0].pid);
      }
      const who = await connection.get("/whoami");
      assert.equal(who.status, 200);
      assert.equal(pids.size, workers);
      for (const sid of sids) assert.equal(await ask("post", sid, "1"), "ok");
      connection.close();
    });

    it("reads heads and bodies that come in many segments", async () => {
      const connection = await RawConnection.open(server.port);
      const open = `GET ${polling} HTTP/1.1\r\nHost: localhost\r\n` +
        `X-Filler: ${"f".repeat(40)}\r\n\r\n`;
      await connection.write(...open);
      const { sid } = JSON.parse((await connection.response()).body.slice(1));
      const other = await RawConnection.open(server.port);
      const post = (body) => `POST ${polling}&sid=${sid} HTTP/1.1\r\nHost: localhost\r\n` +
        `Content-Length: ${body.length}\r\n\r\n${body}`;
      const poll = async () => (await connection.get(`${polling}&sid=${sid}`)).body;
      await other.write(...post("40"));
      assert.equal((await other.response()).body, "ok");
      assert.match(await poll(), /^40/);
      for (const cut of [1, 20, 60, 75]) {
        const bytes = post(`420["ack","${cut}"]`);
        await other.write(bytes.slice(0, cut), bytes.slice(cut, -5), bytes.slice(-5));
        assert.equal((await other.response()).body, "ok");
        assert.equal(await poll(), `430["${cut}"]`);
      }
      connection.close();
      other.close();
    });

    it("answers requests that were sent without waiting, in order", async () => {
      const connection = await RawConnection.open(server.port);
      const one = "GET /whoami HTTP/1.1\r\nHost: localhost\r\n\r\n";
      const two = "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc";
      await connection.write(one + two + one);
      assert.match((await connection.response()).body, /"pid"/);
      assert.equal((await connection.response()).body, "abc");
      assert.match((await connection.response()).body, /"pid"/);
      connection.close();
    });

    it("refuses an unknown session with the official error", async () => {
      const answer = await request(`${server.url}${polling}&sid=aaaaaaaaaaaaaaaaaaaa`);
      assert.equal(answer.status, 400);
      assert.deepEqual(JSON.parse(answer.body), { code: 1, message: "Session ID unknown" });
    });
  });
}

describe("the browser client", { timeout: 30000 }, () => {
  const bundles = [
    "socket.io.js", "socket.io.min.js", "socket.io.esm.min.js", "socket.io.msgpack.min.js",
  ];
  let server;
  before(async () => (server = await startServer("clients")));
  after(() => server?.stop());

  for (const name of bundles) {
    it(`serves ${name}`, async () => {
      const url = `${server.url}/socket.io/${name}`;
      const file = readFileSync(rootFile(`lua/sio/client/${name}`));
      const plain = await request(url);
      assert.equal(plain.status, 200);
      assert.equal(plain.headers["content-type"], "application/javascript; charset=utf-8");
      assert.equal(plain.headers["cache-control"], "public, max-age=0");
      assert.deepEqual(plain.bytes, file);

      const decoders = { br: zlib.brotliDecompressSync, gzip: zlib.gunzipSync };
      for (const accept of ["gzip, deflate", "gzip, deflate, br"]) {
        const coded = await request(url, { headers: { "Accept-Encoding": accept } });
        const coding = coded.headers["content-encoding"]; // br where the build has it
        assert.ok(coding === "gzip" || (coding === "br" && accept.endsWith("br")), coding);
        assert.ok(coded.bytes.length < file.length / 2);
        assert.deepEqual(decoders[coding](coded.bytes), file);
      }

      const { etag } = plain.headers;
      assert.equal(etag, '"4.8.4"');
      for (const tag of [etag, `W/${etag}`]) {
        const same = await request(url, { headers: { "If-None-Match": tag } });
        assert.equal(same.status, 304);
        assert.equal(same.bytes.length, 0);
      }
      const stale = await request(url, { headers: { "If-None-Match": '"4.8.3"' } });
      assert.equal(stale.status, 200);
    });
  }

  it("has no source maps and no other files", async () => {
    for (const name of ["socket.io.js.map", "version", "LICENSE", "../init.lua"]) {
      const { status } = await request(`${server.url}/socket.io/${name}`);
      assert.ok(status === 404 || status === 400, `${name}: ${status}`);
    }
  });
});
