// SPDX-License-Identifier: MIT
// A run in words: the tables of RESULTS.md. Takes figures, gives text; writes nothing.
import { bestPeer, judge, mainMetric, OURS } from "./judge.mjs";
import { compare, lastRuns } from "./runs.mjs";
import { servers } from "./servers.mjs";
import { median, ratios, show, summary } from "./stats.mjs";
import { targets } from "./targets.mjs";
import { works } from "./works.mjs";
import { uws, yardstick } from "./yardstick.mjs";

function table(head, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [line(head), `|${"---|".repeat(head.length)}`, ...rows.map(line)].join("\n");
}

const spread = (found) => `${show(found.median)} (${show(found.lower)}–${show(found.upper)})`;

const titleOf = (name) => works.find((work) => work.name === name).title;
const targetTitle = ({ title, work }) => title ?? titleOf(work);

function limitText({ most, unit, work, server }, against) {
  if (unit) return `<= ${most.toLocaleString("en")} ${unit}`;
  if (work) return `<= ${most} x ${titleOf(work)}`;
  const best = server === "best";
  return `<= ${most} x ${best ? `best peer${against ? ` (${against})` : ""}` : server}`;
}

// Of a whole run all targets; of a part only those that concern it.
export function verdicts(run) {
  const measured = targets.filter((target) => run.whole || run.results[target.work]);
  return measured.flatMap((target) =>
    target.limits.map((limit) => ({ target, limit, ...judge(run.results, target, limit) })),
  );
}

export function lastLine(run) {
  const all = verdicts(run);
  const met = all.filter((verdict) => verdict.met).length;
  return `targets: ${met} met, ${all.length - met} not met`;
}

export function targetTable(run) {
  const why = ({ work }) => (run.leftOut[work] ? `: ${run.leftOut[work]}` : "");
  const rows = verdicts(run).map(({ target, limit, against, measured, met }) => [
    targetTitle(target),
    limitText(limit, against),
    measured ? spread(measured) : `not measured${why(target)}`,
    met ? "met" : "**not met**",
  ]);
  return table(["work", "limit", "measured, median (quartiles)", "verdict"], rows);
}

function yardstickVerdict(rows) {
  const decide = rows.filter((row) => row.decides);
  if (decide.length === 0) return "Not decided: no CPU time of floor and of node-ws was measured.";
  const off = decide.filter((row) => !row.holds);
  return off.length === 0
    ? "Every row that decides is within 25 % of the reference: the table counts."
    : `The table **does not count**: ${off.length} of ${decide.length} rows that decide are off.`;
}

export function yardstickText(run) {
  const rows = yardstick(run.results);
  const verdict = yardstickVerdict(rows);
  if (rows.length === 0) return verdict;
  const lines = rows.map((row) => [
    `${titleOf(row.work)}${row.metric === "p50" ? ", p50" : ""}`,
    row.servers,
    show(row.was),
    show(row.is),
    row.holds ? "yes" : row.decides ? "**no**" : "no",
    row.decides ? "yes" : "",
  ]);
  const head = ["work", "", "of node-ws, reference", "of node-ws, here", "within 25 %", "decides"];
  return `${verdict}\n\n${table(head, lines)}`;
}

function failureNotes(result) {
  return Object.entries(result.failures).map(
    ([name, [first, ...more]]) => `${name}: failed ${more.length ? "twice" : "once"}: ${first}`,
  );
}

// One work: a row per server, least first; the columns compare with what stands beside ours.
function workTable(work, result) {
  return Object.entries(work.metrics).map(([metric, unit]) => {
    const figures = result.figures[metric];
    const best = bestPeer(result, metric);
    const of = (list, name) => {
      const found = name && figures[name] ? summary(ratios(list, figures[name])) : undefined;
      return found ? show(found.median) : "–";
    };
    const rows = Object.entries(figures)
      .filter(([, list]) => median(list) !== undefined)
      .sort(([, a], [, b]) => median(a) - median(b))
      .map(([name, list]) => [
        name === OURS ? `**${name}**` : name,
        spread(summary(list)),
        summary(list).rounds,
        of(list, "node-ws"),
        of(list, best),
        of(list, "floor"),
        of(list, "floor-batch"),
      ]);
    const peer = best ? `of best peer (${best})` : "of best peer";
    const head = ["server", unit, "rounds", "of node-ws", peer, "of floor", "of floor-batch"];
    return table(head, rows);
  });
}

