// SPDX-License-Identifier: MIT
// The command behind `make chaos`: RUNS runs with SEED and the seeds behind it, each of SECONDS,
// and a table of them when there are several. Ends with 0 when all were sound. Histories are left
// in build/chaos; HISTORY=file judges such a one again.
//
// INJURY=drop, swap, double or lie puts a fault of our own between clients and history, which must
// be found; RATE, WORKERS and FAULTS ("reload,kill a worker") change the profile, PACE=4 makes
// faults four times as often, TLS=1 encrypts, ARGS="--journal-size 1M" are the server's.

import { mkdirSync } from "node:fs";
import path from "node:path";
import { rootFile } from "../support/server.js";
import { check } from "./checker.mjs";
import { faults } from "./faults.mjs";
import { Injury } from "./injury.mjs";
import { fullProfile } from "./profiles.mjs";
import { Random } from "./random.mjs";
import { load, save } from "./recorder.mjs";
import { report, tableOf } from "./report.mjs";
import { run } from "./run.mjs";

const { env } = process;

function profileOf() {
  const profile = {};
  for (const name of ["seconds", "rate", "workers"]) {
    const text = env[name.toUpperCase()];
    if (!text) continue;
    profile[name] = Number(text);
    if (!(profile[name] > 0)) throw new Error(`${name.toUpperCase()}: expected a number`);
  }
  if (env.FAULTS) {
    profile.faults = env.FAULTS.split(",");
    const strange = profile.faults.find((name) => !faults[name]);
    if (strange) throw new Error(`no fault "${strange}": ${Object.keys(faults).join(", ")}`);
  }
  if (env.ARGS) profile.args = env.ARGS.split(" ");
  const { hold } = fullProfile();
  for (const name of Object.keys(hold)) hold[name] /= Number(env.PACE || 1);
  return fullProfile({ ...profile, hold, tls: Boolean(env.TLS) });
}

async function history(seed) {
  if (env.HISTORY) return load(env.HISTORY);
  const random = new Random(seed);
  const injury = env.INJURY && new Injury(env.INJURY, random.stream("injury"));
  const lines = await run(profileOf(), random, injury);
  const folder = rootFile("build/chaos");
  mkdirSync(folder, { recursive: true });
  save(lines, path.join(folder, `${seed}.jsonl`));
  return lines;
}

const first = Number(env.SEED || Date.now() % 100000);
const runs = env.HISTORY ? 1 : Number(env.RUNS || 1);
const all = [];
for (let seed = first; seed < first + runs; seed++) {
  if (!env.HISTORY) console.log(`seed ${seed}`);
  const lines = await history(seed);
  const result = check(lines);
  const { text, sound } = report(lines, result);
  all.push({ lines, result, sound });
  console.log(text);
}
if (runs > 1) console.log(`\n${tableOf(all)}`);
process.exit(all.every(({ sound }) => sound) ? 0 : 1);
