// SPDX-License-Identifier: MIT
// A strict reader of Prometheus' text format 0.0.4, for what /metrics says. It refuses what a
// lenient one lets through: samples without TYPE, families in pieces, series that are there twice,
// counters without "_total", bad escapes, a missing newline at the end.

const name = /^[a-zA-Z_:][a-zA-Z0-9_:]*/;
const label = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"/;
const value = /^ (?:NaN|[+-]?Inf|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/;

function fail(line, why) {
  throw new Error(`${why}: ${JSON.stringify(line)}`);
}

function readLabels(line, rest) {
  const labels = {};
  if (rest[0] !== "{") return [labels, rest];
  rest = rest.slice(1);
  for (;;) {
    const found = label.exec(rest) ?? fail(line, "a label expected");
    if (found[1] in labels) fail(line, "a label twice");
    labels[found[1]] = found[2].replace(/\\(.)/g, (_, c) => (c === "n" ? "\n" : c));
    rest = rest.slice(found[0].length);
    if (rest[0] === "}") return [labels, rest.slice(1)];
    if (rest[0] !== ",") fail(line, "a comma expected");
    rest = rest.slice(1);
  }
}

function readSample(line, family) {
  const found = name.exec(line) ?? fail(line, "a name expected");
  if (found[0] !== family.name) fail(line, "a sample of another family");
  const [labels, rest] = readLabels(line, line.slice(found[0].length));
  if (!value.test(rest)) fail(line, "a value expected");
  return { labels, value: Number(rest.slice(1)) };
}

// The families by name: { type, help, samples: [{ labels, value }] }.
export function parse(text) {
  const families = new Map();
  let family;
  if (!text.endsWith("\n")) fail(text.slice(-40), "no newline at the end");
  for (const line of text.slice(0, -1).split("\n")) {
    const head = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line);
    if (head?.[1] === "HELP") {
      if (families.has(head[2])) fail(line, "a family twice");
      family = { name: head[2], help: head[3], samples: [] };
      families.set(head[2], family);
    } else if (head) {
      if (head[2] !== family?.name || family.type || family.samples.length > 0) fail(line, "TYPE");
      if (!["counter", "gauge"].includes(head[3])) fail(line, "a type that we know expected");
      if ((head[3] === "counter") !== head[2].endsWith("_total")) fail(line, "name and type");
      family.type = head[3];
    } else {
      if (!family?.type) fail(line, "a sample without TYPE");
      family.samples.push(readSample(line, family));
    }
  }
  for (const each of families.values()) {
    const key = (sample) => JSON.stringify(Object.entries(sample.labels).sort());
    const series = each.samples.map(key);
    if (new Set(series).size !== series.length) fail(each.name, "a series twice");
  }
  return families;
}

// The sum of a family's samples that have these labels.
export function sum(families, family, labels = {}) {
  return (families.get(family)?.samples ?? [])
    .filter((sample) => Object.entries(labels).every(([key, text]) => sample.labels[key] === text))
    .reduce((total, sample) => total + sample.value, 0);
}
