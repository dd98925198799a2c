// SPDX-License-Identifier: MIT
// Installs and builds what the servers need, into build/bench/ and bench/node_modules. What cannot
// be had here is no error: the servers that need it are left out, and the reason is said.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { built, here, root, servers } from "./servers.mjs";

const LIMIT_MS = 10 * 60 * 1000;

// Each is a script for sh, in bench/; it is run again when it or what it reads has changed.
const recipes = {
  c: { script: `make -s -C '${root}' bench-bin`, always: true },
  npm: {
    script: "npm ci --no-audit --no-fund --loglevel=error",
    reads: ["package-lock.json"],
  },
  bun: { script: "node_modules/@oven/bun-linux-*/bin/bun --version", always: true },
  eiows: {
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

// "" or the last line of what went wrong.
function make(need) {
  const recipe = recipes[need];
  const [log, stamp] = [`${built}/${need}.log`, `${built}/${need}.stamp`];
  if (!recipe.always && existsSync(stamp) && readFileSync(stamp, "utf8") === key(recipe)) return "";
  const out = openSync(log, "w");
  const options = { cwd: here, stdio: ["ignore", out, out], timeout: LIMIT_MS };
  if (spawnSync("sh", ["-euc", recipe.script], options).status === 0) {
    writeFileSync(stamp, key(recipe));
    return "";
  }
  const lines = readFileSync(log, "utf8").trim().split("\n");
  const error = lines.find((line) => /error|not found|cannot/i.test(line)) ?? lines.at(-1);
  return `${recipe.why ?? (error.trim() || "not here")} (build/bench/${need}.log)`;
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
  for (const need of ["c", ...new Set(names.map((name) => servers[name].needs).filter(Boolean))]) {
    if (need in state) continue;
    process.stderr.write(`bench: preparing ${need}\n`);
    state[need] = make(need);
    if (state[need]) process.stderr.write(`bench: left out, ${need}: ${state[need]}\n`);
  }
  for (const name of names)
    if (state[servers[name].needs]) missing[name] = state[servers[name].needs];
  if (state.c) throw new Error(`the generator does not build: ${state.c}`);
  return missing;
}
