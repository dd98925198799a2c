// SPDX-License-Identifier: MIT
// examples/whiteboard in a real Chromium: what one page draws, the others show, point by point,
// also those that come later.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Example } from "../support/browser.js";

describe("the whiteboard in Chromium", { timeout: 120000 }, () => {
  let example, ann, bob;

  before(async () => {
    example = await Example.start("whiteboard");
    [ann, bob] = [await example.open(), await example.open()];
  });
  after(() => example?.stop());

  async function draw(page, ...points) {
    await page.mouse.move(...points[0]);
    await page.mouse.down();
    for (const point of points.slice(1)) await page.mouse.move(...point, { steps: 8 });
    await page.mouse.up();
  }

  // Every stroke that a page has, as [color, number of points], once there are so many.
  async function strokes(page, count) {
    await page.waitForFunction((n) => strokes.length === n, count);
    return page.evaluate(() => strokes.map(([color, points]) => [color, [...points]]));
  }

  // The picture itself: how many of its pixels are not empty.
  const inked = (page) => page.evaluate(() => {
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    return data.filter((value, i) => i % 4 === 3 && value > 0).length;
  });

  it("shows everywhere what one draws", async () => {
    await draw(ann, [100, 100], [300, 120], [300, 300]);
    await ann.click("text=Clear >> xpath=preceding-sibling::button[4]");
    await draw(ann, [400, 100], [500, 300], [600, 100]);
    const [here, there] = [await strokes(ann, 2), await strokes(bob, 2)];
    assert.deepEqual(here, there);
    assert.deepEqual(here.map(([color]) => color), [0, 2]);
    assert.ok(await inked(bob) > 500);
    await example.picture(bob);
  });

  it("gives the picture to who comes later", async () => {
    const carol = await example.open();
    assert.deepEqual(await strokes(carol, 2), await strokes(ann, 2));
    assert.ok(await inked(carol) > 500);
    await draw(carol, [50, 500], [700, 520]);
    assert.deepEqual(await strokes(ann, 3), await strokes(carol, 3));
    await carol.context().close();
  });

  it("keeps the order of two who draw at once", async () => {
    await Promise.all([
      draw(ann, [10, 10], [200, 200], [10, 400]), draw(bob, [10, 20], [250, 200], [10, 420]),
      draw(ann, [30, 10]), draw(bob, [40, 20]),
    ]);
    const here = await strokes(ann, await bob.evaluate(() => strokes.length));
    assert.deepEqual(here, await strokes(bob, here.length));
  });

  it("takes nothing that is no stroke", async () => {
    const client = await example.client();
    await ann.evaluate(() => {
      window.drawn = [];
      socket.on("draw", (...stroke) => window.drawn.push(stroke));
    });
    for (const args of [
      [], [0], [0, "points"], [6, Buffer.alloc(4)], [-1, Buffer.alloc(4)], [0.5, Buffer.alloc(4)],
      [0, Buffer.alloc(0)], [0, Buffer.alloc(3)], [0, Buffer.alloc(2004)], [null, null],
      [0, { length: 4 }], ["0", Buffer.alloc(4)],
    ]) {
      const answer = await client.emitWithAck("stroke", ...args);
      assert.equal(answer.error, "no stroke", JSON.stringify(args));
      client.emit("draw", ...args);
    }
    const count = await ann.evaluate(() => strokes.length);
    assert.ok((await client.emitWithAck("stroke", 5, Buffer.alloc(2000))).id > 0);
    assert.equal((await strokes(ann, count + 1)).at(-1)[0], 5);
    assert.deepEqual(await ann.evaluate(() => window.drawn), []);
  });

  it("is cleared for all", async () => {
    await ann.click("#clear");
    for (const page of [ann, bob]) {
      await strokes(page, 0);
      assert.equal(await inked(page), 0);
    }
  });

  it("met no error, on no side", () => {
    assert.deepEqual(example.faults, []);
    assert.deepEqual(example.complaints, []);
  });
});
