// SPDX-License-Identifier: MIT
// No row of the index is missing.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { it } from "node:test";
import { rootFile } from "../support/server.js";
import { elsewhere, wanted } from "./index.js";
import { lines } from "./lines.rows.js";
import { bodies } from "./polling.rows.js";
import { requests } from "./requests.rows.js";

const ids = [...lines, ...requests, ...bodies].map(({ id }) => id.split(" ")[0]);

it("every row of the index is in a table", () => {
  assert.deepEqual(wanted.filter((id) => !ids.includes(id)), [], "missing");
  assert.deepEqual(ids.filter((id) => !wanted.includes(id)), [], "not in the index");
});

for (const [id, places] of Object.entries(elsewhere)) {
  it(`${id} is tested elsewhere`, () => {
    for (const [file, words] of places) {
      assert.ok(readFileSync(rootFile(file), "utf8").includes(words), `${words} in ${file}`);
    }
  });
}
