// SPDX-License-Identifier: MIT
// make bench: prepares the servers, runs the works, judges, writes. The environment narrows it:
//
//   ROUNDS=3  WORKS=ack-1k,connect  SERVERS=sio-lua,node-ws  QUICK=1
//
// Only a whole run, of all works and servers and no fewer rounds, writes RESULTS.md, plots/ and the
// README's table; a part goes to build/bench/.
import { addExtra, mainMetric } from "./judge.mjs";
import { lacking, machine } from "./machine.mjs";
import { prepare } from "./prepare.mjs";
import { publish } from "./publish.mjs";
import { lastLine, targetTable, yardstickText } from "./report.mjs";
import { run as runWorks } from "./rounds.mjs";
import { keep } from "./runs.mjs";
import { built, here, root, servers } from "./servers.mjs";
import { median, show } from "./stats.mjs";
import { works as allWorks } from "./works.mjs";

const ROUNDS = 5;
const QUICK_ROUNDS = 3;
const QUICK_SERVERS = ["sio-lua", "sio-lua-ns", "node-ws", "floor", "floor-batch"];

function chosen(variable, known) {
  const wanted = process.env[variable]?.split(",").filter(Boolean);
  const unknown = wanted?.find((name) => !known.includes(name));
  if (unknown) throw new Error(`${variable}: no "${unknown}"; there are ${known.join(", ")}`);
  return wanted;
}

function plan() {
  const quick = Boolean(process.env.QUICK);
  const rounds = Number(process.env.ROUNDS ?? (quick ? QUICK_ROUNDS : ROUNDS));
  const workNames = allWorks.map((work) => work.name);
  const names = chosen("WORKS", workNames) ?? (quick ? undefined : workNames);
  const some = chosen("SERVERS", Object.keys(servers)) ?? (quick ? QUICK_SERVERS : undefined);
  const works = allWorks
    .filter((work) => (names ? names.includes(work.name) : work.quick))
    .map((work) => ({ ...work, servers: work.servers.filter((name) => some?.includes(name) ?? 1) }))
    .filter((work) => work.servers.length > 0);
  const whole = !some && works.length === allWorks.length && rounds >= ROUNDS;
  return { rounds, works, whole };
}

const seconds = (begun) => Math.round((Date.now() - begun) / 1000);
const say = (text) => console.error(`bench: ${text}`);

function line(work, result) {
  const metric = mainMetric(work);
  const cells = Object.entries(result.figures[metric]).map(
    ([name, list]) => `${name} ${show(median(list))}`,
  );
  return `${work.title}, ${work.metrics[metric]}: ${cells.join(", ")}`;
}

// Works of one group follow each other in the list.
function groups(works) {
  const list = [];
  for (const work of works) {
    const last = list.at(-1);
    if (work.group && last?.[0].group === work.group) last.push(work);
    else list.push([work]);
  }
  return list;
}

async function runAll({ works, rounds }) {
  const results = {};
  for (const group of groups(works)) {
    const begun = Date.now();
    const found = await runWorks(group, rounds, say);
    for (const [i, work] of group.entries()) {
      addExtra(found[i]);
      results[work.name] = found[i];
      console.log(line(work, found[i]));
    }
    console.log(`[${seconds(begun)} s]`);
  }
  return results;
}

// What can be measured here, with the servers that are here; and why the rest cannot.
function possible(works, missing) {
  const leftOut = {};
  const found = works
    .map((work) => ({ ...work, servers: work.servers.filter((name) => !missing[name]) }))
    .filter((work) => {
      const why = lacking(work.needs);
      if (why) leftOut[work.name] = why;
      return !why && work.servers.length > 0;
    });
  for (const [name, why] of Object.entries(leftOut)) say(`${name} is left out: ${why}`);
  return { works: found, leftOut };
}

// A wrong answer of a peer is a note in its table; one of ours fails the run.
function broken({ works, results }) {
  return works.filter(({ name }) =>
    Object.keys(results[name].failures).some((server) => servers[server].kind !== "peer"),
  );
}

const planned = plan();
const begun = Date.now();
const missing = prepare([...new Set(planned.works.flatMap((work) => work.servers))]);
const prepared = seconds(begun);
const todo = { ...planned, ...possible(planned.works, missing), missing };
const run = { ...todo, results: await runAll(todo), machine: machine() };
keep(run);
const folder = run.whole ? here : built;
publish(run, folder, run.whole && `${root}/README.md`);
console.log(`\n${yardstickText(run)}\n\n${targetTable(run)}\n\nwritten: ${folder}/RESULTS.md`);
for (const work of broken(run)) {
  say(`${work.title}: wrong answers of our own`);
  process.exitCode = 1;
}
console.log(`took ${seconds(begun)} s, ${prepared} of them to prepare`);
console.log(lastLine(run));
