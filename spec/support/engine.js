// SPDX-License-Identifier: MIT
// Servers of apps/engine.lua, one for each set of options, and official Engine.IO clients of them.

import { after, afterEach, before, describe, it } from "node:test";
import { Socket } from "engine.io-client";
import { trustOf } from "./certificate.js";
import { request } from "./http.js";
import { startServer } from "./server.js";
import { Inbox, nextEvent } from "./wait.js";

export const polling = ["polling"];
export const websocket = ["websocket"];
export const both = ["polling", "websocket"];

export class Engine {
  // `proof`: the certificate and key with which its clients show who they are; `how` is
  // startServer's.
  static async start(options = {}, { proof, ...how } = {}) {
    const env = { ENGINE: JSON.stringify(options) };
    const always = { ...proof, path: options.path ?? "/engine.io" };
    const engine = new Engine(await startServer("engine", { env, ...how }), always);
    const transports = options.transports ?? websocket;
    engine.witness = await engine.open(transports, { watch: "1", id: "w" }).catch(async (error) => {
      await engine.stop(); // else it would keep this process waiting
      throw error;
    });
    return engine;
  }

  // `always`: options of all its clients.
  constructor(server, always = {}) {
    this.server = server;
    this.always = always;
    this.sockets = [];
    this.marks = 0;
  }

  // A client that is opening. Its messages are in `inbox`, why it closed is `closed`.
  client(transports, query = {}, options = {}) {
    const trusted = { ...trustOf(this.server.url), ...this.always };
    const socket = new Socket(this.server.url, { transports, query, ...trusted, ...options });
    this.sockets.push(socket);
    socket.inbox = new Inbox(socket, "message");
    socket.closed = nextEvent(socket, "close", 30000).then(([why]) => why);
    socket.closed.catch(() => {});
    socket.on("error", () => {}); // "close" follows
    return socket;
  }

  async open(transports, query, options) {
    const socket = this.client(transports, query, options);
    const closed = socket.closed.then((why) => {
      throw new Error(`closed instead of open: ${why}`);
    });
    closed.catch(() => {});
    await Promise.race([nextEvent(socket, "open"), closed]);
    return socket;
  }

  async upgraded(query) {
    const socket = await this.open(both, query);
    if (socket.transport.name !== "websocket") await nextEvent(socket, "upgrade");
    return socket;
  }

  // The answer to a request of the engine's path.
  ask(query, options) {
    const text = new URLSearchParams(query).toString();
    return request(`${this.server.url}/engine.io/?${text}`, options);
  }

  // All that the server has said of `name`'s events of one kind, from the beginning.
  said(name, kind) {
    const events = this.witness.inbox.items.filter((text) => text[0] === "[");
    return events.map((text) => JSON.parse(text))
      .filter(([who, what]) => who === name && what === kind).map(([, , ...rest]) => rest);
  }

  // The first of them.
  async told(name, kind) {
    while (this.said(name, kind).length === 0) {
      await this.witness.inbox.until(this.witness.inbox.items.length + 1);
    }
    return this.said(name, kind)[0];
  }

  // All of them, when the server has nothing more to say.
  async all(name, kind) {
    const mark = `mark ${(this.marks += 1)}`;
    this.witness.send(mark);
    while (!this.witness.inbox.items.includes(mark)) {
      await this.witness.inbox.until(this.witness.inbox.items.length + 1);
    }
    return this.said(name, kind);
  }

  closeClients() {
    for (const socket of this.sockets) if (socket !== this.witness) socket.close();
  }

  async stop() {
    for (const socket of this.sockets) socket.close();
    await this.server.stop();
  }
}

// Tests on one server: tests = { what must hold: async (engine) => ... }
export function withEngine(name, options, tests) {
  describe(name, { timeout: 60000 }, () => {
    let engine;
    before(async () => (engine = await Engine.start(options)));
    afterEach(() => engine?.closeClients());
    after(() => engine?.stop());
    for (const [what, run] of Object.entries(tests)) it(what, () => run(engine));
  });
}
