// SPDX-License-Identifier: MIT
// The faults, by name. begin(world) makes it and may answer what the history should know of it, and
// `over`, a promise for what it sets off; end(world, …), where there is one, takes it back.
//
// A world has server, proxy, random, pickWorker(), and hears(text, limitMs), which resolves when
// the server says so, or when it is time to go on without it.

import { execFileSync } from "node:child_process";
import { descriptorLimit, openDescriptors } from "./vitals.mjs";

const half = 0.5;
const fewerDescriptors = 4; // than are open
const drainLimitMs = 5000;
const reloadLimitMs = 20000;

// Who is gone already has had its fault.
function signal(pid, name) {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
  }
}

function limitDescriptors(pid, limit) {
  try {
    execFileSync("prlimit", ["--pid", String(pid), `--nofile=${limit}:`], { stdio: "pipe" });
  } catch (error) {
    if (!/No such process/.test(error.stderr)) throw error;
  }
}

function toWorker(name) {
  return ({ pickWorker }) => {
    const pid = pickWorker();
    signal(pid, name);
    return { pid };
  };
}

export const faults = {
  "kill a worker": { begin: toWorker("SIGKILL") },

  "stop a worker": {
    seconds: 3,
    begin: toWorker("SIGSTOP"),
    end: (_, { pid }) => signal(pid, "SIGCONT"),
  },

  "end a worker": {
    begin: ({ pickWorker, hears }) => {
      const pid = pickWorker();
      signal(pid, "SIGTERM");
      return { pid, over: hears(`(pid ${pid}) `, drainLimitMs) };
    },
  },

  "reload": {
    begin: ({ server, hears }) => {
      signal(server.pid, "SIGHUP");
      return { over: hears("reloaded", reloadLimitMs) };
    },
  },

  "one more": {
    begin: ({ server }) => void signal(server.pid, "SIGTTIN"),
    end: ({ server, hears }) => {
      signal(server.pid, "SIGTTOU");
      return hears("exited with status 0", drainLimitMs);
    },
  },

  "reset half": {
    begin: ({ proxy, random }) => {
      const pairs = proxy.some(half, random);
      for (const pair of pairs) pair.cut();
      return { connections: pairs.length };
    },
  },

  "half-open": {
    seconds: 5,
    begin: ({ proxy, random }) => {
      const pairs = proxy.some(half, random);
      for (const pair of pairs) pair.silence();
      return { connections: pairs.length };
    },
  },

  "single bytes": {
    begin: ({ proxy }) => void (proxy.byteWise = true),
    end: ({ proxy }) => void (proxy.byteWise = false),
  },

  "delay": {
    begin: ({ proxy }) => void (proxy.delayMs = 200),
    end: ({ proxy }) => void (proxy.delayMs = 0),
  },

  // Some have to come back while there are few.
  "few descriptors": {
    begin: ({ pickWorker, proxy, random }) => {
      const pid = pickWorker();
      const open = openDescriptors(pid);
      const limit = descriptorLimit(pid);
      limitDescriptors(pid, open - fewerDescriptors);
      for (const pair of proxy.some(half, random)) pair.cut();
      return { pid, open, limit };
    },
    end: (_, { pid, limit }) => limitDescriptors(pid, limit),
  },
};
