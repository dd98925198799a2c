// SPDX-License-Identifier: MIT
// A client of apps/ws_echo.lua that stays while others are hurt: it hears how each session ended,
// and shows that the server still serves.

import assert from "node:assert/strict";
import { RawWebSocket, frame, op } from "./raw_websocket.js";

export const target = "/engine.io/?EIO=4&transport=websocket";

// A WebSocket session behind its open packet.
export async function openSession(port, options) {
  const ws = await RawWebSocket.open(port, target, options);
  const open = await ws.text();
  assert.equal(open[0], "0", open);
  ws.sid = JSON.parse(open.slice(1)).sid;
  return ws;
}

// The next packet that is no ping; pings are answered.
export async function nextPacket(ws) {
  for (;;) {
    const packet = await ws.text();
    if (packet !== "2") return packet;
    await ws.write(frame(op.text, "3"));
  }
}

export class Witness {
  static async open(port, options) {
    const witness = new Witness();
    witness.ws = await openSession(port, options);
    await witness.ws.write(frame(op.text, "4watch"));
    assert.equal(await witness.ws.text(), "4watching");
    return witness;
  }

  // The next session's end: "reason" or "reason/detail".
  async told() {
    return (await nextPacket(this.ws)).slice(1);
  }

  // The server answers, and has nothing else to tell.
  async served() {
    await this.ws.write(frame(op.text, "4are you there"));
    assert.equal(await nextPacket(this.ws), "4are you there");
  }

  close() {
    this.ws.destroy();
  }
}
