// SPDX-License-Identifier: MIT
// An example in a real Chromium: its files in a folder of their own, two workers, and pages that
// each have their own connections, as pages of different people have.

import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { chromium } from "playwright-core";
import { io } from "socket.io-client";
import { rootFile, startServer } from "./server.js";
import { Inbox } from "./wait.js";

const executablePath = process.env.CHROMIUM ??
  ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);

export const launchBrowser = (args = []) =>
  chromium.launch({ executablePath, args: ["--no-sandbox", ...args] });

export class Example {
  static async start(name, { workers = 2, ...how } = {}) {
    const example = new Example();
    example.name = name;
    example.faults = []; // what pages threw
    example.rude = []; // clients that are no pages
    example.folder = mkdtempSync(path.join(tmpdir(), `sio-${name}-`));
    for (const part of ["app.lua", "public"]) {
      const to = path.join(example.folder, part);
      cpSync(rootFile(`examples/${name}/${part}`), to, { recursive: true });
    }
    example.server = await startServer(path.join(example.folder, "app.lua"), { workers, ...how });
    example.browser = await launchBrowser();
    return example;
  }

  // A page that is connected (`socket` is its own global), unless `ready` waits for something else.
  async open(ready = () => socket.connected, where = "/") {
    const context = await this.browser.newContext({ viewport: { width: 900, height: 640 } });
    const page = await context.newPage();
    page.setDefaultTimeout(30000);
    page.on("pageerror", (error) => this.faults.push(error.message));
    await page.goto(this.server.url + where);
    await page.waitForFunction(ready);
    return page;
  }

  // A client that may send anything. `heard`: events that it keeps from the first one on, each in
  // an inbox of its own.
  async client(namespace = "/", { heard = [], ...options } = {}) {
    const socket = io(this.server.url + namespace, { forceNew: true, ...options });
    socket.heard = Object.fromEntries(heard.map((event) => [event, new Inbox(socket, event)]));
    this.rude.push(socket);
    await new Promise((resolve, reject) => {
      socket.on("connect", resolve);
      socket.on("connect_error", reject);
    });
    return socket;
  }

  // Leaves build/<name>.png.
  async picture(page) {
    mkdirSync(rootFile("build"), { recursive: true });
    await page.screenshot({ path: rootFile(`build/${this.name}.png`) });
  }

  // Errors of handlers are in the server's log; that one was slow is no complaint.
  get complaints() {
    return this.server.output.split("\n").filter((line) => /^[\d:.]+ error /.test(line));
  }

  async stop() {
    for (const socket of this.rude) socket.disconnect();
    await this.browser?.close();
    await this.server?.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
