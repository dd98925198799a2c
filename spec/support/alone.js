// SPDX-License-Identifier: MIT
// Runs an app of spec/support/apps under plain Lua, without sio-lua: the loop is in its process.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { eventually } from "./wait.js";
import { appFile, preload, rootFile } from "./server.js";

export const luaEnv = {
  LUA_PATH: `${rootFile("lua/?.lua")};${rootFile("lua/?/init.lua")};;`,
  LUA_CPATH: `${rootFile("lua/?.so")};;`,
};

const banner = /^sio-lua \S+ ((?: \S+:\S+ )+) 1 worker/gm;

// Resolves once `servers` of them listen. `url` is the first one's; `exited` resolves with
// [code, signal].
export async function startAlone(app, { servers = 1, env = {} } = {}) {
  const child = spawn("lua5.4", [appFile(app)], {
    env: { ...process.env, ...preload, ...luaEnv, ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const server = { child, output: "", exited: once(child, "close") };
  child.stderr.setEncoding("utf8").on("data", (text) => (server.output += text));
  const banners = await eventually("a banner", () => {
    if (child.exitCode !== null) throw new Error(`ended:\n${server.output}`);
    const found = [...server.output.matchAll(banner)];
    return found.length >= servers && found;
  });
  server.urls = banners.flatMap((match) => match[1].trim().split(/ +/));
  server.url = server.urls[0];
  server.stop = () => child.exitCode === null && child.signalCode === null && child.kill("SIGKILL");
  return server;
}
