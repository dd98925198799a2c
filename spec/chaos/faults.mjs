// SPDX-License-Identifier: MIT
// The faults, by name. begin(world) makes it and may answer what the history should know of it;
// end(world), where there is one, takes it back. A world has server, proxy, random,
// descriptorLimit and pickWorker().

import { execFileSync } from "node:child_process";
import { openDescriptors } from "./vitals.mjs";

const half = 0.5;
const spareDescriptors = 4;

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
    execFileSync("prlimit", ["--pid", String(pid), `--nofile=${limit}`], { stdio: "pipe" });
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

  "end a worker": { begin: toWorker("SIGTERM") },

  "reload": { begin: ({ server }) => signal(server.pid, "SIGHUP") },

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
      limitDescriptors(pid, `${open + spareDescriptors}:`);
      for (const pair of proxy.some(half, random)) pair.cut();
      return { pid, open };
    },
    end: ({ descriptorLimit }, { pid }) => limitDescriptors(pid, `${descriptorLimit}:`),
  },
};
