// SPDX-License-Identifier: MIT
// A reporter for `node --test`: one flat TAP line per test case, with the error under a failed one.
// Suites themselves print nothing unless they failed by themselves (in a hook, or by cancellation).

const path = [];
const summary = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/;

function isSuite(data) {
  return data.details?.type === "suite" || data.children > 0;
}

function* lines(text) {
  for (const line of String(text).split("\n")) yield `#   ${line}\n`;
}

function* reason(error) {
  const cause = error?.cause ?? error;
  yield* lines(cause?.stack ?? cause?.message ?? cause ?? "no reason given");
}

export default async function* report(source) {
  const parents = new Set();
  for await (const { type, data } of source) {
    if (type === "test:start") {
      path.length = data.nesting;
      path[data.nesting] = data.name;
      if (data.nesting > 0) parents.add(path.slice(0, data.nesting).join(" > "));
    } else if (type === "test:pass" || type === "test:fail") {
      path.length = data.nesting;
      path[data.nesting] = data.name;
      const name = path.join(" > ");
      const suite = isSuite(data) || parents.has(name);
      const ownFailure = data.details?.error?.failureType !== "subtestsFailed";
      if (type === "test:fail" ? suite && !ownFailure : suite) continue;
      const verdict = type === "test:pass" ? "ok" : "not ok";
      const skipped = data.skip ? ` # SKIP ${data.skip === true ? "" : data.skip}` : "";
      const seconds = ((data.details?.duration_ms ?? 0) / 1000).toFixed(2);
      yield `${verdict} - ${name.replaceAll("#", "")} (${seconds} s)${skipped}\n`;
      if (type === "test:fail") yield* reason(data.details.error);
    } else if (type === "test:diagnostic") {
      if (!summary.test(data.message)) yield* lines(data.message);
    } else if (type === "test:stderr" || type === "test:stdout") {
      yield* lines(data.message.replace(/\n$/, ""));
    }
  }
}
