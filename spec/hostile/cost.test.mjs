// SPDX-License-Identifier: MIT
// Inputs that cost a careless server far more than they cost their sender: what they cost the
// worker must grow with their length, and not with how they were chosen. Processor time is compared
// with processor time, of twice as much, or of harmless input of the same length.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { get, post, upgrade } from "./bytes.js";
import { Process } from "./process.js";
import { Victim } from "./victim.js";

const mega = 1e6;
const rounds = 5;

// What `dear` costs, at most thrice what `cheap` does. Time that grows with the square of the
// length would be seconds, so that a tenth of one is noise.
async function compare(worker, cheap, dear) {
  const less = await worker.costOf(cheap);
  const more = await worker.costOf(dear);
  const text = `${more.toFixed(1)} ms against ${less.toFixed(1)} ms`;
  assert.ok(more <= less * 3 + 100, text);
}

// 2^16 strings of 32 letters with one hash, for the many functions that add 31 times the last sum.
function colliding(n) {
  const pairs = ["Aa", "BB"];
  return Array.from({ length: n }, (_, i) => (
    Array.from({ length: 16 }, (_, bit) => pairs[(i >> bit) & 1]).join("")));
}

const harmless = (n) => Array.from({ length: n }, (_, i) => `${i}`.padStart(32, "k"));

describe("what bad input costs", { timeout: 60000 }, () => {
  let victim, worker;
  before(async () => {
    victim = await Victim.start();
    worker = new Process(victim.server.workerPids()[0]);
  });
  after(() => victim?.stop());

  // Each body to a session of its own, for most of them end it.
  const send = (body) => async () => {
    const connection = await victim.connect();
    for (let i = 0; i < rounds; i++) {
      const session = await victim.session(null);
      connection.socket.write(post(session.path, body));
      assert.equal((await connection.response()).status, 200);
      session.own.close();
    }
    connection.close();
    await victim.watcher.echo();
  };

  const texts = {
    "a namespace without an end": (n) => "40/".padEnd(n, "a"),
    "a number of attachments without an end": (n) => "45".padEnd(n, "1"),
    "an ack id without an end": (n) => "42".padEnd(n, "1"),
    "brackets that open": (n) => "42".padEnd(n, "["),
    "a string without an end": (n) => '42["'.padEnd(n, "\\"),
    "separators": (n) => "6\x1e".repeat(n / 2) + "6",
  };
  for (const [name, make] of Object.entries(texts)) {
    it(`CVE-2020-36049 ${name}`, () => (
      compare(worker, send(make(mega / 2)), send(make(mega - 2)))));
  }

  const object = (keys) => `42["take",${JSON.stringify(
    Object.fromEntries(keys.map((key) => [key, 0])))}]`;

  it("CVE-2026-21717 keys of an object that collide elsewhere", () => (
    compare(worker, send(object(harmless(27000))), send(object(colliding(27000))))));

  it("CVE-2026-21717 rooms that collide elsewhere", () => {
    const join = (names) => `42${JSON.stringify(["join", names])}`;
    return compare(worker, send(join(harmless(9000))), send(join(colliding(9000))));
  });

  // Fields of 15 KB that are lists of nothing: a hundred of them cost less than 100 ms.
  const fill = (unit) => unit.repeat(15000 / unit.length);
  const fields = {
    "CVE-2016-10539 Accept-Encoding": get("/", `Accept-Encoding: a${fill(";q=,")}`),
    "CVE-2016-10539 Connection": get("/", `Connection: a${fill(" ,")}`),
    "CVE-2021-32640 Sec-WebSocket-Protocol": upgrade(
      "/socket.io/?EIO=4&transport=polling", `Sec-WebSocket-Protocol: a${fill(" ,")}b`),
    "CVE-2020-7662 Sec-WebSocket-Extensions": upgrade(
      "/socket.io/?EIO=4&transport=polling", `Sec-WebSocket-Extensions: a${fill(";b=\"")}`),
    "CVE-2024-47764 Cookie": get("/", `Cookie: a${fill("=;")}`),
    "X-Forwarded-For": get("/", `X-Forwarded-For: 1${fill(" ,")}`),
  };
  for (const [name, bytes] of Object.entries(fields)) {
    it(`${name} of 15 KB`, async () => {
      const cost = await worker.costOf(async () => {
        for (let i = 0; i < 100; i++) {
          const connection = await victim.connect();
          connection.socket.write(bytes);
          await connection.response();
          connection.close();
        }
      });
      assert.ok(cost < 100, `${cost} ms`);
    });
  }
});
