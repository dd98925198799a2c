// SPDX-License-Identifier: MIT
// Several servers that know nothing of each other, each with a name and a port of its own, as
// balancers have them: examples/behind/app.lua. One may be killed and come back on its port.

import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { rootFile, startServer } from "./server.js";

const names = ["one", "two", "three"];

export class Instances {
  static async start({ env = {} } = {}) {
    const instances = new Instances();
    instances.env = env;
    instances.folder = mkdtempSync(path.join(tmpdir(), "sio-instances-"));
    cpSync(rootFile("examples/behind/app.lua"), path.join(instances.folder, "app.lua"));
    const page = path.join(instances.folder, "public");
    cpSync(rootFile("examples/behind/public"), page, { recursive: true });
    instances.servers = {};
    await Promise.all(names.map((name) => instances.open(name, 0)));
    return instances;
  }

  async open(name, port) {
    this.servers[name] = await startServer(path.join(this.folder, "app.lua"), {
      bind: [`127.0.0.1:${port}`],
      cwd: this.folder,
      env: { SIO_NAME: name, ...this.env },
    });
  }

  // The ports by those of the examples.
  get ports() {
    return Object.fromEntries(names.map((name, i) => [3001 + i, this.servers[name].port]));
  }

  kill(name) {
    const server = this.servers[name];
    for (const pid of [server.pid, ...server.workerPids()]) process.kill(pid, "SIGKILL");
    server.stopped = true;
  }

  // After kill, on the same port.
  async revive(name) {
    await this.servers[name].exited;
    await this.open(name, this.servers[name].port);
  }

  // As app.lua has it: its health check says that it is taken out.
  takeOut(name) {
    writeFileSync(path.join(this.folder, `off-${name}`), "");
  }

  takeBack(name) {
    rmSync(path.join(this.folder, `off-${name}`));
  }

  async stop() {
    await Promise.all(Object.values(this.servers).map((server) => server.stop()));
    rmSync(this.folder, { recursive: true, force: true });
  }
}
