// SPDX-License-Identifier: MIT
// Requests as proxies make them, byte by byte: one connection carries those of many clients, whose
// sessions are on different workers; bodies come in chunks, after a 100, or late; old versions and
// closed connections. What each session is told must be its own, whatever came before it.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { RawConnection } from "../support/http.js";
import { rootFile, startServer } from "../support/server.js";

const path = "/socket.io/?EIO=4&transport=polling";
const sessions = 9; // on one connection; three workers

const chunk = (text) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
const halves = (text) => [text.slice(0, text.length >> 1), text.slice(text.length >> 1)];

// How a request with its body is written: the pieces, each a segment of its own. `ends`: the
// connection is over after the answer. `waits`: the answer 100 comes before the last piece.
const dialects = [
  { name: "HTTP/1.1" },
  { name: "a body in two pieces, behind the head", body: halves },
  {
    name: "chunks",
    fields: () => "Transfer-Encoding: chunked\r\n",
    body: (text) => [...halves(text).map(chunk), "0\r\n\r\n"],
  },
  {
    name: "chunks with a trailer, all at once",
    fields: () => "Transfer-Encoding: chunked\r\nTE: trailers\r\n",
    body: (text) => [`${halves(text).map(chunk).join("")}0\r\nX-Checksum: 1\r\n\r\n`],
  },
  {
    name: "Expect: 100-continue",
    fields: (text) => `Content-Length: ${text.length}\r\nExpect: 100-continue\r\n`,
    waits: true,
  },
  { name: "the absolute form", host: "http://io.example.com" },
  { name: "HTTP/1.0 that is kept", version: "1.0", connection: "keep-alive" },
  { name: "HTTP/1.0", version: "1.0", ends: true },
  { name: "Connection: close", connection: "close", ends: true },
  {
    name: "fields of many hops",
    extra: "Via: 1.1 a, 1.1 b\r\nForwarded: for=192.0.2.1\r\nX-Real-IP: 192.0.2.1\r\n" +
      "Keep-Alive: timeout=60\r\nProxy-Connection: keep-alive\r\nX-Request-Id: 1\r\n",
  },
];

// What a dialect's pieces are for one request.
function pieces(dialect, method, target, text, extra) {
  const { host = "", version = "1.1", connection } = dialect;
  const plain = (body) => `Content-Length: ${Buffer.byteLength(body)}\r\n`;
  const head = `${method} ${host}${target} HTTP/${version}\r\nHost: io.example.com\r\n` +
    (connection ? `Connection: ${connection}\r\n` : "") + (dialect.extra ?? "") + (extra ?? "");
  if (text === undefined) return [`${head}\r\n`];
  const fields = dialect.fields ?? plain;
  return [`${head}${fields(text)}\r\n`, ...(dialect.body ?? ((body) => [body]))(text)];
}

