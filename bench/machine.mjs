// SPDX-License-Identifier: MIT
// Where and with what a run was made: as much as one needs to run it again. And what it cannot be
// made with here.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import os from "node:os";
import { built, here, root, servers } from "./servers.mjs";

// The first line that a command prints, or undefined where it is not there.
function said(command, ...args) {
  try {
    const options = { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] };
    return execFileSync(command, args, options).trim().split("\n")[0];
  } catch {
    return undefined;
  }
}

function npm(name) {
  const file = `${here}/node_modules/${name}/package.json`;
  return existsSync(file) ? `${name} ${JSON.parse(readFileSync(file, "utf8")).version}` : undefined;
}

function pinned(file, pattern) {
  const match = readFileSync(`${here}/peers/${file}`, "utf8").match(pattern);
  return match?.slice(1).join(" ");
}

function versions() {
  const bun = servers.bun.command[0];
  return [
    said("lua5.4", "-v")?.split("  ")[0],
    `libuv ${said("pkg-config", "--modversion", "libuv")}`,
    said("cc", "--version"),
    `${said("openssl", "version")?.split(" (")[0]}; TLS 1.3, TLS_AES_256_GCM_SHA384 with everybody`,
    `Node ${process.version}, OpenSSL ${process.versions.openssl}`,
    ...["socket.io", "engine.io", "ws", "@socket.io/cluster-adapter", "@socket.io/sticky"].map(npm),
    existsSync(bun) && `Bun ${said(bun, "--version")}`,
    npm("@socket.io/bun-engine"),
    said("rustc", "--version"),
    pinned("rust/Cargo.toml", /(socketioxide) = "=([^"]+)"/),
    said("go", "version")?.replace("go version ", ""),
    pinned("go/go.mod", /(zishang520\/socket.io\/servers\/socket\/v3) (\S+)/),
    said(`${built}/python/bin/python`, "--version"),
    pinned("python/requirements.txt", /(python-socketio)==(\S+)/),
    pinned("python/requirements.txt", /(uvicorn)==(\S+)/),
  ].filter(Boolean);
}

// Why what needs so much cannot be measured here, or undefined. run.sh has raised the limit.
export function lacking({ descriptors = 0, freeBytes = 0 } = {}) {
  const [, limit] = readFileSync("/proc/self/limits", "utf8").match(/Max open files +(\S+)/);
  if (Number(limit) < descriptors)
    return `a process may have ${limit} descriptors, it needs ${descriptors}`;
  const gigabytes = (bytes) => `${(bytes / 1e9).toFixed(1)} GB`;
  if (os.freemem() >= freeBytes) return undefined;
  return `${gigabytes(os.freemem())} of memory are free, it needs ${gigabytes(freeBytes)}`;
}

// But for what a run writes itself.
const SOURCES = [".", ":!bench/RESULTS.md", ":!bench/plots", ":!README.md"];

export function machine() {
  const changes = said("git", "status", "--porcelain", "--untracked-files=no", "--", ...SOURCES);
  return {
    date: new Date().toISOString().slice(0, 16).replace("T", " "),
    commit: `${said("git", "rev-parse", "--short=12", "HEAD")}${changes ? " with changes" : ""}`,
    processor: `${os.cpus()[0].model}, ${os.cpus().length} cores`,
    memory: `${Math.round(os.totalmem() / 2 ** 30)} GiB`,
    kernel: `${os.type()} ${os.release()}`,
    versions: versions(),
  };
}
