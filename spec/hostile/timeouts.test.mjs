// SPDX-License-Identifier: MIT
// What clients may take their time for, with limits that are short enough to wait for. Each row is
// over when the server ends it, so nothing is asserted about seconds.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { ask, get, post } from "./bytes.js";
import { bad } from "./answers.js";
import { checkAnswer, Victim } from "./victim.js";

const limits = { head_timeout: 0.5, body_timeout: 0.5, keep_alive_timeout: 0.3 };
const refusal = bad(408).answers[0];

describe("timeouts", { timeout: 60000, concurrency: true }, () => {
  let victim;
  before(async () => (victim = await Victim.start(limits)));
  after(() => victim?.stop());

  async function isRefused(connection) {
    checkAnswer(await connection.response(), refusal);
    await connection.end();
    connection.close();
    await victim.watcher.echo();
  }

  for (const [what, bytes] of [["nothing", ""], ["half a word", "GET "]]) {
    it(`TM1 ${what}`, async () => {
      const connection = await victim.connect();
      if (bytes) connection.socket.write(bytes);
      await isRefused(connection);
    });
  }

  it("TM2 a head byte by byte", async () => {
    const connection = await victim.connect();
    const bytes = get("/", `Slow: ${"s".repeat(1000)}`);
    let sent = 0;
    const drip = setInterval(() => connection.socket.write(bytes[sent++]), 20);
    await isRefused(connection).finally(() => clearInterval(drip));
    assert.ok(sent < bytes.length, "the limit is for all of the head");
  });

  it("TM3 a body byte by byte", async () => {
    const session = await victim.session("TM3");
    const connection = await victim.connect();
    connection.socket.write(ask("POST", session.path, ["Content-Length: 5000"]));
    const drip = setInterval(() => connection.socket.write("4"), 20);
    await isRefused(connection).finally(() => clearInterval(drip));
    const told = await victim.watcher.until("TM3", "left");
    assert.equal(told[0][1], "transport error");
    const other = await victim.connect();
    checkAnswer(await other.get(session.path), { status: 400, body: /Session ID unknown/ });
    other.close();
    session.own.close();
  });

  it("TM4 nothing behind an answer", async () => {
    const connection = await victim.connect();
    assert.equal((await connection.get("/")).status, 200);
    const silent = await victim.connect(); // until head_timeout
    const ends = [];
    await Promise.all([
      connection.end().then(() => ends.push("kept")),
      isRefused(silent).then(() => ends.push("new")),
    ]);
    assert.deepEqual(ends, ["kept", "new"]);
    assert.equal(connection.received.length, 0, "without a word");
    connection.close();
    await victim.watcher.echo();
  });

  it("TM5 100 connections that say nothing", async () => {
    const all = await Promise.all(Array.from({ length: 100 }, () => victim.connect()));
    await Promise.all(all.map(isRefused));
  });

  it("TM4 a poll waits longer than all limits", async () => {
    const session = await victim.session("TM4");
    const poll = session.get();
    for (let i = 0; i < 2; i++) await isRefused(await victim.connect());
    const other = await victim.connect();
    other.socket.write(post(session.path, '42["echo","late"]'));
    assert.equal((await other.response()).body, "ok");
    assert.equal((await poll).body, '42["echo","late"]');
    other.close();
    session.own.close();
  });
});
