// SPDX-License-Identifier: MIT
// The blocks of the guide as guide_blocks.lua prints them: page, section, line, lang, text, app.

import { execFileSync } from "node:child_process";
import { rootFile } from "./server.js";

export function guideBlocks() {
  const options = { cwd: rootFile("."), maxBuffer: 1e8 };
  return JSON.parse(execFileSync("lua5.4", ["spec/support/guide_blocks.lua"], options));
}
