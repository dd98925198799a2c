// SPDX-License-Identifier: MIT
// Starts `bin/sio-lua APP` on a free port for the tests in client/, conformance/ and browser/,
// waits for its banner, and stops it by SIGINT, when it must end with status 0 and leave no
// process. SIO_ROOT names another checkout (a flavour's tree), SIO_PRELOAD a library for the
// server only; SIO_SHOW=1 shows what the server prints. SIO_WORKERS_ALL=8 gives it eight workers,
// where the test says nothing else (make test-workers).

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { after } from "node:test";
import { fileURLToPath } from "node:url";
import path from "node:path";
import { promisify } from "node:util";
import { certificateFolder } from "./certificate.js";
import { eventually } from "./wait.js";

const root = process.env.SIO_ROOT
  ? path.resolve(process.env.SIO_ROOT)
  : fileURLToPath(new URL("../..", import.meta.url));
const banner = /^sio-lua \S+ ((?: \S+:\S+ )+) (\d+) workers?\b.*\(pid (\d+)\)/m;
const startLimitMs = 15000;
const stopLimitMs = 15000;
const noPort = /\(no port is free\)/;
const noPortLimitMs = 60000; // that the kernel keeps ports of connections that have ended

process.env.SIO_LOG_FORMAT ??= "text"; // what the tests read

// For whoever starts the server's code by another way than startServer.
export const preload = process.env.SIO_PRELOAD ? { LD_PRELOAD: process.env.SIO_PRELOAD } : {};

const all = Number(process.env.SIO_WORKERS_ALL ?? 0);

// The numbers of workers that tests run with.
export const workerCounts = (...usual) => (all > 0 ? [all] : usual);

export const appFile = (name) => path.join(root, "spec/support/apps", `${name}.lua`);
export const rootFile = (name) => path.join(root, name);

// The processes of this machine whose parent is `pid` (Linux).
export function childrenOf(pid) {
  const children = [];
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, "utf8");
      const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      if (Number(parent) === pid && state !== "Z") children.push(Number(entry));
    } catch {
      // it ended while we looked
    }
  }
  return children;
}

export function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function withLimit(promise, ms, what) {
  let timer;
  const limit = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what()} (after ${ms / 1000} s)`)), ms);
  });
  return Promise.race([promise, limit]).finally(() => clearTimeout(timer));
}

// What a test that has failed did not stop would keep its file from ending.
const running = new Set();
if (process.env.NODE_TEST_CONTEXT) after(() => running.forEach((server) => server.kill()));

class Server {
  constructor(child) {
    running.add(this);
    this.child = child;
    this.output = "";
    this.exited = once(child, "close"); // not "exit", which may come before its last words
    this.exited.catch(() => {}).finally(() => running.delete(this));
  }

  // Its workers leave with it.
  kill() {
    this.child.kill("SIGKILL");
    this.child.stdout.destroy();
    this.child.stderr.destroy();
  }

  // Resolves with the banner's groups as soon as it was printed.
  started() {
    return new Promise((resolve, reject) => {
      const onData = (data) => {
        this.output += data;
        if (process.env.SIO_SHOW) process.stderr.write(data);
        const match = banner.exec(this.output);
        if (match) resolve(match);
      };
      this.child.stdout.setEncoding("utf8").on("data", onData);
      this.child.stderr.setEncoding("utf8").on("data", onData);
      this.child.on("error", reject);
      this.child.on("close", (code, signal) => {
        const how = signal ?? `status ${code}`;
        reject(new Error(`the server ended with ${how} before its banner:\n${this.output}`));
      });
    });
  }

  // Its worker processes: those that are not ready yet, and that have been killed and are not gone
  // yet, are among them.
  workerPids() {
    return childrenOf(this.pid);
  }

  // What `sio-lua status` says of it.
  async status() {
    const args = ["status", "--json", "--pid", String(this.pid)];
    const env = { ...process.env, ...preload };
    return JSON.parse((await promisify(execFile)(rootFile("bin/sio-lua"), args, { env })).stdout);
  }

  // Resolves when it has as many workers as it wants, all of them ready and none of them `gone`
  // (pids of those that were just killed, whose end nobody has noticed yet).
  whole(...gone) {
    return eventually("all workers ready", async () => {
      const { wanted, workers } = await this.status();
      const isGood = ({ pid, state }) => state === "ready" && !gone.includes(pid);
      return workers.length === wanted && workers.every(isGood);
    }, 30000);
  }

  // Resolves when it has printed this, which may come behind what clients have been told.
  said(pattern) {
    return eventually(`${pattern} in its output`, () => pattern.test(this.output));
  }

  // Stops the server and checks how it ended. Calling it again does nothing.
  async stop(signal = "SIGINT") {
    if (this.stopped) return;
    this.stopped = true;
    const workers = this.workerPids();
    if (this.child.exitCode === null && this.child.signalCode === null) {
      process.kill(this.pid, signal);
    }
    let code, by;
    try {
      const late = () => `the server did not stop on ${signal}:\n${this.output}`;
      [code, by] = await withLimit(this.exited, stopLimitMs, late);
    } catch (error) {
      for (const pid of [this.pid, ...workers]) if (isAlive(pid)) process.kill(pid, "SIGKILL");
      throw error;
    }
    const left = workers.filter(isAlive);
    if (code !== 0 || left.length > 0) {
      const how = by ?? `status ${code}`;
      throw new Error(`ended with ${how}, processes left: [${left}]\n${this.output}`);
    }
  }
}

// Resolves when it has printed its banner.
async function launch([command, ...args], options) {
  const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  const server = new Server(child);
  const stillSilent = () => `no banner from the server:\n${server.output}`;
  try {
    server.banner = await withLimit(server.started(), startLimitMs, stillSilent);
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
  return server;
}

// Waits for a port when others have just used them all.
async function launchOnPort(words, options) {
  return eventually("a free port", () =>
    launch(words, options).catch((error) => {
      if (noPort.test(error.message)) return null;
      throw error;
    }), noPortLimitMs);
}

// `drain`: seconds that its end may take; short, for most tests have nothing to wait for; null
// leaves that to the app.
// `bind`: where it listens instead of a free port, as --bind says it; [] leaves that to the app.
// `wrap`: the command that starts the command. `tls`: an app of spec/support/apps serves https,
// with the certificate of certificate.js or that in the folder which it names.
export async function startServer(
  app,
  {
    workers = workerCounts(1)[0], args = [], env = {}, cwd = root, bind, drain = 0.2, wrap = [],
    tls = false,
  } = {},
) {
  if (tls) env = { ...env, TLS_DIR: tls === true ? certificateFolder() : tls };
  const where = bind ? bind.flatMap((address) => ["--bind", address]) : ["--port", "0"];
  const file = app.endsWith(".lua") ? app : appFile(app);
  const words = [
    ...wrap,
    path.join(root, "bin/sio-lua"),
    ...[file, ...where, "--workers", String(workers)],
    ...(drain === null ? [] : ["--drain", String(drain)]),
    ...args,
  ];
  const server = await launchOnPort(words, { cwd, env: { ...process.env, ...preload, ...env } });
  const match = server.banner;
  server.urls = match[1].trim().split(/ +/);
  server.url = server.urls.find((url) => url.startsWith("http"));
  server.port = server.url && Number(new URL(server.url).port);
  server.workers = Number(match[2]);
  server.pid = Number(match[3]);
  return server;
}
