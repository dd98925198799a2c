// SPDX-License-Identifier: MIT
// Reads garden.txt and h1spec.txt, whose format the former tells.

import { readFileSync } from "node:fs";

const escapes = { r: "\r", n: "\n", t: "\t", "\\": "\\" };

function unescape(text) {
  return text.replace(/\\(x(..)|.)/g, (_, name, hex) =>
    hex ? String.fromCharCode(parseInt(hex, 16)) : escapes[name]);
}

// The rows as { id, seen, end, what, bytes }.
export function readTable(name) {
  const rows = [];
  for (const line of readFileSync(new URL(name, import.meta.url), "utf8").split("\n")) {
    if (line.startsWith("    ")) {
      rows.at(-1).bytes += unescape(line.slice(4));
    } else if (line && !line.startsWith("#")) {
      const [, id, seen, end, what] = /^(\S+) (\d+) (\S+) (.*)$/.exec(line);
      rows.push({ id, seen: Number(seen), end, what, bytes: "" });
    }
  }
  return rows;
}
