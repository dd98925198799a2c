// SPDX-License-Identifier: MIT
// examples/tic-tac-toe in a real Chromium: two play, a third looks on, on two workers; nobody can
// move out of turn, and a reload changes nothing.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Example } from "../support/browser.js";

describe("tic-tac-toe in Chromium", { timeout: 120000 }, () => {
  let example, ann, bob, carol;
  const path = "/#test";

  async function sit(name) {
    const page = await example.open(undefined, path);
    await page.fill("#name", name);
    await page.press("#name", "Enter");
    await page.waitForFunction((who) => document.body.textContent.includes(`${who} (you)`), name);
    return page;
  }

  const cells = (page) => page.evaluate(() => board?.cells);
  const shows = (page, expected) =>
    page.waitForFunction((text) => board?.cells === text, expected);

  async function move(page, number, expected) {
    await page.click(`[aria-label="cell ${number}"]`);
    for (const each of [ann, bob, carol]) await shows(each, expected);
  }

  before(async () => {
    example = await Example.start("tic-tac-toe");
    ann = await sit("ann");
    bob = await sit("bob");
    carol = await example.open(() => socket.connected && board, path);
  });
  after(() => example?.stop());

  it("gives the seats to the first two", async () => {
    await carol.waitForFunction(() => board.x === "ann" && board.o === "bob");
    assert.equal(await carol.textContent("#x"), "x ann");
    assert.equal(await carol.locator("#form").isVisible(), false);
  });

  it("takes moves in turn only, and only of players", async () => {
    await move(ann, 5, "----x----");
    await ann.click('[aria-label="cell 1"]'); // not her turn
    await carol.click('[aria-label="cell 1"]'); // no player
    await bob.click('[aria-label="cell 5"]'); // taken
    await move(bob, 1, "o---x----");
  });

  it("gives the seat back after a reload", async () => {
    await ann.reload();
    await shows(ann, "o---x----");
    await ann.waitForFunction(() => mine === "x" && board.x === "ann");
    await move(ann, 3, "o-x-x----");
  });

  it("tells who has won", async () => {
    await move(bob, 2, "oox-x----");
    await move(ann, 7, "oox-x-x--");
    const told = () => document.getElementById("state").textContent === "ann wins!";
    for (const page of [ann, bob, carol]) await page.waitForFunction(told);
    await example.picture(ann);
    await bob.click('[aria-label="cell 9"]');
    assert.equal(await cells(bob), "oox-x-x--");
  });

  it("keeps games apart", async () => {
    const auth = { player: "d".repeat(32) };
    const dora = await example.client("/game-else", { auth, heard: ["board"] });
    const boards = dora.heard.board;
    assert.equal((await boards.until(1))[0].cells, "---------");
    assert.equal(await dora.emitWithAck("move", 1), true);
    assert.equal((await boards.until(2))[1].cells, "x--------");
    assert.equal(await cells(ann), "oox-x-x--");
  });

  it("refuses what is no player and no game, and takes no move that is none", async () => {
    const refused = async (namespace, auth) => {
      await assert.rejects(example.client(namespace, { auth, reconnection: false }));
    };
    for (const player of [undefined, null, 7, "short", ["x".repeat(32)], "x".repeat(33)]) {
      await refused("/game-test", { player });
    }
    const auth = { player: "e".repeat(32) };
    for (const name of ["/game-", "/game-abc", "/game-abcde", "/game-AB1-", "/game-abcd/x"]) {
      await refused(name, auth);
    }
    const eve = await example.client("/game-evil", { auth });
    const moves = [undefined, null, "1", 0, -1, 10, 1.5, 1e300, {}, [1], true, Buffer.alloc(1)];
    for (const cell of moves) {
      assert.ok((await eve.emitWithAck("move", cell)).error, String(cell));
    }
    assert.equal(await eve.emitWithAck("move", 1), true);
  });

  it("lets two who move at once move once", async () => {
    const auth = { player: "f".repeat(32) };
    const [here, there] = [
      await example.client("/game-fast", { auth }), await example.client("/game-fast", { auth }),
    ];
    const answers = await Promise.all(
      [here.emitWithAck("move", 1), there.emitWithAck("move", 2)],
    );
    assert.equal(answers.filter((answer) => answer === true).length, 1);
  });

  it("met no error, on no side", () => {
    assert.deepEqual(example.faults, []);
    assert.deepEqual(example.complaints, []);
  });
});
