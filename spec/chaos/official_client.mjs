// SPDX-License-Identifier: MIT
// The official client behind the face that raw_client.mjs describes.

import { io } from "socket.io-client";
import { transports } from "../support/clients.js";

const callLimitMs = 5000;

export class OfficialClient {
  constructor(port, mode, events, { encrypted = false } = {}) {
    this.socket = io(`${encrypted ? "https" : "http"}://127.0.0.1:${port}`, {
      rejectUnauthorized: false, // the certificate is for "localhost"
      transports: transports[mode],
      forceNew: true,
      reconnectionDelay: 200,
      reconnectionDelayMax: 1000,
      timeout: 3000,
    });
    const { socket } = this;
    socket.on("connect", () => events.onConnect(socket.id, socket.recovered));
    socket.on("disconnect", (reason) => events.onDisconnect(reason));
    // What came before a CONNECT that never came would be told twice: it has not moved the offset.
    socket.io.on("close", () => (socket.receiveBuffer = []));
    socket.on("m", (payload, offset) => events.onMessage(payload, offset));
  }

  get connected() {
    return this.socket.connected;
  }

  call(event, ...args) {
    return new Promise((resolve) => {
      this.socket.timeout(callLimitMs).emit(event, ...args, (error, answer) => {
        resolve(error ? ["info", error.message] : ["ok", answer]);
      });
    });
  }

  close() {
    this.socket.disconnect();
  }
}
