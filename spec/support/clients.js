// SPDX-License-Identifier: MIT
// Official clients for the tests: each on a connection of its own, closed when the test file is
// done.

import { io } from "socket.io-client";
import { trustOf } from "./certificate.js";
import { nextEvent } from "./wait.js";

export const transports = {
  polling: ["polling"],
  websocket: ["websocket"],
  upgrade: ["polling", "websocket"],
};

// The clients of one test file. `mishaps` collects every error that a test did not ask for.
export class Clients {
  constructor(url) {
    this.url = url;
    this.all = [];
    this.mishaps = [];
  }

  // A client that is not connected yet.
  make(mode = "upgrade", { namespace = "/", ...options } = {}) {
    const socket = io(this.url + namespace, {
      transports: transports[mode],
      forceNew: true,
      reconnectionDelay: 50,
      reconnectionDelayMax: 200,
      ...trustOf(this.url),
      ...options,
    });
    this.all.push(socket);
    return socket;
  }

  // A client that is connected, and upgraded when its mode says so.
  async connect(mode = "upgrade", options = {}) {
    const socket = this.make(mode, options);
    const note = (what) => (error) => {
      this.mishaps.push(`${mode} ${what}: ${error?.message ?? error}`);
    };
    socket.on("connect_error", note("connect_error"));
    socket.io.on("error", note("error"));
    socket.io.engine?.on("upgradeError", note("upgradeError"));
    await Promise.all([socket.connected || nextEvent(socket, "connect"), upgraded(socket, mode)]);
    return socket;
  }

  close() {
    for (const socket of this.all) {
      socket.disconnect();
      socket.io.reconnection(false); // other namespaces may hold the connection
      socket.io.engine?.close();
    }
    this.all = [];
  }
}

export async function upgraded(socket, mode) {
  if (mode !== "upgrade") return;
  const { engine } = socket.io;
  if (engine.transport.name !== "websocket") await nextEvent(engine, "upgrade");
}

// The answer to an event from a client whose connection may end meanwhile, or has ended without
// its knowing yet: the question goes with it, and is asked again on the next one.
export async function persist(socket, ...event) {
  for (let tries = 1; ; tries++) {
    try {
      return await socket.timeout(10000).emitWithAck(...event);
    } catch (error) {
      if (tries === 5 || socket.connected) throw error;
    }
    await nextEvent(socket, "connect");
  }
}
