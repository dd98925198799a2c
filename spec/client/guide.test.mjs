// SPDX-License-Identifier: MIT
// The JavaScript of the guide, with the official client against the Lua that stands above it on its
// page. Every line must be reached: V8 counts.

import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { writeFileSync } from "node:fs";
import inspector from "node:inspector";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import vm from "node:vm";
import { io } from "socket.io-client";
import { temporaryFolder } from "../support/certificate.js";
import { guideBlocks } from "../support/guide.js";
import { Page } from "../support/page.js";
import { startServer } from "../support/server.js";
import { eventually } from "../support/wait.js";

const blocks = guideBlocks().filter((block) => block.lang === "js");
// What a page has; Debian 12's Node has no `crypto` of its own.
const parameters = ["io", "socket", "document", "window", "console", "crypto"];
const reachLimitMs = 8000;

// What of a script was reached. V8 counts from one look to the next, so that is added up: for each
// function, by where it begins, its end and which of its characters have been run.
class Coverage {
  constructor() {
    this.session = new inspector.Session();
    this.session.connect();
    this.call("Profiler.enable");
    this.call("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  }

  // Answers at once, for it comes from the process itself.
  call(method, options) {
    let answer;
    this.session.post(method, options, (error, result) => {
      if (error) throw new Error(error.message);
      answer = result;
    });
    return answer;
  }

  begin(filename) {
    this.filename = filename;
    this.functions = new Map();
  }

  look() {
    const { result } = this.call("Profiler.takePreciseCoverage");
    for (const script of result.filter(({ url }) => url.endsWith(this.filename))) {
      for (const { ranges } of script.functions) this.add(ranges);
    }
  }

  // The first range is the function, the others are parts of it, outer ones first.
  add(ranges) {
    const { startOffset: start, endOffset: end } = ranges[0];
    if (!this.functions.has(start)) this.functions.set(start, { start, end, run: new Set() });
    const counts = new Map();
    for (const { startOffset, endOffset, count } of ranges) {
      for (let i = startOffset; i < endOffset; i++) counts.set(i, count);
    }
    const { run } = this.functions.get(start);
    for (const [i, count] of counts) if (count > 0) run.add(i);
  }

  // The pieces of `text` that nobody came to.
  missed(text) {
    this.look();
    const spans = [...this.functions.values()].sort((a, b) => a.end - a.start - (b.end - b.start));
    const innermost = (i) => spans.find(({ start, end }) => start <= i && i < end);
    const dead = [...text].map((c, i) => (innermost(i)?.run.has(i) ? "\n" : c)).join("");
    return dead.split("\n").filter((piece) => /\w/.test(piece));
  }

  close() {
    this.session.disconnect();
  }
}

describe("the guide's JavaScript", { timeout: 300000 }, () => {
  let coverage, server, folder, sockets;
  let said = 0;

  before(() => {
    folder = temporaryFolder();
    coverage = new Coverage();
  });
  after(() => coverage.close());
  afterEach(async () => {
    for (const socket of sockets) {
      socket.io.reconnection(false);
      socket.disconnect();
      socket.io.engine?.close();
    }
    await server?.stop();
    server = undefined;
  });

  // io() as the block's page has it: without an address the server is the one that it came from.
  function connect(where, options) {
    if (typeof where === "object") [where, options] = [undefined, where];
    const nsp = where === undefined ? "/" : where.replace(/^https?:\/\/[^/]*/, "");
    const socket = io(server.url + nsp, { forceNew: true, reconnectionDelay: 50, ...options });
    sockets.push(socket);
    return socket;
  }

  async function run({ page, line, text, app }, number) {
    sockets = [];
    const file = path.join(folder, `app${number}.lua`);
    writeFileSync(file, app);
    server = await startServer(file);
    const browser = new Page();
    const owns = /\b(const|let) socket\b/.test(text);
    const names = parameters.filter((name) => !(owns && name === "socket"));
    const filename = path.join(tmpdir(), `${page}:${line}`);
    const code = `(async (${names}) => {${text}})`;
    coverage.begin(filename);
    const fn = new vm.Script(code, { filename }).runInThisContext();
    const has = {
      io: Object.assign(connect, io), document: browser.document, window: browser.window,
      console: { log() {} }, crypto: webcrypto, socket: owns ? undefined : connect(),
    };
    const faults = [];
    fn(...names.map((name) => has[name])).catch((error) => faults.push(error));
    const missed = () => coverage.missed(code);
    const somebody = connect(); // else, who talks as well
    await eventually("it", () => {
      browser.use();
      somebody.emit("chat message", "hello", `somebody-${++said}`);
      return faults.length > 0 || missed().length === 0;
    }, reachLimitMs).catch(() => {});
    assert.deepEqual(faults, []);
    assert.deepEqual(missed(), [], "code that nothing reaches");
  }

  for (const [number, block] of blocks.entries()) {
    it(`${block.page}:${block.line} runs`, () => run(block, number));
  }
});
