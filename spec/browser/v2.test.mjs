// SPDX-License-Identifier: MIT
// The official client of Socket.IO v2 in a real Chromium: XMLHttpRequest with bytes, WebSocket, and
// JSONP from another origin, whose answers the browser runs only when they are scripts to it.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { chromium } from "playwright-core";
import { transportsV2 } from "../support/clients_v2.js";
import { rootFile, startServer } from "../support/server.js";

const executablePath = process.env.CHROMIUM ??
  ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
const client = rootFile("spec/node_modules/socket.io-client-v2/dist/socket.io.js");

// In the page: connects, asks, and tells what came.
function talk({ url, options }) {
  const socket = window.io(url, { forceNew: true, ...options });
  const text = "naïve ☃ 😀\n\\n\u2028\u2029\u0001";
  const bytes = Uint8Array.from([0, 4, 10, 13, 255]).buffer;
  return new Promise((resolve, reject) => {
    socket.on("error", reject);
    socket.on("connect", () => {
      socket.emit("ack", text, { bytes }, (...answer) => {
        const { id, io } = socket;
        const transport = io.engine.transport.name;
        socket.close();
        resolve({
          id: id === io.engine.id,
          transport,
          text: answer[0] === text,
          bytes: [...new Uint8Array(answer[1].bytes)],
        });
      });
    });
  });
}

describe("Socket.IO v2 in Chromium", { timeout: 120000 }, () => {
  let server, browser, page;
  before(async () => {
    server = await startServer("clients_v2", { workers: 2 });
    browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
    page = await browser.newPage();
    page.setDefaultTimeout(30000);
    await page.goto(`${server.url}/socket.io/socket.io.js`); // any page of the server's origin
    await page.addScriptTag({ path: client });
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  for (const mode of ["polling", "websocket", "base64", "jsonp"]) {
    it(`talks over ${mode}`, async () => {
      const url = mode === "jsonp" ? server.url.replace("localhost", "127.0.0.1") : server.url;
      const heard = await page.evaluate(talk, { url, options: transportsV2[mode] });
      assert.deepEqual(heard, {
        id: true,
        transport: mode === "websocket" ? "websocket" : "polling",
        text: true,
        bytes: [0, 4, 10, 13, 255],
      });
    });
  }
});