describe("what proxies send", { timeout: 60000 }, () => {
  let server;
  before(async () => {
    server = await startServer(rootFile("examples/behind/app.lua"), { workers: 3 });
  });
  after(() => server?.stop());

  // The connection of a proxy, opened anew where the dialect ends it.
  class Upstream {
    constructor(dialect) {
      this.dialect = dialect;
    }

    async ask(method, target, text, extra) {
      this.connection ??= await RawConnection.open(server.port);
      const { connection, dialect } = this;
      const list = pieces(dialect, method, target, text, extra);
      if (dialect.waits && text !== undefined) {
        await connection.write(list.shift());
        assert.equal((await connection.response()).status, 100);
      }
      await connection.write(...list);
      const answer = await connection.response();
      assert.equal(answer.status, 200, answer.body);
      const said = answer.headers.connection; // what HTTP/1.0 has to be told
      assert.equal(said, dialect.ends ? "close" : "keep-alive");
      if (dialect.ends) {
        await connection.end();
        this.connection = undefined;
      }
      return answer;
    }

    async open(extra) {
      const { sid } = JSON.parse((await this.ask("GET", path, undefined, extra)).body.slice(1));
      await this.ask("POST", `${path}&sid=${sid}`, "40");
      const heard = await this.hear({ sid }, 2);
      const [, welcome] = JSON.parse(heard[1].slice(2));
      return { sid, ...welcome };
    }

    // The packets of a session, at least so many.
    async hear({ sid }, count) {
      const packets = [];
      while (packets.length < count) {
        packets.push(...(await this.ask("GET", `${path}&sid=${sid}`)).body.split("\x1e"));
      }
      return packets;
    }

    close() {
      this.connection?.close();
    }
  }

  for (const dialect of dialects) {
    it(`comes to its session (${dialect.name})`, async () => {
      const upstream = new Upstream(dialect);
      const all = [];
      for (let i = 0; i < sessions; i++) {
        all.push(await upstream.open(`X-Forwarded-For: 6.6.6.6, 192.0.2.${i}\r\n`));
      }
      assert.equal(new Set(all.map((session) => session.worker)).size, 3);
      assert.deepEqual(all.map((each) => each.address), all.map((_, i) => `192.0.2.${i}`));
      for (const [i, session] of all.entries()) {
        const packet = `42${i}["say","${"x".repeat(i)}"]`;
        await upstream.ask("POST", `${path}&sid=${session.sid}`, packet);
      }
      for (const [i, session] of [...all.entries()].reverse()) {
        const heard = await upstream.hear(session, sessions + 1); // everybody's, and the answer
        assert.deepEqual(heard.filter((packet) => packet.startsWith("43")), [`43${i}[${i}]`]);
        const said = heard.filter((packet) => packet.startsWith('42["said"'));
        const texts = said.map((packet) => JSON.parse(packet.slice(2))[2]);
        assert.deepEqual(texts, all.map((_, n) => "x".repeat(n)));
      }
      upstream.close();
    });
  }

  it("comes to its session when several requests arrive at once", async () => {
    const upstream = new Upstream(dialects[0]);
    const all = [];
    for (let i = 0; i < sessions; i++) all.push(await upstream.open());
    const requests = all.flatMap(({ sid }, i) => [
      ...pieces(dialects[0], "POST", `${path}&sid=${sid}`, `42${i}["say","hello"]`),
      ...pieces(dialects[0], "GET", `${path}&sid=${sid}`),
    ]);
    await upstream.connection.write(requests.join(""));
    for (const i of all.keys()) {
      assert.equal((await upstream.connection.response()).body, "ok");
      assert.match((await upstream.connection.response()).body, RegExp(`43${i}\\[5\\]`));
    }
    upstream.close();
  });

  it("says where a client is in one field or several, behind trusted hops", async () => {
    const upstream = new Upstream(dialects[0]);
    const lists = {
      "X-Forwarded-For: 192.0.2.7\r\n": "192.0.2.7",
      "X-Forwarded-For: 6.6.6.6, 192.0.2.7, 10.1.1.1, 127.0.0.1\r\n": "192.0.2.7",
      "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 192.0.2.7\r\n": "192.0.2.7",
      "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-For: 10.1.1.1, 10.1.1.2\r\n": "192.0.2.7",
      "x-forwarded-for:192.0.2.7:4711 , [fd00::1]:80\r\n": "192.0.2.7",
      "X-Forwarded-For: ::ffff:192.0.2.7\r\n": "192.0.2.7",
      "X-Forwarded-For: 2001:db8::7\r\n": "2001:db8::7",
      "X-Forwarded-For: 192.168.0.9, 10.1.1.1\r\n": "192.168.0.9",
    };
    for (const [fields, address] of Object.entries(lists)) {
      assert.equal((await upstream.open(fields)).address, address, fields);
    }
    upstream.close();
  });

  it("says that the client's connection is encrypted", async () => {
    const upstream = new Upstream(dialects[0]);
    for (const [proto, expected] of [["http", false], ["https", true], ["https, http", false]]) {
      const fields = `X-Forwarded-Proto: ${proto}\r\n`;
      assert.equal((await upstream.open(fields)).secure, expected);
      const cookie = (await upstream.ask("GET", path, undefined, fields)).headers["set-cookie"];
      assert.equal(/; Secure\b/.test(cookie), expected, cookie);
    }
    upstream.close();
  });

  it("is a check that ends at once, or keeps its connection", async () => {
    const kept = new Upstream(dialects[0]);
    for (let i = 0; i < 3; i++) {
      assert.equal((await kept.ask("GET", "/health")).body, '{"status":"ready"}');
    }
    kept.close();
    const old = await RawConnection.open(server.port);
    await old.write("HEAD /health HTTP/1.0\r\n\r\n"); // HAProxy's, which has no Host
    assert.equal((await old.response({ bodyless: true })).status, 200);
    await old.end();
  });
});
