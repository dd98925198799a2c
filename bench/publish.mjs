// SPDX-License-Identifier: MIT
// Puts a run where it is read: RESULTS.md, a picture per work, the README's table.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { mainMetric } from "./judge.mjs";
import { plot } from "./plot.mjs";
import { readmeBlock, results } from "./report.mjs";

const README_BLOCK = /(<!-- bench[^>]*-->\n)[^]*?(<!-- \/bench -->)/;

function publishPlots(run, folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const work of run.works) {
    const metric = mainMetric(work);
    const figures = run.results[work.name].figures[metric];
    writeFileSync(`${folder}/${work.name}.svg`, plot(work.title, work.metrics[metric], figures));
  }
}

// The figures stand between two comments, which stay.
export function replaceBlock(text, block) {
  return text.replace(README_BLOCK, (_, head, tail) => `${head}\n${block}\n\n${tail}`);
}

export function publish(run, folder, readme) {
  publishPlots(run, `${folder}/plots`);
  writeFileSync(`${folder}/RESULTS.md`, results(run));
  if (readme) writeFileSync(readme, replaceBlock(readFileSync(readme, "utf8"), readmeBlock(run)));
}
