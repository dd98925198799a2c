// SPDX-License-Identifier: MIT
// The servers of the bench: how each is started, and what has to be there for it (prepare.mjs).
// All of them do the same (apps/app.lua says what) with default options, but for the floors, which
// speak raw WebSocket and stand for what no server can go below.
import path from "node:path";

export const here = path.dirname(new URL(import.meta.url).pathname);
export const root = path.dirname(here);
export const built = `${root}/build/bench`;

// Until what runs often is compiled; a server that is compiled before only makes room.
const WARM_S = 0.3;
const COMPILES = { warmSeconds: 1.5 };

const arch = process.arch === "arm64" ? "aarch64" : process.arch;
const bun = `${here}/node_modules/@oven/bun-linux-${arch}/bin/bun`;

const lua = {
  LUA_PATH: `${root}/lua/?.lua;${root}/lua/?/init.lua;;`,
  LUA_CPATH: `${root}/lua/?.so;;`,
};

const ours = (app) => ({ kind: "ours", command: ["lua5.4", `${here}/apps/${app}.lua`], env: lua });
const node = (app, more) => ({
  kind: "peer",
  needs: "npm",
  command: ["node", `${here}/peers/${app}.mjs`],
  ...COMPILES,
  ...more,
});
const floor = (...args) => ({ kind: "floor", needs: "c", command: [`${built}/floor`, ...args] });

export const servers = {
  "sio-lua": { ...ours("app"), about: "one process, handlers are closures of each socket" },
  "sio-lua-ns": { ...ours("namespace"), about: "the same with the namespace's handlers" },
  "sio-lua-one": { ...ours("closure"), about: "sockets with one closure each" },
  "node-ws": node("ws", { about: "socket.io with ws, as npm installs it" }),
  bun: {
    ...node("bun", { command: [bun, `${here}/peers/bun.mjs`] }),
    needs: "bun",
    about: "socket.io on @socket.io/bun-engine",
  },
  "node-eiows": node("eiows", {
    needs: "eiows",
    env: { BENCH_EIOWS: `${built}/eiows` },
    about: "socket.io on the C++ engine eiows",
  }),
  socketioxide: {
    kind: "peer",
    needs: "rust",
    command: [`${built}/rust/target/release/peer`],
    about: "socketioxide on axum (Rust)",
  },
  go: {
    kind: "peer",
    needs: "go",
    command: [`${built}/go/peer`],
    about: "zishang520/socket.io (Go)",
  },
  python: {
    kind: "peer",
    needs: "python",
    command: [`${built}/python/bin/python`, `${here}/peers/python/app.py`],
    about: "python-socketio on uvicorn with uvloop",
  },
  floor: { ...floor(), about: "bare epoll, one write a message; no protocol but the frame" },
  "floor-batch": { ...floor("--batch"), about: "the floor, one write a connection and loop turn" },
};

function workers(app, n) {
  return {
    kind: "ours",
    workers: n,
    command: [`${root}/bin/sio-lua`, `${here}/apps/${app}.lua`, "--workers", String(n)],
  };
}

// N workers of ours and of the official cluster adapter behind its sticky primary.
for (const n of [1, 2, 4, 8]) {
  servers[`sio-lua x${n}`] = workers("app", n);
  servers[`node-cluster x${n}`] = node("cluster", { workers: n, env: { WORKERS: String(n) } });
}
// As many as hold 100,000 connections where one process may have 20,000 descriptors.
servers["sio-lua-ns x6"] = workers("namespace", 6);
servers["sio-lua-one x6"] = workers("closure", 6);

export const warmSeconds = (name) => servers[name].warmSeconds ?? WARM_S;
export const isPeer = (name) => servers[name].kind === "peer" && !servers[name].workers;
