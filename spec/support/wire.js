// SPDX-License-Identifier: MIT
// The two transports with no client library between: polling as single requests, WebSocket as
// frames in order of arrival. For the conformance tables, whose cases are about bytes.

import { WebSocket } from "ws";
import { trustOf } from "./certificate.js";
import { request } from "./http.js";

const limitMs = 20000;

// A WebSocket whose frames and whose end are waited for; frames that nobody waited for are kept.
export class Frames {
  constructor(url) {
    this.frames = [];
    this.takers = [];
    this.socket = new WebSocket(url, trustOf(url));
    this.opened = new Promise((resolve) => this.socket.on("open", resolve));
    this.closed = new Promise((resolve) => this.socket.on("close", resolve));
    this.socket.on("error", () => {}); // a refused handshake; "close" follows
    this.socket.on("message", (data, isBinary) => {
      const frame = isBinary ? data : data.toString("utf8");
      const taker = this.takers.shift();
      if (taker) taker(frame);
      else this.frames.push(frame);
    });
  }

  send(...frames) {
    for (const frame of frames) this.socket.send(frame);
  }

  limited(promise, what) {
    let timer;
    const limit = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`${what} within ${limitMs / 1000} s`)), limitMs);
    });
    return Promise.race([promise, limit]).finally(() => clearTimeout(timer));
  }

  open() {
    return this.limited(this.opened, "no open WebSocket");
  }

  // The next frame; fails when the connection ends instead.
  next() {
    if (this.frames.length > 0) return Promise.resolve(this.frames.shift());
    const frame = new Promise((resolve) => this.takers.push(resolve));
    const ended = this.closed.then(() => {
      throw new Error("the WebSocket closed where a frame was due");
    });
    return this.limited(Promise.race([frame, ended]), "no frame");
  }

  // The next frame that is no ping.
  async nextPacket() {
    for (;;) {
      const frame = await this.next();
      if (frame !== "2") return frame;
    }
  }

  end() {
    return this.limited(this.closed, "the WebSocket was not closed");
  }

  close() {
    this.socket.terminate();
  }
}

// One server's Engine.IO endpoint, spoken to in version `eio` of the protocol.
export class Wire {
  constructor(url, path, eio = 4) {
    this.eio = eio;
    this.http = url + path;
    this.ws = this.http.replace(/^http/, "ws");
    this.sockets = [];
  }

  request(query, options) {
    return request(`${this.http}?${query}`, options);
  }

  async handshake(more = "") {
    const { body } = await this.request(`EIO=${this.eio}&transport=polling${more}`);
    return JSON.parse(body.slice(body.indexOf("{"))).sid;
  }

  poll(sid, options) {
    return this.request(`EIO=${this.eio}&transport=polling&sid=${sid}`, options);
  }

  push(sid, body) {
    return this.poll(sid, { method: "POST", body, headers: { "Content-Type": "text/plain" } });
  }

  socket(query = `EIO=${this.eio}&transport=websocket`) {
    const frames = new Frames(`${this.ws}?${query}`);
    this.sockets.push(frames);
    return frames;
  }

  // A WebSocket session with its handshake read.
  async session() {
    const frames = this.socket();
    await frames.next();
    return frames;
  }

  // A polling session and the WebSocket that asks to take it over, with the probe answered.
  async probed() {
    const sid = await this.handshake();
    const frames = this.socket(`EIO=${this.eio}&transport=websocket&sid=${sid}`);
    await frames.open();
    frames.send("2probe");
    return { sid, frames, answer: await frames.next() };
  }

  close() {
    for (const frames of this.sockets) frames.close();
    this.sockets = [];
  }
}
