// SPDX-License-Identifier: MIT
// An Engine.IO client of our own for tests that want many of them, or their sockets: polling,
// WebSocket (raw_websocket.js, which forgives nothing) and the upgrade from one to the other.
// Packets are texts without their type, and Buffers.

import http from "node:http";
import https from "node:https";
import { frame, op, RawWebSocket } from "./raw_websocket.js";

const separator = "\x1e";
const openLimitMs = 3000;
const target = (transport, sid) =>
  `/socket.io/?EIO=4&transport=${transport}${sid ? `&sid=${sid}` : ""}`;

class Polling {
  constructor(engine) {
    this.engine = engine;
    this.http = engine.encrypted ? https : http;
    this.agent = new this.http.Agent({ keepAlive: true, maxSockets: 2 });
    this.queue = [];
    this.posting = false;
  }

  async open() {
    const [opened, ...rest] = await this.get();
    this.engine.opened(JSON.parse(opened.slice(1)));
    for (const packet of rest) this.engine.take(packet);
    this.ended = this.poll();
  }

  // One GET after another until `stopped`, or the engine is closed.
  async poll() {
    try {
      while (!this.stopped && !this.engine.isClosed) {
        for (const packet of await this.get()) this.engine.take(packet);
      }
    } catch (error) {
      this.engine.close(error.message);
    }
  }

  async get() {
    const text = await this.request("GET");
    return text.split(separator).map((packet) =>
      packet[0] === "b" ? Buffer.from(packet.slice(1), "base64") : packet);
  }

  request(method, body) {
    return new Promise((resolve, reject) => {
      const headers = body === undefined ? {} : {
        "Content-Type": "text/plain;charset=UTF-8", "Content-Length": Buffer.byteLength(body),
      };
      const { port, sid } = this.engine;
      const path = target("polling", sid);
      const { agent } = this;
      const where = { agent, port, host: "127.0.0.1", rejectUnauthorized: false };
      const req = this.http.request({ ...where, method, path, headers }, (res) => {
        const chunks = [];
        res.on("data", (chunk) => chunks.push(chunk));
        res.on("error", reject);
        res.on("end", () => {
          const text = Buffer.concat(chunks).toString("utf8");
          if (res.statusCode === 200) resolve(text);
          else reject(new Error(`${method} ${res.statusCode} ${text.slice(0, 100)}`));
        });
      });
      req.on("error", reject);
      req.end(body);
    });
  }

  send(packet) {
    this.queue.push(typeof packet === "string" ? packet : `b${packet.toString("base64")}`);
    this.flush();
  }

  async flush() {
    if (this.posting || this.held) return;
    this.posting = true;
    try {
      while (this.queue.length > 0) {
        await this.request("POST", this.queue.splice(0).join(separator));
      }
    } catch (error) {
      this.engine.close(error.message);
    }
    this.posting = false;
    this.whenFlushed?.();
  }

  // Sends nothing more, and ends with the GET that is under way.
  async pause() {
    this.stopped = this.held = true;
    if (this.posting) await new Promise((resolve) => (this.whenFlushed = resolve));
    await this.ended;
  }

  destroy() {
    this.agent.destroy();
  }
}

class WebSocket {
  constructor(engine) {
    this.engine = engine;
  }

  async connect() {
    const { port, sid, encrypted } = this.engine;
    this.ws = await RawWebSocket.open(port, target("websocket", sid), { encrypted });
    if (this.engine.isClosed) this.ws.destroy();
  }

  async open() {
    await this.connect();
    this.engine.opened(JSON.parse((await this.ws.text()).slice(1)));
    this.read();
  }

  async read() {
    try {
      while (!this.engine.isClosed) {
        const { op: opcode, data } = await this.ws.frame();
        if (opcode === op.text) this.engine.take(data.toString("utf8"));
        else if (opcode === op.binary) this.engine.take(data);
        else if (opcode === op.close) throw new Error("close frame");
      }
    } catch (error) {
      this.engine.close(error.message);
    }
  }

  send(packet) {
    const text = typeof packet === "string";
    this.ws.socket.write(frame(text ? op.text : op.binary, packet));
  }

  destroy() {
    this.ws?.destroy();
  }
}

export class RawEngine {
  // `mode`: "polling", "websocket" or "upgrade". `events`: onOpen(), onPacket(packet) for the
  // messages, onClose(reason) once. `encrypted`: over TLS.
  constructor(port, mode, events, { encrypted = false } = {}) {
    Object.assign(this, { port, mode, events, encrypted, isClosed: false });
    this.transport = mode === "websocket" ? new WebSocket(this) : new Polling(this);
    this.timer = setTimeout(() => this.close("no open packet"), openLimitMs);
    this.transport.open().catch((error) => this.close(error.message));
  }

  opened({ sid, pingInterval, pingTimeout }) {
    if (this.isClosed) return;
    this.sid = sid;
    this.silenceMs = pingInterval + pingTimeout;
    this.expectPing();
    this.events.onOpen();
    if (this.mode === "upgrade") this.upgrade().catch((error) => this.close(error.message));
  }

  expectPing() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.close("ping timeout"), this.silenceMs);
  }

  take(packet) {
    if (this.isClosed) return;
    if (typeof packet !== "string") return this.events.onPacket(packet);
    const type = packet[0];
    if (type === "4") return this.events.onPacket(packet.slice(1));
    if (type === "2") {
      this.expectPing();
      this.write("3");
    } else if (type === "1") {
      this.close("the server closed");
    } else if (type !== "6") {
      this.close(`packet of a strange type: ${packet.slice(0, 20)}`);
    }
  }

  // A text or a Buffer.
  send(message) {
    this.write(typeof message === "string" ? `4${message}` : message);
  }

  write(packet) {
    if (!this.isClosed) this.transport.send(packet);
  }

  async upgrade() {
    const polling = this.transport;
    const next = new WebSocket(this);
    this.probing = next;
    await next.connect();
    next.send("2probe");
    const answer = await next.ws.text();
    if (answer !== "3probe") throw new Error(`probe answered by ${answer}`);
    await polling.pause();
    if (this.isClosed) return;
    next.send("5");
    this.transport = next;
    for (const packet of polling.queue.splice(0)) {
      next.send(packet[0] === "b" ? Buffer.from(packet.slice(1), "base64") : packet);
    }
    polling.destroy();
    next.read();
  }

  close(reason) {
    if (this.isClosed) return;
    this.isClosed = true;
    clearTimeout(this.timer);
    this.transport.destroy();
    this.probing?.destroy();
    this.events.onClose(reason);
  }
}
