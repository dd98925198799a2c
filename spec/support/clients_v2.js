// SPDX-License-Identifier: MIT
// Clients of Socket.IO v2 for the tests, and the little of a browser that JSONP needs: a script
// element that runs what it loads, a form that posts its field into an iframe.

import vm from "node:vm";
import io from "socket.io-client-v2";
import { request } from "./http.js";
import { nextEvent } from "./wait.js";

export const transportsV2 = {
  polling: { transports: ["polling"] },
  websocket: { transports: ["websocket"] },
  upgrade: { transports: ["polling", "websocket"] },
  base64: { transports: ["polling"], forceBase64: true },
  jsonp: { transports: ["polling"], forceJSONP: true },
};

class Element {
  constructor(tag) {
    this.tag = tag;
    this.style = {};
  }

  setAttribute() {}

  appendChild(child) {
    child.parentNode = this;
    if (child.name === "d") this.field = child;
    if (child.tag === "iframe") this.frame = child;
    if (child.tag === "script") child.load();
  }

  removeChild(child) {
    child.parentNode = null;
  }

  async load() {
    const answer = await request(this.src).catch((error) => ({ status: error.code, headers: {} }));
    if (!this.parentNode) return; // removed: the client has gone
    const isScript = answer.headers["content-type"]?.startsWith("text/javascript");
    if (answer.status === 200 && isScript) vm.runInThisContext(answer.body);
    else this.onerror(new Error(`status ${answer.status}`));
  }

  async submit() {
    const { frame } = this; // the next one replaces it
    const value = this.field.value.replace(/\r?\n/g, "\r\n"); // as forms do
    const headers = { "Content-Type": "application/x-www-form-urlencoded" };
    const body = new URLSearchParams({ d: value }).toString();
    await request(this.action, { method: "POST", headers, body }).catch(() => {});
    frame.onload?.(); // whatever came, as frames do
  }
}

// JSONP finds it as a global, as in a browser.
export function installDocument() {
  globalThis.document = {
    createElement: (tag) => new Element(tag.startsWith("<") ? "iframe" : tag),
    getElementsByTagName: () => [],
    head: new Element("head"),
    body: new Element("body"),
  };
}

export class ClientsV2 {
  constructor(url) {
    this.url = url;
    this.all = [];
  }

  make(mode, { namespace = "/", ...options } = {}) {
    const socket = io(this.url + namespace, {
      ...transportsV2[mode],
      forceNew: true,
      reconnectionDelay: 50,
      reconnectionDelayMax: 200,
      ...options,
    });
    this.all.push(socket);
    return socket;
  }

  async connect(mode, options) {
    const socket = this.make(mode, options);
    const { engine } = socket.io;
    const upgraded = mode === "upgrade" ? nextEvent(engine, "upgrade") : true;
    await Promise.all([nextEvent(socket, "connect"), upgraded]);
    return socket;
  }

  close() {
    for (const socket of this.all) {
      socket.io.reconnection(false);
      socket.close();
      socket.io.engine?.close();
    }
    this.all = [];
  }
}

// The answer to an event, as the list of its arguments.
export function ask(socket, ...event) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer to ${event[0]}`)), 10000);
    socket.emit(...event, (...answer) => {
      clearTimeout(timer);
      resolve(answer);
    });
  });
}
