// SPDX-License-Identifier: MIT
// Somebody who follows docs/guide/getting-started.md, in a real Chromium: at each step the files
// are what the page says up to there, and do what it says.

import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { temporaryFolder } from "../support/certificate.js";
import { launchBrowser } from "../support/browser.js";
import { guideBlocks } from "../support/guide.js";
import { startServer } from "../support/server.js";
import { eventually } from "../support/wait.js";

const blocks = guideBlocks().filter((block) => block.page.endsWith("getting-started.md"));
const blockOf = (section, lang) =>
  blocks.find((block) => block.section === section && block.lang === lang).text;

describe("the tutorial in Chromium", { timeout: 120000 }, () => {
  let browser, server, folder, pages;

  before(async () => {
    browser = await launchBrowser();
  });
  after(() => browser?.close());
  afterEach(async () => {
    for (const page of pages) await page.context().close();
    await server?.stop();
  });

  // The app of a step, and chat.js as the steps named in `scripts` have built it; the first one
  // makes the socket.
  async function start(step, ...scripts) {
    folder = temporaryFolder();
    pages = [];
    mkdirSync(path.join(folder, "public"));
    const page = blockOf("Serving HTML", "html");
    const [first, ...rest] = scripts.map((section) => blockOf(section, "js"));
    const more = rest.map((text) => text.replace("const socket = io();\n", ""));
    const script = [first, ...more].join("\n");
    writeFileSync(path.join(folder, "app.lua"), blockOf(step, "lua"));
    writeFileSync(path.join(folder, "public/index.html"), page);
    writeFileSync(path.join(folder, "public/chat.js"), script);
    server = await startServer(path.join(folder, "app.lua"), { workers: 2 });
  }

  async function open() {
    const page = await (await browser.newContext()).newPage();
    page.setDefaultTimeout(30000);
    pages.push(page);
    await page.goto(server.url);
    return page;
  }

  const prints = (text) => eventually(text, () => server.output.includes(text));

  async function say(page, text) {
    await page.waitForFunction(() => socket.connected);
    await page.fill("#input", text);
    await page.press("#input", "Enter");
  }

  async function shows(page, ...texts) {
    const there = (n) => document.querySelectorAll("#messages li").length >= n;
    await page.waitForFunction(there, texts.length);
    assert.deepEqual(await page.locator("#messages li").allTextContents(), texts);
  }

  it("says hello", async () => {
    await start("Project initialization");
    const page = await open();
    assert.equal(await page.textContent("h1"), "Hello world");
  });

  it("tells who comes and goes", async () => {
    await start("Integrating Socket.IO", "Integrating Socket.IO");
    const page = await open();
    await prints("a user connected");
    await page.waitForFunction(() => socket.io.engine.transport.name === "websocket");
    await page.reload();
    await prints("user disconnected");
  });

  it("sends what was typed", async () => {
    await start("Emitting events", "Emitting events");
    await say(await open(), "hi there");
    await prints("message: hi there");
  });

  it("shows it to everybody", async () => {
    await start("Broadcasting", "Emitting events", "Broadcasting");
    const [ann, bob] = [await open(), await open()];
    await shows(ann, "somebody came in");
    await say(ann, "hi");
    await shows(bob, "hi");
    await shows(ann, "somebody came in", "hi");
  });

  it("recovers who was cut off, and not who said goodbye", async () => {
    await start("Connection state recovery", "Emitting events", "Broadcasting");
    const [ann, bob] = [await open(), await open()];
    await say(ann, "one");
    await shows(bob, "one");
    await bob.evaluate(() => socket.io.engine.close());
    await say(ann, "two");
    await shows(bob, "one", "two");
    assert.equal(await bob.evaluate(() => socket.recovered), true);
    await bob.evaluate(() => socket.disconnect());
    await say(ann, "three");
    await shows(ann, "one", "two", "three");
    await bob.evaluate(() => socket.connect());
    await bob.waitForFunction(() => socket.connected); // else "four" is one more that he missed
    await say(ann, "four");
    await shows(bob, "one", "two", "four");
  });

  it("keeps the history", async () => {
    await start("Server delivery", "Server delivery", "Emitting events");
    const [ann, bob] = [await open(), await open()];
    await say(ann, "one");
    await shows(bob, "one");
    await bob.evaluate(() => socket.disconnect());
    await say(ann, "two");
    await shows(ann, "one", "two");
    await bob.evaluate(() => socket.connect());
    await shows(bob, "one", "two");
    await shows(await open(), "one", "two");
  });

  it("takes a repetition for what it is", async () => {
    await start("Client delivery", "Client delivery", "Broadcasting");
    const [ann, bob] = [await open(), await open()];
    await say(ann, "once");
    await shows(bob, "once");
    await ann.evaluate(() => socket.emitWithAck("chat message", "once", `${socket.id}-0`));
    await say(ann, "twice");
    await shows(bob, "once", "twice");
  });
});
