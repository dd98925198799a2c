// SPDX-License-Identifier: MIT
// Installs and builds what the servers need, into build/bench/ and bench/node_modules. What cannot
// be had here is no error: the servers that need it are left out, and the reason is said.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { built, here, root, servers } from "./servers.mjs";

const LIMIT_MS = 10 * 60 * 1000;

// Each is a script for sh, in bench/; it is run again when it or what it reads has changed. Those
// that are `slow` to fail do not try again until then, either.
const recipes = {
  c: { script: `make -s -C '${root}' bench-bin`, always: true },
  npm: {
    script: "npm ci --no-audit --no-fund --loglevel=error",
    reads: ["package-lock.json"],
  },
  bun: { script: `'${servers.bun.command[0]}' --version`, always: true, after: "npm" },
  eiows: {
    after: "npm",
    slow: true,
    script: `mkdir -p '${built}/eiows' && cd '${built}/eiows' && echo '{}' >package.json &&
      npm install --no-audit --no-fund --loglevel=error eiows@9.2.0 &&
      node -e 'require("eiows").Server'`,
    why: "it compiles against the sources of Node, which it clones from GitHub",
  },
  rust: {
    script: `command -v cargo && cp -r peers/rust '${built}/' && cd '${built}/rust' &&
      cargo build --release --quiet`,
    reads: ["peers/rust/Cargo.toml", "peers/rust/src/main.rs"],
  },
  go: {
    script: `command -v go && cd peers/go && go build -o '${built}/go/peer' .`,
    reads: ["peers/go/go.mod", "peers/go/main.go"],
  },
  python: {
    script: `python3 -m venv '${built}/python' && '${built}/python/bin/pip' install --quiet \
      --disable-pip-version-check -r peers/python/requirements.txt`,
    reads: ["peers/python/requirements.txt"],
  },
};

function key({ script, reads = [] }) {
  return [script, ...reads.map((file) => readFileSync(`${here}/${file}`, "utf8"))].join("\n");
}

const says = (file, text) => existsSync(file) && readFileSync(file, "utf8") === text;

function why(need, log) {
  const lines = readFileSync(log, "utf8").trim().split("\n");
  const error = lines.find((line) => /error|not found|cannot/i.test(line)) ?? lines.at(-1);
  return `${recipes[need].why ?? (error.trim() || "not here")} (build/bench/${need}.log)`;
}

// "" or the line that says best what went wrong.
function make(need) {
  const recipe = recipes[need];
  const [log, stamp, failed] = ["log", "stamp", "failed"].map((end) => `${built}/${need}.${end}`);
  if (!recipe.always && says(stamp, key(recipe))) return "";
  if (recipe.slow && says(failed, key(recipe)))
    return `${why(need, log)}; not tried again while build/bench/${need}.failed is there`;
  process.stderr.write(`bench: preparing ${need}\n`);
  const out = openSync(log, "w");
  const options = { cwd: here, stdio: ["ignore", out, out], timeout: LIMIT_MS };
  const done = spawnSync("sh", ["-euc", recipe.script], options).status === 0;
  writeFileSync(done ? stamp : failed, key(recipe));
  return done ? "" : why(need, log);
}

export function certificate() {
  const folder = `${built}/tls`;
  mkdirSync(folder, { recursive: true });
  if (existsSync(`${folder}/cert.pem`)) return;
  const request = "req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=localhost".split(" ");
  const files = ["-keyout", `${folder}/key.pem`, "-out", `${folder}/cert.pem`];
  execFileSync("openssl", [...request, ...files], { stdio: "ignore" });
}

// For each of these servers: undefined, or why it cannot be run.
export function prepare(names) {
  mkdirSync(built, { recursive: true });
  certificate();
  const missing = {};
  const state = {};
  const needs = names.map((name) => servers[name].needs).filter(Boolean);
  const before = needs.map((need) => recipes[need].after).filter(Boolean);
  for (const need of new Set(["c", ...before, ...needs])) {
    state[need] = make(need);
    if (state[need]) process.stderr.write(`bench: left out, ${need}: ${state[need]}\n`);
  }
  for (const name of names)
    if (state[servers[name].needs]) missing[name] = state[servers[name].needs];
  if (state.c) throw new Error(`the generator does not build: ${state.c}`);
  return missing;
}
