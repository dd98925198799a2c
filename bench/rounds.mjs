// SPDX-License-Identifier: MIT
// Runs the works: for each work its rounds, in each round every server once, so that what the
// machine does meanwhile hits all of them alike. The server has core 0, the generator core 1.
import { execFile, spawn } from "node:child_process";
import { promisify } from "node:util";
import { OURS } from "./judge.mjs";
import { start } from "./process.mjs";
import { built, here, servers } from "./servers.mjs";
import { roundsOf } from "./works.mjs";

const LOAD_CORE = "1";
const LIMIT_MS = 60000;
const SCALE_MS = 120000;
const execute = promisify(execFile);

function command(work, args, server) {
  const more = ["--port", server.port, "--pid", server.pids.join(",")];
  if (work.tls) more.push("--tls");
  if (servers[server.name].kind === "floor") more.push("--dialect", "raw");
  return ["-c", LOAD_CORE, `${built}/load`, ...args, ...more].map(String);
}

// Resolves with what the generator printed; `meanwhile` runs when it has printed and before its
// standard input ends, which is what keeps the connections of `idle`.
function load(args, meanwhile) {
  const child = spawn("taskset", args, { stdio: ["pipe", "pipe", "pipe"], timeout: LIMIT_MS });
  let [out, error, seen] = ["", "", null];
  child.stdout.on("data", (data) => {
    out += data;
    if (!out.includes("\n") || seen) return;
    seen = JSON.parse(out);
    meanwhile?.(seen);
    child.stdin.end();
  });
  child.stdin.on("error", () => {}); // it has ended already
  child.stderr.on("data", (data) => (error += data));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      if (code === 0 && seen) resolve(seen);
      else reject(new Error(error.trim() || `the generator ended (${signal ?? code})`));
    });
  });
}

async function measureMemory(work, server) {
  let before;
  await load(command(work, ["idle", "--clients", 10], server), () => (before = server.bytes()));
  const figure = await load(command(work, work.load, server), (seen) => {
    seen.bytes = (server.bytes() - before) / seen.clients;
  });
  return figure;
}

// A server of a work: it stays from its first round to its last, so that a compiler at run time has
// compiled and buffers have their sizes. What memory connections take is weighed in a new process.
async function enter(work, name) {
  const server = await start(name, work);
  try {
    if (work.warm) await load(command(work, work.warm, server));
    return server;
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function measure(work, server) {
  if (work.memory) return measureMemory(work, server);
  const figure = await load(command(work, work.load, server));
  if (figure.messages) figure.us_per_message = figure.cpu_us / figure.messages;
  return figure;
}

// `standing` has the servers that have entered, by name. One that failed starts anew.
async function one(work, name, standing) {
  const server = standing.get(name) ?? (await enter(work, name));
  standing.delete(name);
  let failed = true;
  try {
    const figure = await measure(work, server);
    failed = false;
    return figure;
  } finally {
    if (failed || work.memory) await server.stop();
    else standing.set(name, server);
  }
}

// One program measures a thing among few and among many; `found` has its lines until both are used.
const found = new Map();
async function among(work, rounds, say) {
  if (!found.has(work.scale)) {
    const args = [`${here}/scale.mjs`, work.scale, String(rounds)];
    const { stdout } = await execute("node", args, { timeout: SCALE_MS }).catch((error) => {
      say(`${work.name}: ${error.message}`);
      return { stdout: "" };
    });
    found.set(work.scale, stdout.trim().split("\n").filter(Boolean).map(JSON.parse));
  }
  const line = found.get(work.scale).find(({ n }) => n === work.n);
  const failures = line ? {} : { [OURS]: ["it did not complete"] };
  return { figures: { us_per_unit: { [OURS]: line?.rounds ?? [] } }, failures };
}

// { metric: { server: [figure of round 0, ...] } } and what failed, in words, by server.
export async function run(work, names, rounds, say) {
  if (work.scale) return among(work, rounds, say);
  const figures = {};
  const failures = {};
  const standing = new Map();
  for (const metric of Object.keys(work.metrics)) {
    figures[metric] = Object.fromEntries(names.map((name) => [name, []]));
  }
  for (let round = 0; round < rounds; round++) {
    for (const name of names) {
      if (round >= roundsOf(work, name, rounds)) continue;
      try {
        const seen = await one(work, name, standing);
        for (const metric of Object.keys(work.metrics)) figures[metric][name][round] = seen[metric];
      } catch (error) {
        (failures[name] ??= []).push(error.message.split("\n")[0]);
        say(`${work.name}, ${name}: ${error.message}`);
      }
    }
  }
  await Promise.all([...standing.values()].map((server) => server.stop()));
  return { figures, failures };
}
