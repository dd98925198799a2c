// SPDX-License-Identifier: MIT
// A Socket.IO client of our own: the engine of spec/support, the official parser, recovery and
// reconnection as the official client does them. It has the same face as official_client.mjs.
//
// Face: `connected`; call(event, ...arguments) resolves with ["ok", answer] or ["info", why] when
// nobody knows whether it was done; slow(yes) reads in bursts; close(). Events: onConnect(sid,
// recovered), onDisconnect(reason), onMessage(payload, offset).

import { Decoder, Encoder, PacketType } from "socket.io-parser";
import { RawEngine } from "../support/raw_engine.js";

const callLimitMs = 5000;
const leastDelayMs = 200;
const mostDelayMs = 1000;
const sipMs = { pause: 400, read: 100 };

export class RawClient {
  constructor(port, mode, events, { encrypted = false } = {}) {
    Object.assign(this, { port, mode, events, encrypted, connected: false });
    this.calls = new Map();
    this.lastCall = 0;
    this.encoder = new Encoder();
    this.open();
  }

  open() {
    this.decoder = new Decoder();
    this.decoder.on("decoded", (packet) => this.onPacket(packet));
    this.engine = new RawEngine(this.port, this.mode, {
      onOpen: () => this.engineOpened(),
      onPacket: (packet) => this.decode(packet),
      onClose: (reason) => this.engineClosed(reason),
    }, { encrypted: this.encrypted });
  }

  engineOpened() {
    const auth = this.pid ? { pid: this.pid, offset: this.offset } : undefined;
    this.send({ type: PacketType.CONNECT, nsp: "/", data: auth });
  }

  send(packet) {
    for (const part of this.encoder.encode(packet)) this.engine.send(part);
  }

  decode(packet) {
    try {
      this.decoder.add(packet);
    } catch (error) {
      this.engine.close(`parse error: ${error.message}`);
    }
  }

  onPacket({ type, data, id }) {
    if (type === PacketType.CONNECT) {
      const recovered = this.pid !== undefined && this.pid === data.pid;
      if (!recovered) this.offset = undefined;
      this.pid = data.pid;
      this.connected = true;
      this.events.onConnect(data.sid, recovered);
    } else if (type === PacketType.EVENT || type === PacketType.BINARY_EVENT) {
      const [, payload, offset] = data;
      if (typeof offset === "string") this.offset = offset;
      this.events.onMessage(payload, offset);
    } else if (type === PacketType.ACK || type === PacketType.BINARY_ACK) {
      this.calls.get(id)?.(["ok", data[0]]);
    } else {
      this.engine.close(`packet ${type}`);
    }
  }

  engineClosed(reason) {
    this.decoder.destroy();
    for (const settle of [...this.calls.values()]) settle(["info", "disconnected"]);
    if (this.connected) {
      this.connected = false;
      this.events.onDisconnect(reason);
    }
    if (this.closed) return;
    const delayMs = leastDelayMs + Math.random() * (mostDelayMs - leastDelayMs);
    this.again = setTimeout(() => this.open(), delayMs);
  }

  call(event, ...args) {
    return new Promise((resolve) => {
      const id = this.lastCall++;
      const settle = (outcome) => {
        clearTimeout(timer);
        this.calls.delete(id);
        resolve(outcome);
      };
      const timer = setTimeout(() => settle(["info", "timeout"]), callLimitMs);
      this.calls.set(id, settle);
      const type = PacketType.EVENT;
      this.send({ type, nsp: "/", data: [event, ...args], id, options: {} });
    });
  }

  // From now on it reads for a short while and then not, or as usual again.
  slow(yes) {
    clearTimeout(this.sipping);
    const sip = (reading) => {
      const socket = this.engine.transport.ws?.socket;
      if (reading) socket?.resume();
      else socket?.pause();
      this.sipping = setTimeout(() => sip(!reading), reading ? sipMs.read : sipMs.pause);
    };
    if (yes) sip(false);
    else this.engine.transport.ws?.socket.resume();
  }

  close() {
    this.closed = true;
    clearTimeout(this.again);
    clearTimeout(this.sipping);
    this.engine.close("done");
  }
}
