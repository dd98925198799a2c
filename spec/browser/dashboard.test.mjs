// SPDX-License-Identifier: MIT
// examples/dashboard in a real Chromium: a page shows all workers, wherever it sits, and what it
// does to them.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Example } from "../support/browser.js";

describe("the dashboard in Chromium", { timeout: 120000 }, () => {
  let example, page;

  before(async () => {
    example = await Example.start("dashboard");
    page = await example.open();
  });
  after(() => example?.stop());

  const titles = () => page.locator("h2").allTextContents();
  const settled = (pids) => page.waitForFunction((expected) => {
    const cards = [...document.querySelectorAll("section:not(.silent) h2")];
    return expected.every((pid) => cards.some((card) => card.textContent.includes(`pid ${pid})`)));
  }, pids);

  it("shows a card for each worker, in their order", async () => {
    await settled(example.server.workerPids());
    const names = (await titles()).map((title) => title.replace(/ \(.*/, ""));
    assert.deepEqual(names, ["Worker 1", "Worker 2"]);
  });

  it("counts the clients of all", async () => {
    await example.client();
    await example.client();
    await page.waitForFunction(() => {
      const counts = [...document.querySelectorAll("dd:first-of-type")];
      return counts.reduce((sum, dd) => sum + Number(dd.textContent), 0) === 3;
    });
  });

  it("shows the work that it gives", async () => {
    await page.click("#work");
    await page.waitForFunction(() => [...document.querySelectorAll("dd:nth-of-type(2)")]
      .some((dd) => Number(dd.textContent) > 20));
    await example.picture(page);
    await page.click("#work");
  });

  it("shows the worker that took a dead one's place", async () => {
    const [victim, other] = example.server.workerPids();
    process.kill(victim, "SIGKILL");
    await page.waitForFunction((pid) => ![...document.querySelectorAll("h2")]
      .some((card) => card.textContent.includes(`pid ${pid})`)), victim);
    await example.server.whole(victim);
    const pids = example.server.workerPids();
    assert.ok(pids.includes(other));
    await settled(pids);
    assert.equal((await titles()).length, 2);
  });

  it("met no error in the page", () => assert.deepEqual(example.faults, []));
});
