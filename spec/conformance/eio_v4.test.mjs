// SPDX-License-Identifier: MIT
// Engine.IO v4: the official suite's 25 cases (see engine_cases.js) against raw Engine.IO.

import assert from "node:assert/strict";
import { engineCases } from "./engine_cases.js";
import { everywhere } from "./places.js";

const cases = engineCases(true);
assert.equal(cases.length, 25);

everywhere("Engine.IO v4", { app: "eio_echo", path: "/engine.io/", argument: true }, cases);
