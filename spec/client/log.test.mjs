// SPDX-License-Identifier: MIT
// The log as programs read it: JSON lines whatever clients send; and what becomes of the server
// when its output is closed, full, or not read.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterEach, beforeEach, describe, it } from "node:test";
import { Clients } from "../support/clients.js";
import { freePort } from "../support/http.js";
import { appFile, preload, rootFile } from "../support/server.js";
import { eventually } from "../support/wait.js";

const hostile = "\x1b[2J\r\n12:00:00.000 error fake\u009b31m\0\"},{\"x\":\ud83d\ude00\u007f";
const flood = 4000;

// The command with its output in `files`, under sh when it is to have what only a shell gives it.
function start(files, { format = "json", redirect = "", args = [] } = {}) {
  const words = [rootFile("bin/sio-lua"), appFile("log"), "--workers", "2", ...args];
  const run = ["-c", `exec "$@" ${redirect}`, "sh", ...words];
  const env = { ...process.env, ...preload, SIO_LOG_FORMAT: format };
  return spawn("sh", run, { env, stdio: ["ignore", ...files] });
}

const linesOf = (text) => text.split("\n").slice(0, -1);

describe("the log", { timeout: 60000 }, () => {
  let child, clients, text;

  function collect(stream) {
    text = "";
    stream.setEncoding("utf8").on("data", (data) => (text += data));
  }

  async function connect(port) {
    clients = new Clients(`http://localhost:${port}`);
    return clients.connect("websocket");
  }

  let port, fixed; // of who cannot say which it has
  beforeEach(async () => {
    port = await freePort();
    fixed = ["--port", String(port)];
  });

  // For a server that cannot say that it is there.
  const reached = () =>
    eventually("an answer", () =>
      fetch(`http://localhost:${port}/socket.io/?EIO=4&transport=polling`).then(
        (answer) => answer.ok,
        () => false,
      ),
    );

  async function stop() {
    clients?.close();
    if (child?.exitCode === null && child.signalCode === null) {
      child.kill("SIGINT");
      const [code] = await once(child, "exit");
      return code;
    }
  }

  afterEach(stop);

  it("is one object a line, whatever clients send", async () => {
    child = start(["ignore", "pipe"], { args: ["--port", "0"] });
    collect(child.stderr);
    const first = await eventually("the first line", () => linesOf(text)[0]);
    const listening = JSON.parse(first);
    assert.equal(listening.msg, "listening");
    assert.equal(listening.workers, 2);
    assert.equal(listening.pid, child.pid);
    clients = new Clients(listening.urls[0]);
    const options = { namespace: "/x\x1b[2J", extraHeaders: { "x-h": "a\tb\u00ff" } };
    const socket = await clients.connect("websocket", options);
    for (let i = 0; i < 30; i++) socket.emit(hostile, hostile.repeat(i % 10));
    await eventually("all lines", () => text.split('"room"').length > 30);
    clients.close();
    assert.equal(await stop(), 0);
    const lines = linesOf(text).map((line) => JSON.parse(line));
    assert.doesNotMatch(text, /[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
    for (const line of lines) {
      assert.match(line.ts, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      assert.ok(["debug", "info", "warn", "error"].includes(line.level), line.level);
      assert.ok(Number.isInteger(line.worker) && typeof line.msg === "string");
    }
    const own = lines.find((line) => line.room !== undefined);
    assert.equal(own.msg, hostile);
    assert.equal(own[hostile], own.room);
    const errors = lines.filter((line) => line.level === "error");
    assert.match(errors[0].msg, /^event handler error: .*\n?stack traceback:\n\t/s);
    assert.ok(errors[0].sid.length > 0 && errors[0].nsp === "/x\x1b[2J");
    // ten of them whole, then how many there were
    assert.equal(errors.length, 11);
    assert.equal(errors.at(-1).suppressed, 20);
  });

  it("says what went wrong as an error, and what is good to know as information", async () => {
    child = start(["ignore", "pipe"], { args: ["--port", "0"] });
    collect(child.stderr);
    const seen = (msg) => linesOf(text).map((line) => JSON.parse(line))
      .find((line) => line.msg === msg);
    await eventually("the first line", () => seen("listening"));
    child.kill("SIGHUP");
    const reloaded = await eventually("the end of the reload", () => seen("reloaded"));
    assert.deepEqual([reloaded.level, reloaded.worker], ["info", 0]);
    assert.equal(await stop(), 0);
  });

  it("has nothing in text that a terminal would act on", async () => {
    child = start(["ignore", "pipe"], { format: "text", args: ["--port", "0"] });
    collect(child.stderr);
    const [, url] = await eventually("the banner", () => /(http:\S+)/.exec(text));
    clients = new Clients(url);
    const socket = await clients.connect("websocket", { namespace: "/x\x1b[2J" });
    socket.emit(hostile, hostile);
    await eventually("an error", () => text.includes("stack traceback"));
    assert.doesNotMatch(text, /[\x00-\x08\x0b-\x1f\x7f-\x9f]/);
    assert.doesNotMatch(text, /^12:00:00\.000 error fake/m);
  });

  it("on a full disk costs lines, not the server", async () => {
    child = start(["ignore", "ignore"], { redirect: ">/dev/full 2>/dev/full", args: fixed });
    await reached();
    const socket = await connect(port);
    assert.equal(await socket.timeout(20000).emitWithAck("flood", flood), "still here");
    assert.equal(await stop(), 0);
  });

  it("closed from the start costs lines, not the server", async () => {
    child = start(["ignore", "ignore"], { redirect: ">&- 2>&-", args: fixed });
    await reached();
    const socket = await connect(port);
    assert.equal(await socket.timeout(20000).emitWithAck("flood", flood), "still here");
    assert.equal(await stop(), 0);
  });

  it("whose reader goes costs lines, not the server", async () => {
    child = start(["pipe", "pipe"], { args: fixed });
    await reached();
    const socket = await connect(port);
    child.stdout.destroy();
    child.stderr.destroy();
    assert.equal(await socket.timeout(20000).emitWithAck("flood", flood), "still here");
    assert.equal(await stop(), 0);
  });

  it("that nobody reads costs lines, and says how many when somebody does", async () => {
    child = start(["pipe", "pipe"], { args: fixed });
    child.stdout.pause();
    child.stderr.pause();
    await reached();
    const socket = await connect(port);
    assert.equal(await socket.timeout(20000).emitWithAck("flood", flood), "still here");
    collect(child.stderr);
    for (const stream of [child.stdout, child.stderr]) stream.resume();
    await eventually("the count", async () => {
      await socket.timeout(20000).emitWithAck("flood", 1);
      return /"msg":"log: \d+ lines could not be written/.test(text);
    });
    assert.equal(await stop(), 0);
  });
});
