// SPDX-License-Identifier: MIT
// A server under measurement: started on core 0, known by its port and the ids of its processes.
import { spawn } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { built, servers } from "./servers.mjs";

const SERVER_CORE = "0";
const START_MS = 40000; // nine processes of Node on one core take a while
const STOP_MS = 5000;
const SAID = /https?:\/\/localhost:(\d+)/;

function parents() {
  const of = new Map();
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      of.set(Number(pid), Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]));
    } catch {
      // it ended meanwhile
    }
  }
  return of;
}

// The process and all that it started.
export function family(pid) {
  const of = parents();
  const found = [pid];
  for (const one of found) {
    for (const [child, parent] of of) if (parent === one) found.push(child);
  }
  return found;
}

function anonymousBytes(pids) {
  let sum = 0;
  for (const pid of pids) {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    sum += Number(status.match(/RssAnon:\s+(\d+)/)[1]) * 1024;
  }
  return sum;
}

const kill = (pid) => {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // it has ended
  }
};

// Several processes are asked to end by the first of them; whoever is left then is killed.
async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const pids = family(child.pid);
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill(pids.length > 1 ? "SIGTERM" : "SIGKILL");
  const late = setTimeout(() => pids.forEach(kill), STOP_MS);
  await ended;
  clearTimeout(late);
  pids.slice(1).forEach(kill);
}

// Resolves with the port that it says. What it says later is read, lest it wait, and forgotten.
function said(child, name) {
  let late;
  const found = new Promise((resolve, reject) => {
    let text = "";
    late = setTimeout(() => reject(new Error(`${name} does not start: ${text}`)), START_MS);
    const ended = (code) => reject(new Error(`${name} ended (${code}): ${text}`));
    const look = (data) => {
      text = (text + data).slice(-4000);
      const match = text.match(SAID);
      if (!match) return;
      child.off("exit", ended);
      child.stderr.off("data", look).resume();
      resolve(Number(match[1]));
    };
    child.once("exit", ended);
    child.once("error", reject);
    child.stderr.on("data", look);
  });
  return found.finally(() => clearTimeout(late));
}

export async function start(name, { tls = false, deflate = false } = {}) {
  const server = servers[name];
  const env = { ...process.env, ...server.env };
  if (tls) env.BENCH_TLS = `${built}/tls`;
  if (deflate) env.BENCH_DEFLATE = "1";
  const stdio = ["ignore", "ignore", "pipe"];
  const child = spawn("taskset", ["-c", SERVER_CORE, ...server.command], { env, stdio });
  try {
    const port = await said(child, name);
    const pids = family(child.pid);
    return { name, port, pids, bytes: () => anonymousBytes(pids), stop: () => stop(child) };
  } catch (error) {
    await stop(child);
    throw error;
  }
}
