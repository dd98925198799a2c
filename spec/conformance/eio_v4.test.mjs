// SPDX-License-Identifier: MIT
// Engine.IO v4: the official suite's 25 cases (see engine_cases.js) against raw Engine.IO, with one
// worker as the suite is run, and with two, where requests of one session arrive at both; plain and
// with TLS.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { startServer } from "../support/server.js";
import { Wire } from "../support/wire.js";
import { engineCases } from "./engine_cases.js";

const cases = engineCases(true);
assert.equal(cases.length, 25);

for (const [workers, tls] of [[1, false], [2, false], [1, true], [2, true]]) {
  const where = `${workers} worker(s)${tls ? " with TLS" : ""}`;
  describe(`Engine.IO v4, ${where}`, { timeout: 60000 }, () => {
    let server, wire;
    before(async () => {
      server = await startServer("eio_echo", { workers, tls });
      wire = new Wire(server.url, "/engine.io/");
    });
    afterEach(() => wire?.close());
    after(() => server?.stop());

    for (const [name, run] of cases) it(name, () => run(wire, true));
  });
}
