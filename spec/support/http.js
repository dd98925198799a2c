// SPDX-License-Identifier: MIT
// HTTP for the tests: one request per connection (request), and a keep-alive connection on which
// every byte is ours (RawConnection). Node's fetch is not used: it decides by itself which
// connection a request takes, and Debian 12's Node would not fall back from ::1 to 127.0.0.1.

import http from "node:http";
import https from "node:https";
import net from "node:net";
import tls from "node:tls";
import { once } from "node:events";
import { trustOf } from "./certificate.js";

// Nobody listens there now, on any address.
export async function freePort() {
  const server = net.createServer().listen(0);
  await once(server, "listening");
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

// Resolves with { status, headers, body (string), bytes (Buffer) }.
export function request(url, { method = "GET", body, headers = {}, signal } = {}) {
  return new Promise((resolve, reject) => {
    const options = { method, headers, signal, agent: false, ...trustOf(url) };
    const req = (url.startsWith("https") ? https : http).request(url, options, (res) => {
      const chunks = [];
      res.on("data", (chunk) => chunks.push(chunk));
      res.on("error", reject);
      res.on("end", () => {
        const bytes = Buffer.concat(chunks);
        const body = bytes.toString("utf8");
        resolve({ status: res.statusCode, headers: res.headers, body, bytes });
      });
    });
    req.on("error", reject);
    req.end(body);
  });
}

export class RawConnection {
  static async open(port) {
    const socket = net.connect(port, "localhost");
    socket.setNoDelay(true);
    await once(socket, "connect");
    return new RawConnection(socket);
  }

  static async openTls(port, options = {}) {
    const socket = tls.connect({ port, host: "localhost", ...trustOf("https:"), ...options });
    socket.setNoDelay(true);
    await once(socket, "secureConnect");
    return new RawConnection(socket);
  }

  constructor(socket) {
    this.socket = socket;
    this.received = Buffer.alloc(0);
    this.ended = false;
    this.wake = () => {};
    socket.on("data", (data) => {
      this.received = Buffer.concat([this.received, data]);
      this.wake();
    });
    for (const event of ["end", "close", "error"]) {
      socket.on(event, () => {
        this.ended = true;
        this.wake();
      });
    }
    socket.on("error", (error) => (this.error = error));
  }

  // Every piece of `pieces` goes out as a segment of its own.
  async write(...pieces) {
    for (const piece of pieces) {
      await new Promise((resolve) => this.socket.write(piece, resolve));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  async more() {
    if (this.ended) throw new Error(`the connection ended, with ${this.received} before`);
    await new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("no answer within 10 s")), 10000);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  // The end that the server makes; a reset is none.
  async end() {
    while (!this.ended) await this.more();
    if (this.error) throw this.error;
  }

  // An end without an answer, by FIN or by reset.
  async cut() {
    while (!this.ended) await this.more();
    if (this.received.length > 0) throw new Error(`cut, with ${this.received} before`);
  }

  // The next response with a Content-Length, as { status, headers, body }; `bodyless` to a HEAD.
  async response({ bodyless = false } = {}) {
    let end;
    while ((end = this.received.indexOf("\r\n\r\n")) < 0) await this.more();
    const [first, ...lines] = this.received.subarray(0, end).toString("latin1").split("\r\n");
    const headers = {};
    for (const line of lines) {
      const colon = line.indexOf(":");
      headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
    }
    const length = bodyless ? 0 : Number(headers["content-length"] ?? 0);
    while (this.received.length < end + 4 + length) await this.more();
    const bytes = this.received.subarray(end + 4, end + 4 + length);
    const body = bytes.toString("utf8");
    this.received = this.received.subarray(end + 4 + length);
    return { status: Number(first.split(" ")[1]), headers, body, bytes };
  }

  async get(path) {
    await this.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    return this.response();
  }

  async post(path, body) {
    const length = Buffer.byteLength(body);
    await this.write(
      `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain;charset=UTF-8\r\n` +
        `Content-Length: ${length}\r\n\r\n${body}`,
    );
    return this.response();
  }

  close() {
    this.socket.destroy();
  }
}
