// SPDX-License-Identifier: MIT
// examples/private-messaging in a real Chromium: who talks to whom, what survives a reload, and who
// is not let in.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Example } from "../support/browser.js";

describe("private messages in Chromium", { timeout: 120000 }, () => {
  let example, ann, bob, carol;

  async function enter(name) {
    const page = await example.open(() => true);
    await page.fill("#name", name);
    await page.press("#name", "Enter");
    await page.waitForSelector("#main:not([hidden])");
    return page;
  }

  async function say(page, to, text) {
    await page.click(`#users >> text=${to}`);
    await page.fill("#input", text);
    await page.press("#input", "Enter");
  }

  async function shows(page, ...texts) {
    const count = texts.length;
    const there = (n) => document.querySelectorAll("#messages li").length === n;
    await page.waitForFunction(there, count);
    assert.deepEqual(await page.locator("#messages li").allTextContents(), texts);
  }

  before(async () => {
    example = await Example.start("private-messaging");
    ann = await enter("ann");
    bob = await enter("bob");
    carol = await enter("carol");
  });
  after(() => example?.stop());

  it("carries a message to one, and to nobody else", async () => {
    await say(ann, "bob", "hi bob, <b>how</b> are you?");
    await bob.click("#users >> text=ann");
    await shows(bob, "hi bob, <b>how</b> are you?");
    await say(bob, "ann", "fine");
    await shows(ann, "hi bob, <b>how</b> are you?", "fine");
    await example.picture(ann);
    await carol.click("#users >> text=ann");
    await shows(carol);
  });

  it("marks a talk with news", async () => {
    await say(carol, "bob", "psst");
    await bob.waitForSelector("#users button.unread >> text=carol");
    await bob.click("#users >> text=carol");
    await shows(bob, "psst");
  });

  it("knows a page after a reload, and has the history", async () => {
    await ann.reload();
    await ann.waitForSelector("#main:not([hidden])");
    assert.equal(await ann.textContent("#me"), "ann");
    await ann.click("#users >> text=bob");
    await shows(ann, "hi bob, <b>how</b> are you?", "fine");
  });

  it("shows in a second tab what the first one says", async () => {
    const auth = await ann.evaluate(() => socket.auth);
    const tab = await example.client("/", { auth, heard: ["message"] });
    const messages = tab.heard.message;
    await messages.until(2); // the history
    await say(ann, "carol", "hello carol");
    assert.deepEqual((await messages.until(3)).at(-1).slice(1), ["ann", "carol", "hello carol"]);
  });

  it("refuses names that are taken, too long or none, and sessions of nobody", async () => {
    const page = await example.open(() => true);
    await page.fill("#name", "ann");
    await page.press("#name", "Enter");
    await page.waitForFunction(() => document.getElementById("fault").textContent !== "");
    assert.equal(await page.textContent("#fault"), "that name is taken");
    const refused = async (auth) => {
      await assert.rejects(example.client("/", { auth, reconnection: false }));
    };
    const names = ["", "x".repeat(21), "a\nb", "<b>", 7, null, ["ann"]];
    for (const name of names) await refused({ name });
    await refused({});
    await refused({ session: "0".repeat(32) });
    await refused({ session: "0".repeat(33), name: "%" });
  });

  it("takes no message that is none", async () => {
    const client = await example.client("/", { auth: { name: "dora" } });
    for (const args of [[], ["bob"], ["bob", ""], ["bob", 7], ["bob", "x".repeat(2001)], [7, "x"],
      ["nobody", "x"], [{}, {}], [["bob"], "x"]]) {
      const answer = await client.emitWithAck("message", ...args);
      assert.equal(typeof answer.error, "string", JSON.stringify(args));
    }
    await shows(ann, "hello carol");
  });

  it("met no error, on no side", () => {
    assert.deepEqual(example.faults, []);
    assert.deepEqual(example.complaints, []);
  });
});
