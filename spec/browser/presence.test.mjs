// SPDX-License-Identifier: MIT
// examples/presence in a real Chromium: who is where, as pages on two workers see it.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Example } from "../support/browser.js";

describe("presence in Chromium", { timeout: 120000 }, () => {
  let example, ann, bob, carol;

  async function enter(name) {
    const page = await example.open(() => true);
    await page.fill("#name", name);
    await page.press("#name", "Enter");
    await page.waitForFunction(() => socket.connected);
    return page;
  }

  // Waits until a page shows these people in its place, and these counts.
  async function shows(page, names, counts) {
    await page.waitForFunction(([expectedNames, expectedCounts]) => {
      const items = [...document.querySelectorAll("#people li")].map((item) => item.textContent);
      const numbers = [...document.querySelectorAll("#places b")].map((b) => b.textContent);
      return items.sort().join() === expectedNames && numbers.join() === expectedCounts;
    }, [names.sort().join(), counts.join()]);
  }

  const go = (page, place) => page.click(`#places >> text=${place}`);

  before(async () => {
    example = await Example.start("presence");
    ann = await enter("ann");
    bob = await enter("bob");
    carol = await enter("carol");
  });
  after(() => example?.stop());

  it("shows everybody who is there", async () => {
    for (const page of [ann, bob, carol]) await shows(page, ["ann", "bob", "carol"], [3, 0, 0, 0]);
    await example.picture(ann);
  });

  it("follows who goes somewhere else", async () => {
    await go(carol, "kitchen");
    await shows(carol, ["carol"], [2, 0, 1, 0]);
    for (const page of [ann, bob]) await shows(page, ["ann", "bob"], [2, 0, 1, 0]);
    await go(bob, "kitchen");
    for (const page of [carol, bob]) await shows(page, ["bob", "carol"], [1, 0, 2, 0]);
    await shows(ann, ["ann"], [1, 0, 2, 0]);
  });

  it("tells a newcomer how many are where", async () => {
    const dora = await enter("dora");
    await shows(dora, ["ann", "dora"], [2, 0, 2, 0]);
    await go(dora, "library");
    await shows(ann, ["ann"], [1, 0, 2, 1]);
    await dora.context().close();
    for (const page of [bob, carol]) await shows(page, ["bob", "carol"], [1, 0, 2, 0]);
  });

  it("notices a lost connection, and that it is back", async () => {
    await bob.evaluate(() => socket.io.engine.close());
    await shows(bob, ["bob", "carol"], [1, 0, 2, 0]);
    await shows(carol, ["bob", "carol"], [1, 0, 2, 0]);
  });

  it("lets in and moves nobody by nonsense", async () => {
    for (const name of [undefined, null, 7, "", " x", "<b>", "x".repeat(21), ["ann"]]) {
      await assert.rejects(example.client("/", { auth: { name }, reconnection: false }));
    }
    const eve = await example.client("/", { auth: { name: "eve" } });
    const nowhere = [undefined, null, 7, "", eve.id, "__index", ["lobby"], {}, Buffer.alloc(1)];
    for (const place of nowhere) {
      assert.ok((await eve.emitWithAck("go", place)).error, String(place));
    }
    await shows(ann, ["ann"], [1, 0, 2, 0]);
  });

  it("met no error, on no side", () => {
    assert.deepEqual(example.faults, []);
    assert.deepEqual(example.complaints, []);
  });
});
