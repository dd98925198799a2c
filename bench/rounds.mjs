// SPDX-License-Identifier: MIT
// Runs works: for each its rounds, in each round every server once, so that what the machine does
// meanwhile hits all of them alike. The server has core 0, the generator core 1.
import { execFile, spawn } from "node:child_process";
import { promisify } from "node:util";
import { OURS } from "./judge.mjs";
import { start } from "./process.mjs";
import { built, here, servers, warmSeconds } from "./servers.mjs";
import { roundsOf } from "./works.mjs";

const LOAD_CORE = "1";
const LIMIT_MS = 60000;
const SCALE_MS = 120000;
const FAILURES = 2; // of a server in a work, then it is left in peace
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
  return load(command(work, work.load, server), (seen) => {
    seen.bytes = (server.bytes() - before) / seen.clients;
  });
}

// A server of a work: it stays from its first round to its last, so that a compiler at run time has
// compiled and buffers have their sizes. Connections come, and are weighed, in a new process.
async function enter(work, name) {
  const server = await start(name, work);
  try {
    const args = work.warm && [...work.warm, "--seconds", warmSeconds(name)];
    if (args) await load(command(work, args, server));
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
    if (failed || work.anew) await server.stop();
    else standing.set(name, server);
  }
}

// A program of its own for all works of the group; it prints a line for each.
async function scale(works, rounds, say) {
  const [{ group }] = works;
  const args = [`${here}/scale.mjs`, group, String(rounds)];
  const { stdout } = await execute("node", args, { timeout: SCALE_MS }).catch((error) => {
    say(`${group}: ${error.message}`);
    return { stdout: "" };
  });
  const lines = stdout.trim().split("\n").filter(Boolean).map(JSON.parse);
  return works.map((work) => {
    const line = lines.find(({ n }) => n === work.scale);
    const failures = line ? {} : { [OURS]: ["it did not complete"] };
    return { figures: { us_per_unit: { [OURS]: line?.rounds ?? [] } }, failures };
  });
}

function empty(work) {
  const none = () => Object.fromEntries(work.servers.map((name) => [name, []]));
  const metrics = Object.keys(work.metrics);
  return {
    figures: Object.fromEntries(metrics.map((metric) => [metric, none()])),
    failures: {},
    standing: new Map(),
  };
}

async function turn(work, { figures, failures, standing }, name, round, say) {
  if (failures[name]?.length === FAILURES) return;
  try {
    const seen = await one(work, name, standing);
    for (const metric of Object.keys(work.metrics)) figures[metric][name][round] = seen[metric];
  } catch (error) {
    (failures[name] ??= []).push(error.message.split("\n")[0]);
    say(`${work.name}, ${name}: ${error.message}`);
  }
}

// The works of a group take turns, round by round. Resolves with what each has seen:
// { figures: { metric: { server: [figure of round 0, ...] } }, failures: { server: [in words] } }.
export async function run(works, rounds, say) {
  if (works[0].scale) return scale(works, rounds, say);
  const found = works.map(empty);
  const most = (work) => Math.max(...work.servers.map((name) => roundsOf(work, name, rounds)));
  for (let round = 0; round < Math.max(...works.map(most)); round++)
    for (const [i, work] of works.entries())
      for (const name of work.servers)
        if (round < roundsOf(work, name, rounds)) await turn(work, found[i], name, round, say);
  const servers = found.flatMap(({ standing }) => [...standing.values()]);
  await Promise.all(servers.map((server) => server.stop()));
  return found.map(({ figures, failures }) => ({ figures, failures }));
}
