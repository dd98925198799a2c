// SPDX-License-Identifier: MIT
// The JavaScript of the guide, with the official client against the Lua that stands above it on its
// page. Every line must be reached: V8 counts.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import inspector from "node:inspector";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import vm from "node:vm";
import { io } from "socket.io-client";
import { temporaryFolder } from "../support/certificate.js";
import { Page } from "../support/page.js";
import { rootFile, startServer } from "../support/server.js";
import { eventually } from "../support/wait.js";

const root = rootFile(".");
const blocks = JSON.parse(
  execFileSync("lua5.4", ["spec/support/guide_js.lua"], { cwd: root, maxBuffer: 1e8 }),
);
const parameters = ["io", "socket", "document", "window", "console"];
const reachLimitMs = 8000;

// Calls of the inspector answer at once when they come from the process itself.
class Coverage {
  constructor() {
    this.session = new inspector.Session();
    this.session.connect();
    this.call("Profiler.enable");
    this.call("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  }

  call(method, options) {
    let answer;
    this.session.post(method, options, (error, result) => {
      if (error) throw new Error(error.message);
      answer = result;
    });
    return answer;
  }

  // The ranges of a script that nobody has come to, as [start, end].
  missed(filename) {
    const { result } = this.call("Profiler.takePreciseCoverage");
    const scripts = result.filter((script) => script.url === filename);
    const ranges = scripts.flatMap((script) => script.functions.flatMap((fn) => fn.ranges));
    return ranges.filter((range) => range.count === 0)
      .map((range) => [range.startOffset, range.endOffset]);
  }

  close() {
    this.session.disconnect();
  }
}

describe("the guide's JavaScript", { timeout: 300000 }, () => {
  let coverage, server, folder, sockets;

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
    const head = `(async (${names}) => {`;
    const filename = path.join(tmpdir(), `${page}:${line}`);
    const fn = new vm.Script(`${head}${text}})`, { filename }).runInThisContext();
    const has = {
      io: Object.assign(connect, io), document: browser.document, window: browser.window,
      console: { log() {} }, socket: owns ? undefined : connect(),
    };
    const faults = [];
    fn(...names.map((name) => has[name])).catch((error) => faults.push(error));
    const missed = () => coverage.missed(filename)
      .map(([start, end]) => text.slice(start - head.length, end - head.length))
      .filter((code) => code.trim() !== "");
    await eventually("it", () => {
      browser.use();
      return faults.length > 0 || missed().length === 0;
    }, reachLimitMs).catch(() => {});
    assert.deepEqual(faults, []);
    assert.deepEqual(missed(), [], "code that nothing reaches");
  }

  for (const [number, block] of blocks.entries()) {
    it(`${block.page}:${block.line} runs`, () => run(block, number));
  }
});
