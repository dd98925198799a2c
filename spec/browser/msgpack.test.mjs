// SPDX-License-Identifier: MIT
// The browser client with MessagePack, as the server itself serves it, in a real Chromium.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { chromium } from "playwright-core";
import { startServer } from "../support/server.js";

const executablePath = process.env.CHROMIUM ??
  ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);

// In the page: connects, asks with all that the format has, and tells what came.
async function talk(transport) {
  const socket = window.io({ forceNew: true, transports: [transport] });
  const bytes = Uint8Array.from([0, 10, 255]).buffer;
  const text = "naïve ☃ 😀";
  const news = new Promise((resolve) => socket.on("news", resolve));
  const values = await socket.timeout(5000).emitWithAck("ack", {
    text, bytes, numbers: [0, -1, 300, 1.5, 2 ** 40], date: new Date(0), gone: undefined,
  });
  await socket.emitWithAck("to all", { text });
  const heard = await news;
  const told = {
    ...values,
    bytes: [...new Uint8Array(values.bytes)],
    transport: socket.io.engine.transport.name,
    news: heard.text,
  };
  socket.close();
  return told;
}

describe("MessagePack in Chromium", { timeout: 120000 }, () => {
  let server, browser, page;
  before(async () => {
    server = await startServer("clients", { workers: 2, env: { PARSER: "msgpack" } });
    browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
    page = await browser.newPage();
    page.setDefaultTimeout(30000);
    await page.goto(`${server.url}/socket.io/socket.io.js`); // any page of the server's origin
    await page.addScriptTag({ url: `${server.url}/socket.io/socket.io.msgpack.min.js` });
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  for (const transport of ["polling", "websocket"]) {
    it(`talks over ${transport}`, async () => {
      assert.deepEqual(await page.evaluate(talk, transport), {
        text: "naïve ☃ 😀",
        bytes: [0, 10, 255],
        numbers: [0, -1, 300, 1.5, 2 ** 40],
        date: "1970-01-01T00:00:00.000Z",
        transport,
        news: "naïve ☃ 😀",
      });
    });
  }
});
