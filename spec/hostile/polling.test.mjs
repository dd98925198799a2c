// SPDX-License-Identifier: MIT
// Bad and odd bodies for polling sessions, row by row (polling.rows.js): what is answered, what the
// app saw of the session, what becomes of it, and that the next client is served.

import { after, before, describe, it } from "node:test";
import { bodies } from "./polling.rows.js";
import { Victim } from "./victim.js";

describe("hostile polling", { timeout: 60000 }, () => {
  let victim;
  before(async () => (victim = await Victim.start()));
  after(() => victim?.stop());

  for (const row of bodies) it(row.id, () => victim.run(row));
});
