// SPDX-License-Identifier: MIT
// The real proxies that examples/behind has files for. Each is started in the foreground with the
// example's own file, in which only the ports and the places for its own files are others: what is
// shipped is what is tried. It ends by its pid.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, chmodSync, constants, mkdtempSync, readFileSync } from "node:fs";
import { rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { freePort } from "./http.js";
import { childrenOf, isAlive, rootFile } from "./server.js";
import { eventually } from "./wait.js";

const stopLimitMs = 500;

// The first of these commands that there is; sbin is not in everybody's PATH.
export function commandOf(...names) {
  for (const name of names) {
    for (const dir of [...(process.env.PATH ?? "").split(":"), "/usr/sbin", "/usr/local/sbin"]) {
      try {
        accessSync(path.join(dir, name), constants.X_OK);
        return path.join(dir, name);
      } catch {
        // not here
      }
    }
  }
}

const modules = ["/usr/lib/apache2", "/usr/lib64/httpd", "/etc/httpd"]; // with "modules" in them
const hasModules = (dir) => {
  try {
    accessSync(path.join(dir, "modules"));
    return true;
  } catch {
    return false;
  }
};

const nginxPlaces = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];

const kinds = {
  nginx: {
    command: commandOf("nginx"),
    listens: /listen 80;/g,
    places: (text, dir) => {
      const lines = nginxPlaces.map((name) => `${name}_temp_path ${dir}/${name};`).join(" ");
      return text.replace("http {", `http { access_log ${dir}/access.log; ${lines}`);
    },
    args: (file, dir) => [
      ...["-p", dir, "-c", file, "-e", `${dir}/error.log`],
      ...["-g", `daemon off; pid ${dir}/nginx.pid;`],
    ],
    says: (port) => `listen 127.0.0.1:${port};`,
  },
  haproxy: {
    command: commandOf("haproxy"),
    listens: /bind :80/g,
    args: (file) => ["-db", "-f", file],
    says: (port) => `bind 127.0.0.1:${port}`,
  },
  apache: {
    command: commandOf("apache2", "httpd"),
    listens: /^Listen 80$/gm,
    args: (file, dir) => [
      ...["-d", modules.find(hasModules) ?? "/etc/httpd", "-f", file, "-DFOREGROUND"],
      ...["-c", `PidFile ${dir}/httpd.pid`, "-c", `ErrorLog ${dir}/error.log`],
      ...["-C", `DefaultRuntimeDir ${dir}`, "-C", `Mutex file:${dir} default`],
    ],
    says: (port) => `Listen 127.0.0.1:${port}`,
  },
};

// Why a kind of proxy cannot be tried here; false when it can.
export const missing = (kind) => !kinds[kind].command && `${kind} is not installed`;

function accepts(port) {
  return new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1");
    socket.on("connect", () => resolve(true));
    socket.on("error", () => resolve(false));
    socket.on("connect", () => socket.destroy());
  });
}

// Every occurrence of `what`, of which there has to be one.
function replaceAll(text, what, by, file) {
  const replaced = text.replace(what, by);
  if (replaced === text) throw new Error(`${file} has no ${what}`);
  return replaced;
}

export class Proxy {
  // `file`: below examples/behind. `ports`: the example's ports of servers, and what they are here.
  // `edit`: changes that a test makes to the example, as [what, by].
  static async start(file, { ports, edit = [] }) {
    const proxy = new Proxy();
    const kind = kinds[file.split("/")[0]];
    proxy.folder = mkdtempSync(path.join(tmpdir(), "sio-behind-"));
    chmodSync(proxy.folder, 0o755); // for the user that a proxy becomes
    proxy.port = await freePort();
    proxy.url = `http://127.0.0.1:${proxy.port}`;
    let text = readFileSync(rootFile(`examples/behind/${file}`), "utf8");
    for (const [what, by] of edit) text = replaceAll(text, what, by, file);
    text = replaceAll(text, kind.listens, kind.says(proxy.port), file);
    for (const [from, to] of Object.entries(ports)) {
      text = replaceAll(text, RegExp(`127\\.0\\.0\\.1:${from}\\b`, "g"), `127.0.0.1:${to}`, file);
    }
    if (kind.places) text = kind.places(text, proxy.folder);
    const config = path.join(proxy.folder, path.basename(file));
    writeFileSync(config, text);
    await proxy.run(kind.command, kind.args(config, proxy.folder));
    return proxy;
  }

  async run(command, args) {
    this.output = "";
    this.child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
    this.exited = once(this.child, "exit");
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.setEncoding("utf8").on("data", (data) => {
        this.output += data;
        if (process.env.SIO_SHOW) process.stderr.write(data);
      });
    }
    await eventually(`${path.basename(command)} listens`, () => {
      if (this.child.exitCode !== null) throw new Error(`it ended:\n${this.output}${this.log()}`);
      return accepts(this.port);
    });
  }

  // What it has written to its own log.
  log() {
    try {
      return readFileSync(path.join(this.folder, "error.log"), "utf8");
    } catch {
      return "";
    }
  }

  async stop() {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      this.child.kill("SIGTERM");
      // Some wait for what their children have in hand.
      const late = setTimeout(() => {
        const pids = [...childrenOf(this.child.pid), this.child.pid];
        for (const pid of pids.filter(isAlive)) process.kill(pid, "SIGKILL");
      }, stopLimitMs);
      await this.exited;
      clearTimeout(late);
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}
