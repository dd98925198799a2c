// SPDX-License-Identifier: MIT
// One picture per work: a bar for each server, least first, with its quartiles. Plain SVG that
// reads on a light and on a dark page.
import { servers } from "./servers.mjs";
import { show, summary } from "./stats.mjs";

const WIDTH = 720;
const LEFT = 150; // names
const RIGHT = 70; // figures
const TOP = 44; // title
const BOTTOM = 46; // axis
const ROW = 26;
const BAR = 16;
const TICKS = 5;

const style = `
  text { font: 13px system-ui, sans-serif; fill: #24292f; }
  .title { font-size: 15px; font-weight: 600; }
  .figure, .tick { font-size: 12px; }
  .grid { stroke: #d0d7de; }
  .whisker { stroke: #24292f; }
  .ours { fill: #1a7f5a; } .peer { fill: #8c959f; } .floor { fill: #c9a227; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .grid { stroke: #3d444d; }
    .whisker { stroke: #e6edf3; }
    .ours { fill: #3fb58a; } .peer { fill: #6e7681; } .floor { fill: #d9b84a; }
  }`;

const entities = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escape = (text) => String(text).replace(/[&<>"]/g, (character) => entities[character]);

// A step of 1, 2 or 5 times a power of ten, so that about TICKS of them reach `most`.
export function step(most) {
  const rough = most / TICKS;
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * [1, 2, 5, 10].find((factor) => factor * power >= rough);
}

function bar(name, found, y, scale) {
  const middle = y + BAR / 2;
  const x = (value) => (LEFT + value * scale).toFixed(1);
  return [
    `<text x="${LEFT - 8}" y="${middle + 4}" text-anchor="end">${escape(name)}</text>`,
    `<rect class="${servers[name]?.kind ?? "peer"}" x="${LEFT}" y="${y}" ` +
      `width="${(found.median * scale).toFixed(1)}" height="${BAR}"/>`,
    `<path class="whisker" d="M${x(found.lower)} ${middle}H${x(found.upper)}"/>`,
    `<text class="figure" x="${+x(Math.max(found.upper, found.median)) + 6}" y="${middle + 4}">` +
      `${show(found.median)}</text>`,
  ].join("\n");
}

function axis(most, scale, bottom, unit) {
  const lines = [];
  const every = step(most);
  for (let value = 0; value <= most * 1.0001; value += every) {
    const x = (LEFT + value * scale).toFixed(1);
    lines.push(
      `<line class="grid" x1="${x}" x2="${x}" y1="${TOP - 6}" y2="${bottom}"/>`,
      `<text class="tick" x="${x}" y="${bottom + 16}" text-anchor="middle">` +
        `${Number(value.toPrecision(6)).toLocaleString("en")}</text>`,
    );
  }
  const middle = LEFT + (WIDTH - LEFT - RIGHT) / 2;
  lines.push(`<text x="${middle}" y="${bottom + 36}" text-anchor="middle">${escape(unit)}</text>`);
  return lines;
}

// `figures`: { server: [one a round] }; servers without any are left out.
export function plot(title, unit, figures) {
  const rows = Object.entries(figures)
    .map(([name, list]) => [name, summary(list)])
    .filter(([, found]) => found)
    .sort(([, a], [, b]) => a.median - b.median);
  const most = Math.max(...rows.map(([, found]) => Math.max(found.upper, found.median)));
  const scale = (WIDTH - LEFT - RIGHT) / most;
  const bottom = TOP + rows.length * ROW;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${bottom + BOTTOM}" ` +
      `viewBox="0 0 ${WIDTH} ${bottom + BOTTOM}" role="img">`,
    `<title>${escape(title)}</title>`,
    `<style>${style}\n</style>`,
    `<text class="title" x="12" y="24">${escape(title)}</text>`,
    ...axis(most, scale, bottom, unit),
    ...rows.map(([name, found], i) => bar(name, found, TOP + i * ROW, scale)),
    "</svg>\n",
  ].join("\n");
}
