// SPDX-License-Identifier: MIT
// Bad and odd requests, row by row, over sockets: what is answered, what becomes of the connection
// and of the session, and that the next client is served. The rows are data; victim.js runs them.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { lines } from "./lines.rows.js";
import { requests } from "./requests.rows.js";
import { readTable } from "./table.js";
import { Victim } from "./victim.js";

// A row of the text tables: its requests are answered one by one, and an error last.
function tableRow({ id, seen, end, what, bytes }) {
  const refused = /^\d+$/.test(end);
  const answers = Array(seen).fill({ status: /^(200|404)$/ });
  if (refused) answers.push({ status: Number(end), body: "" });
  const ends = refused || end === "x" ? "closed" : end === "+" ? "waits" : "open";
  return { id: `${id} ${what}`, send: bytes, answers, ends };
}

const tables = {
  "what HTTP does not allow": lines,
  "what Engine.IO is asked": requests,
  "requests that others read as two": readTable("garden.txt").map(tableRow),
  "requests that are whole or cut off": readTable("h1spec.txt").map(tableRow),
};

describe("hostile HTTP", { timeout: 60000 }, () => {
  let victim;
  before(async () => (victim = await Victim.start()));
  after(() => victim?.stop());

  for (const [name, rows] of Object.entries(tables)) {
    describe(name, () => {
      assert.equal(new Set(rows.map(({ id }) => id)).size, rows.length, "ids are unique");
      for (const row of rows) it(row.id, () => victim.run(row));
    });
  }
});