function workText(run, work) {
  const result = run.results[work.name];
  const parts = [`### ${work.title}`, ...workTable(work, result)];
  const quoted = uws[work.name];
  if (quoted) parts.push(`node-uws, quoted, not measured here: ${show(quoted)}.`);
  parts.push(...failureNotes(result));
  parts.push(`![${work.title}](plots/${work.name}.svg)`);
  return parts.join("\n\n");
}

function machineText({ machine, rounds }) {
  return `${machine.date} UTC, commit ${machine.commit}. ${machine.processor}, ${machine.memory},
${machine.kernel}. Server on core 0, generator on core 1, ${rounds} interleaved rounds if no table
says another number.

${machine.versions.map((version) => `- ${version}`).join("\n")}`;
}

function serverText(run) {
  const rows = Object.entries(servers)
    .filter(([name]) => !/ x\d$/.test(name))
    .map(([name, { about }]) => {
      const why = run.missing[name];
      return [name, about, why ?? ""];
    });
  return table(["server", "what it is", "not run, because"], rows);
}

function cell({ measured, against, met }, { server }) {
  if (!measured) return "not measured";
  const { median, least, most } = measured;
  const whose = server === "best" ? ` of ${against}` : "";
  return `${show(median)} (${show(least)}–${show(most)})${whose}, ${met ? "met" : "**not met**"}`;
}

export function comparison({ runs, others = 0 }) {
  const left = others ? `Runs of other works or targets, not compared: ${others}.\n` : "";
  if (runs.length < 2)
    return `There is ${["no", "only one"][runs.length]} whole run to look at.\n${left}`.trim();

  const all = compare(runs);
  const count = (which) => all.filter(which).length;
  const rows = all.map(({ target, limit, verdicts, agrees }) => [
    targetTitle(target),
    limitText(limit),
    ...verdicts.map((verdict) => cell(verdict, limit)),
    agrees ? "yes" : "**no**",
  ]);
  const names = runs.map(({ machine }) => `${machine.date}, ${machine.commit}`);
  const number = { 2: "both", 3: "all three" }[runs.length];
  const agreeing = count(({ agrees }) => agrees);
  const same = count(({ isSame }) => isSame);
  const sum = `${agreeing} of ${all.length} targets agree in ${number} runs`;
  return `${sum}; ${same} have the same verdict.
${left}
${table(["work", "limit", ...names, "agree"], rows)}`;
}

export function results(run) {
  return `# Measured

Written by \`make bench\`; [README.md](README.md) says how, [NOTES.md](NOTES.md) what was done to
get here. Figures are medians with their quartiles; lower is better everywhere. Compare ratios, not
figures: such machines are noisy.

${machineText(run)}

## Targets

A ratio is taken within each round; a target is met if the lower quartile of its rounds meets it.
*Extra CPU per broadcast and worker* is what all processes of W workers take for a broadcast, less
the median of what one worker takes, by W - 1. There are 16 clients in all, so that deliveries do
not drown it, and thousands of broadcasts in each round. What deliveries cost more when they are
spread over W processes is part of it. Its spread says how far it can be told from noise.

${targetTable(run)}

## Is the yardstick right?

What the floor takes of node-ws's figure, in the run beside which the targets were set and in this
one. The two floors make the same system calls unless several broadcasts are in flight, so they are
one server that was measured twice, there as here: the mean of both figures there is compared with
the median of both servers' rounds here. With broadcasts in flight each is compared by itself, and
floor decides. Rows of latency, of memory and of works without a target are there to be seen.

${yardstickText(run)}

## Servers

${serverText(run)}

## Works

${run.works.map((work) => workText(run, work)).join("\n\n")}

## Do runs agree?

For each target what whole runs measured: the median, the least and the most of its rounds, and the
verdict. Runs agree if the median of each lies between the least and the most of every other, or
within 5 % of its median, as memory has hardly a spread. Works without a target are not here: one
round or two have no spread that could hold another run's.

${comparison(run.before ?? lastRuns())}

${lastLine(run)}
`;
}

// The README's table: what ours takes of node-ws and of the best peer.
export function readmeBlock(run) {
  const rows = [];
  for (const work of run.works) {
    const result = run.results[work.name];
    const metric = mainMetric(work);
    const ours = result?.figures[metric][OURS];
    const node = result?.figures[metric]["node-ws"];
    if (!ours || !node || !targets.some((target) => target.work === work.name)) continue;
    const best = bestPeer(result, metric);
    const ratio = (list) => show(median(ratios(ours, list)));
    const peer = best ? `${ratio(result.figures[metric][best])} (${best})` : "–";
    rows.push([work.title, ratio(node), peer]);
  }
  return table(["work", "of node-ws", "of the best peer"], rows);
}
