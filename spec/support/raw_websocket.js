// SPDX-License-Identifier: MIT
// A WebSocket client on which every byte is ours: frames are built here, right and wrong ones, cut
// as a test wants them, and what the server answers is taken apart without any leniency.

import assert from "node:assert/strict";
import net from "node:net";
import { once } from "node:events";
import tls from "node:tls";
import zlib from "node:zlib";

const limitMs = 20000;
const maskingKey = Buffer.from("6b657921", "hex");

export const op = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 };

const bytes = (data) => (typeof data === "string" ? Buffer.from(data) : data);

// `announce` is the length that the head tells instead of the true one (a BigInt reaches all 64
// bits), `size` the bytes in which it is told: 0, 2 or 8.
export function frame(opcode, data = "", options = {}) {
  const payload = bytes(data);
  const { fin = true, rsv = 0, masked = true, announce = payload.length } = options;
  const { size = announce < 126 ? 0 : announce < 65536 ? 2 : 8 } = options;
  const head = Buffer.alloc(2 + size + (masked ? 4 : 0));
  head[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  head[1] = (masked ? 0x80 : 0) | (size === 0 ? announce : size === 2 ? 126 : 127);
  if (size === 2) head.writeUInt16BE(announce, 2);
  if (size === 8) head.writeBigUInt64BE(BigInt(announce), 2);
  if (!masked) return Buffer.concat([head, payload]);
  maskingKey.copy(head, 2 + size);
  const masking = Buffer.alloc(payload.length);
  for (let i = 0; i < payload.length; i++) masking[i] = payload[i] ^ maskingKey[i % 4];
  return Buffer.concat([head, masking]);
}

// A close frame's payload.
export function closing(code, reason = "") {
  if (code === undefined) return Buffer.alloc(0);
  const number = Buffer.alloc(2);
  number.writeUInt16BE(code);
  return Buffer.concat([number, bytes(reason)]);
}

export const upgradeFields = {
  Host: "localhost",
  Connection: "Upgrade",
  Upgrade: "websocket",
  "Sec-WebSocket-Version": "13",
  "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
};

// `fields` as { name: value, or list of values, or null for none }; they replace the usual ones.
export function upgradeRequest(target, { method = "GET", version = "1.1", fields = {} } = {}) {
  let head = `${method} ${target} HTTP/${version}\r\n`;
  for (const [name, value] of Object.entries({ ...upgradeFields, ...fields })) {
    if (value === null) continue;
    for (const each of [value].flat()) head += `${name}: ${each}\r\n`;
  }
  return `${head}\r\n`;
}

// What the server's compressed messages say, with or without what came before.
class Inflating {
  constructor(answer) {
    this.takeover = !answer.includes("server_no_context_takeover");
    this.before = Buffer.alloc(0);
  }

  inflate(data) {
    const options = { finishFlush: zlib.constants.Z_SYNC_FLUSH };
    if (this.before.length > 0) options.dictionary = this.before;
    const tail = Buffer.from("0000ffff", "hex");
    const plain = zlib.inflateRawSync(Buffer.concat([data, tail]), options);
    if (this.takeover) this.before = Buffer.concat([this.before, plain]).subarray(-32768);
    return plain;
  }
}

export class RawWebSocket {
  // Connects and sends the upgrade request, with `behind` in the same write. `encrypted`: over TLS.
  static async request(port, target, { behind = "", encrypted = false, ...options } = {}) {
    const at = { port, host: "127.0.0.1", rejectUnauthorized: false };
    const socket = encrypted ? tls.connect(at) : net.connect(at);
    socket.setNoDelay(true);
    await once(socket, encrypted ? "secureConnect" : "connect");
    const ws = new RawWebSocket(socket);
    socket.write(Buffer.concat([bytes(upgradeRequest(target, options)), bytes(behind)]));
    return ws;
  }

  // The same, behind the 101.
  static async open(port, target, options) {
    const ws = await RawWebSocket.request(port, target, options);
    const head = await ws.head();
    assert.equal(head.status, 101, head.text);
    ws.fields = head.fields;
    const extension = head.fields["sec-websocket-extensions"];
    if (extension) ws.inflating = new Inflating(extension);
    return ws;
  }

  constructor(socket) {
    this.socket = socket;
    this.chunks = [];
    this.length = 0;
    this.how = null; // "end" or "reset"
    this.wake = () => {};
    socket.on("data", (data) => {
      this.chunks.push(data);
      this.length += data.length;
      this.wake();
    });
    socket.on("end", () => this.finished("end"));
    socket.on("error", () => this.finished("reset"));
    socket.on("close", () => this.finished("end"));
  }

  finished(how) {
    this.how ??= how;
    this.wake();
  }

  // Waits for more bytes or the end.
  async more(what) {
    let timer;
    await new Promise((resolve, reject) => {
      const late = () => reject(new Error(`no ${what} within ${limitMs / 1000} s`));
      timer = setTimeout(late, limitMs);
      this.wake = resolve;
    }).finally(() => clearTimeout(timer));
  }

  // The first `n` bytes, which stay.
  async peek(n, what) {
    while (this.length < n && !this.how) await this.more(what);
    if (this.length < n) throw new Error(`the connection ended (${this.how}) instead of ${what}`);
    if (this.chunks[0]?.length < n) this.chunks = [Buffer.concat(this.chunks)];
    return n === 0 ? Buffer.alloc(0) : this.chunks[0].subarray(0, n);
  }

  async take(n, what) {
    const taken = await this.peek(n, what);
    if (n > 0) this.chunks[0] = this.chunks[0].subarray(n);
    if (this.chunks[0]?.length === 0) this.chunks.shift();
    this.length -= n;
    return taken;
  }

  // The head of the HTTP response as { status, fields, text }.
  async head() {
    let end;
    for (let n = 1; ; n = this.length + 1) {
      end = (await this.peek(this.length, "response")).indexOf("\r\n\r\n");
      if (end >= 0) break;
      await this.peek(n, "response");
    }
    const text = (await this.take(end + 4)).toString("latin1");
    const fields = {};
    for (const line of text.split("\r\n").slice(1, -2)) {
      const colon = line.indexOf(":");
      fields[line.slice(0, colon).toLowerCase()] = line.slice(colon + 2);
    }
    return { status: Number(text.split(" ")[1]), fields, text };
  }

  // The response with its body; for requests that are refused.
  async response() {
    const head = await this.head();
    const body = await this.take(Number(head.fields["content-length"] ?? 0), "body");
    return { ...head, body: body.toString("utf8") };
  }

  // The next frame as { op, data }: final, not masked, in the shortest form, no reserved bits;
  // where compression was agreed on a message may be compressed, and is inflated here.
  async frame() {
    const [first, second] = await this.peek(2, "a frame");
    const compressed = this.inflating !== undefined && (first & 0x48) === 0x40;
    assert.equal(first & 0xf0, compressed ? 0xc0 : 0x80, "final, and no other reserved bits");
    const size = second < 126 ? 0 : second === 126 ? 2 : 8;
    assert.ok(second < 128, "not masked");
    const head = await this.take(2 + size, "a frame's length");
    const length =
      size === 0 ? second : size === 2 ? head.readUInt16BE(2) : Number(head.readBigUInt64BE(2));
    assert.ok(size === 0 || length >= (size === 2 ? 126 : 65536), "in the shortest form");
    const data = await this.take(length, "a frame's payload");
    return { op: first & 0x0f, data: compressed ? this.inflating.inflate(data) : data };
  }

  async text() {
    const { op: opcode, data } = await this.frame();
    assert.equal(opcode, op.text, `a text frame expected, got ${opcode}: ${data}`);
    return data.toString("utf8");
  }

  // Writes `data`, `chop` bytes at a time (0: in one piece). Ends early with the connection.
  async write(data, chop = 0) {
    const all = bytes(data);
    for (let at = 0; at < all.length && !this.how; at += chop || all.length) {
      const piece = chop ? all.subarray(at, at + chop) : all;
      await new Promise((resolve) => this.socket.write(piece, resolve));
      if (chop && chop < 8) await new Promise(setImmediate);
    }
  }

  // The server's close frame, then nothing but the end of the stream; when no code says that the
  // server gives up, an answer is due first.
  async closed(payload) {
    const last = await this.frame();
    assert.equal(last.op, op.close, `a close frame expected, got ${last.op}`);
    assert.equal(last.data.toString("hex"), payload.toString("hex"), "payload of the close frame");
    if (payload.length === 0) await this.write(frame(op.close));
    await this.ended();
  }

  async ended() {
    while (!this.how) await this.more("end of the stream");
    assert.equal(this.length, 0, `bytes before the end: ${this.chunks}`);
    return this.how;
  }

  destroy() {
    this.socket.destroy();
  }
}
