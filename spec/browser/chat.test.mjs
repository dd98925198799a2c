// SPDX-License-Identifier: MIT
// examples/chat in a real Chromium: two pages on two workers, the client's defaults untouched;
// what one says the other shows, a fresh page shows all of it, and a page whose worker is killed
// works again. Leaves a picture in build/chat.png.

import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { chromium } from "playwright-core";
import { rootFile, startServer } from "../support/server.js";
import { eventually } from "../support/wait.js";

const executablePath = process.env.CHROMIUM ??
  ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);

describe("the chat in Chromium", { timeout: 120000 }, () => {
  let folder, server, browser, ann, bob;
  const said = [];
  const faults = [];

  // The client watches for a lost network only where the host is not "localhost".
  async function openPage(host = "localhost") {
    const context = await browser.newContext(); // its own connections, as another browser has
    const page = await context.newPage();
    page.setDefaultTimeout(30000);
    page.on("pageerror", (error) => faults.push(error.message));
    await page.goto(server.url.replace("localhost", host));
    // `socket` is the page's own; what happens to it is counted from here on
    await page.evaluate(() => {
      window.cuts = 0;
      socket.on("disconnect", () => window.cuts++);
      socket.io.on("reconnect", (attempt) => (window.attempt = attempt));
    });
    await page.waitForFunction(() => socket.connected);
    return page;
  }

  async function say(page, text) {
    await page.fill("#input", text);
    await page.press("#input", "Enter");
    said.push(text);
  }

  // Waits until the page shows as many messages as were said, then compares them.
  async function shows(page, messages = said) {
    const count = messages.length;
    await page.waitForFunction((n) => document.querySelectorAll("#messages li").length >= n, count);
    assert.deepEqual(await page.locator("#messages li").allTextContents(), messages);
  }

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), "sio-chat-"));
    for (const part of ["app.lua", "public"]) {
      cpSync(rootFile(`examples/chat/${part}`), path.join(folder, part), { recursive: true });
    }
    server = await startServer(path.join(folder, "app.lua"), { workers: 2 });
    browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
    [ann, bob] = [await openPage(), await openPage("127.0.0.1")];
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  it("starts with long-polling and upgrades", async () => {
    for (const page of [ann, bob]) {
      await page.waitForFunction(() => socket.io.engine.transport.name === "websocket");
    }
  });

  it("shows in both pages what either says", async () => {
    await say(ann, "hello from ann");
    await shows(bob);
    await say(bob, "hello from bob, <b>& ☃</b>");
    await Promise.all([shows(ann), shows(bob)]);
    mkdirSync(rootFile("build"), { recursive: true });
    await ann.screenshot({ path: rootFile("build/chat.png") });
  });

  it("shows the history in a fresh page, and only what is new in a reconnected one", async () => {
    const carol = await openPage();
    await shows(carol);
    await carol.click("#toggle"); // Disconnect: the server forgets the session
    await carol.waitForFunction(() => !socket.connected);
    await say(ann, "while carol was away");
    await shows(bob);
    await carol.click("#toggle");
    await shows(carol);
    await carol.context().close();
  });

  it("is told what is no message, and nobody else is shown it", async () => {
    const answers = await ann.evaluate(() => {
      const nonsense = [[{ a: 1 }, "n1"], ["x".repeat(3000), "n2"], ["no id"], [null, null], []];
      return Promise.all(nonsense.map((args) => socket.emitWithAck("chat message", ...args)));
    });
    assert.deepEqual(answers, Array(5).fill({ error: "no message" }));
    await shows(bob);
  });

  it("gets what was said while the network was down", async () => {
    await bob.context().setOffline(true);
    await bob.waitForFunction(() => !socket.connected);
    await say(ann, "while bob had no network");
    await shows(ann);
    await bob.context().setOffline(false);
    await shows(bob);
    assert.equal(await bob.evaluate(() => socket.recovered), true);
  });

  // Which the client makes after a second or so.
  it("works again at the first attempt after its worker's death by kill -9", async () => {
    for (const page of [ann, bob]) await page.evaluate(() => (window.cuts = 0));
    const [victim] = server.workerPids();
    process.kill(victim, "SIGKILL");
    const cut = (page) => page.evaluate(() => window.cuts > 0);
    await eventually("one page is cut off", async () => (await cut(ann)) || (await cut(bob)));
    const [away, there] = (await cut(ann)) ? [ann, bob] : [bob, ann];
    await say(there, "while a worker was dead");
    await away.waitForFunction(() => socket.connected);
    await shows(away);
    await say(away, "back again");
    await Promise.all([shows(away), shows(there)]);
    assert.equal(await away.evaluate(() => socket.recovered), true);
    assert.equal(await away.evaluate(() => window.attempt), 1);
    assert.equal(await cut(there), false, "the pages were on different workers");
    await server.whole(victim);
  });

  it("shows no message twice when pages open while others talk", async () => {
    const talking = (async () => {
      for (let n = 0; n < 40; n++) {
        await say(n % 2 ? ann : bob, `number ${n}`);
      }
    })();
    const late = [];
    for (let n = 0; n < 4; n++) late.push(await openPage());
    await talking;
    await shows(ann, await settled(ann));
    const order = await ann.locator("#messages li").allTextContents();
    for (const page of [bob, ...late]) {
      await shows(page, order);
      assert.equal(
        await page.evaluate(() => socket.auth.serverOffset),
        await ann.evaluate(() => socket.auth.serverOffset),
      );
    }
    for (const page of late) await page.context().close();
  });

  // All that was said, in the order of the server: two pages that talk at once have none of their
  // own.
  async function settled(page) {
    const count = said.length;
    await page.waitForFunction((n) => document.querySelectorAll("#messages li").length >= n, count);
    const shown = await page.locator("#messages li").allTextContents();
    assert.deepEqual([...shown].sort(), [...said].sort());
    return shown;
  }

  it("met no script error", () => assert.deepEqual(faults, []));
});
