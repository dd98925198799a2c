// SPDX-License-Identifier: MIT
// examples/upload in a real Chromium: a file goes up in pieces and comes down the same, also when a
// worker dies meanwhile; and what a rude client sends changes nothing.

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { Example } from "../support/browser.js";
import { request } from "../support/http.js";

const hash = (bytes) => createHash("sha256").update(bytes).digest("hex");

describe("the upload in Chromium", { timeout: 120000 }, () => {
  let example, ann, bob;

  before(async () => {
    example = await Example.start("upload");
    [ann, bob] = [await example.open(), await example.open()];
  });
  after(() => example?.stop());

  const choose = (page, name, buffer) =>
    page.setInputFiles("#choose", { name, mimeType: "application/octet-stream", buffer });

  async function download(page, name) {
    const link = page.getByRole("link", { name });
    await link.waitFor();
    const response = await fetch(new URL(await link.getAttribute("href"), example.server.url));
    return { response, bytes: Buffer.from(await response.arrayBuffer()) };
  }

  it("brings a file to everybody, byte by byte the same", async () => {
    const bytes = randomBytes(1000001);
    await choose(ann, "größe & <b>.bin", bytes);
    const got = await download(bob, "größe & <b>.bin");
    assert.equal(hash(got.bytes), hash(bytes));
    assert.equal(got.response.headers.get("content-disposition"),
      "attachment; filename*=UTF-8''gr%C3%B6%C3%9Fe%20%26%20%3Cb%3E.bin");
    await ann.getByRole("link", { name: "größe" }).waitFor();
    assert.equal(await ann.locator("#uploads li").count(), 0);
  });

  it("goes on when the workers are killed, one after the other", async () => {
    const bytes = randomBytes(20e6);
    await choose(ann, "large.bin", bytes);
    await ann.waitForFunction(() => document.querySelector("progress")?.value > 0);
    await example.picture(ann);
    for (const pid of example.server.workerPids()) {
      process.kill(pid, "SIGKILL");
      await example.server.whole(pid);
    }
    const got = await download(bob, "large.bin");
    assert.equal(hash(got.bytes), hash(bytes));
  });

  it("shows the files in a fresh page", async () => {
    const carol = await example.open();
    await carol.getByRole("link", { name: "large.bin" }).waitFor();
    await carol.context().close();
  });

  it("stores nothing that makes no sense", async () => {
    const client = await example.client();
    const key = "k".repeat(20);
    for (const [what, ...args] of [
      ["start"], ["start", 1, 2, 3], ["start", key, "x", -1], ["start", key, "x", 1.5],
      ["start", key, "x", 1e12], ["start", key, { toString: 1 }, 5], ["start", "short", "x", 5],
      ["chunk"], ["chunk", key, 0, Buffer.alloc(1)], ["chunk", key, 0, "text"],
      ["chunk", key, null, Buffer.alloc(1)],
    ]) {
      const answer = await client.emitWithAck(what, ...args);
      assert.equal(typeof answer.error, "string", `${what} ${JSON.stringify(args)}`);
    }
    assert.deepEqual(await client.emitWithAck("start", key, "../../etc/x", 5), { at: 0 });
    const chunk = (at, size) => client.emitWithAck("chunk", key, at, Buffer.alloc(size));
    assert.ok((await chunk(0, 6)).error, "more than was said");
    assert.ok((await chunk(0, 0)).error, "nothing");
    assert.ok((await chunk(1, 1)).error, "a gap");
    assert.deepEqual(await chunk(0, 2), { at: 2 });
    assert.ok((await chunk(0, 2)).error, "twice");
    const both = await Promise.all([chunk(2, 2), chunk(2, 2)]);
    assert.equal(both.filter((answer) => answer.error).length, 1, "two at once");
    const unfinished = await request(`${example.server.url}/files/${key}`);
    assert.equal(unfinished.status, 404);
    assert.deepEqual(await client.emitWithAck("start", key, "x", 5), { at: 4 });
  });

  it("met no error, on no side", () => {
    assert.deepEqual(example.faults, []);
    assert.deepEqual(example.complaints, []);
  });
});
