// SPDX-License-Identifier: MIT
// node snippet.mjs PORT FILE: runs the function body in FILE against the server, replaces FILE by
// its result as JSON and asks the server to stop. For spec/support/serve.lua.
//
// client(auth, namespace) is a small Socket.IO client over polling: enough for what Lua specs ask,
// and in need of no package. Official clients are in spec/client.

import { readFileSync, writeFileSync } from "node:fs";

const [port, file] = process.argv.slice(2);
const url = `http://127.0.0.1:${port}`;
const separator = "\x1e";

class Client {
  constructor(path, namespace) {
    this.path = `${url}${path}/?EIO=4&transport=polling`;
    this.prefix = namespace === "/" ? "" : namespace + ",";
    this.events = []; // [name, ...args] of every event
    this.acks = new Map();
    this.waiting = [];
    this.ids = 0;
    this.pending = null; // a packet whose attachments are on their way
  }

  async open(auth) {
    const text = await (await fetch(this.path)).text();
    this.sid = JSON.parse(text.slice(1)).sid;
    this.session = `${this.path}&sid=${this.sid}`;
    this.closed = this.poll();
    await this.post(`40${this.prefix}${auth ? JSON.stringify(auth) : ""}`);
    const first = await this.next((e) => e[0] === "connect" || e[0] === "connect_error");
    this.id = first[1]?.sid;
    this.pid = first[1]?.pid;
    this.error = first[0] === "connect_error" ? first[1] : undefined;
    return this;
  }

  post(...packets) {
    return fetch(this.session, { method: "POST", body: packets.join(separator) });
  }

  async poll() {
    for (;;) {
      const response = await fetch(this.session).catch(() => null);
      if (!response || response.status !== 200) break;
      for (const packet of (await response.text()).split(separator)) this.take(packet);
      if (this.gone) break;
    }
    this.arrive(["closed"]);
  }

  take(packet) {
    if (packet === "2") return void this.post("3");
    if (packet === "1") this.gone = true;
    if (packet[0] === "b") return this.attach(Buffer.from(packet.slice(1), "base64"));
    if (packet[0] !== "4") return;
    const [, type, count, , id, json] = /^4(\d)(?:(\d+)-)?(\/[^,]*,)?(\d+)?(.*)$/s.exec(packet);
    const data = json === "" ? undefined : JSON.parse(json);
    if (count > 0) this.pending = { type, id, data, left: Number(count), bytes: [] };
    else this.dispatch(type, id, data);
  }

  attach(bytes) {
    const p = this.pending;
    p.bytes.push(bytes);
    if (--p.left > 0) return;
    const fill = (v) => {
      if (v?._placeholder) return { binary: [...p.bytes[v.num]] };
      if (Array.isArray(v)) return v.map(fill);
      if (v === null || typeof v !== "object") return v;
      return Object.fromEntries(Object.entries(v).map(([k, x]) => [k, fill(x)]));
    };
    this.dispatch(p.type, p.id, fill(p.data));
  }

  dispatch(type, id, data) {
    if (type === "0") this.arrive(["connect", data]);
    else if (type === "1") this.arrive(["disconnect"]);
    else if (type === "4") this.arrive(["connect_error", data]);
    else if (type === "3" || type === "6") this.acks.get(id)?.(data);
    else this.arrive(data, id);
  }

  arrive(event, id) {
    event.ackId = id;
    this.events.push(event);
    this.waiting = this.waiting.filter((w) => !w(event));
  }

  // The first event, past or to come, that matches a name or a function, taken out of `events`.
  next(match) {
    const fits = typeof match === "string" ? (e) => e[0] === match : match;
    const i = this.events.findIndex(fits);
    if (i >= 0) return Promise.resolve(this.events.splice(i, 1)[0]);
    return new Promise((resolve) => {
      this.waiting.push((e) => {
        if (!fits(e)) return false;
        this.events.splice(this.events.indexOf(e), 1);
        resolve(e);
        return true;
      });
    });
  }

  emit(...args) {
    return this.post(`42${this.prefix}${JSON.stringify(args)}`);
  }

  // One attachment: {"_placeholder":true,"num":0} stands for it in the arguments.
  emitBinary(bytes, ...args) {
    const attachment = "b" + Buffer.from(bytes).toString("base64");
    return this.post(`451-${this.prefix}${JSON.stringify(args)}`, attachment);
  }

  // Emits and waits for all arguments of the acknowledgement.
  ask(...args) {
    const id = String(this.ids++);
    const answer = new Promise((resolve) => this.acks.set(id, resolve));
    this.post(`42${this.prefix}${id}${JSON.stringify(args)}`);
    return answer;
  }

  answer(event, ...args) {
    return this.post(`43${this.prefix}${event.ackId}${JSON.stringify(args)}`);
  }
}

const client = (auth, namespace = "/", path = "/socket.io") =>
  new Client(path, namespace).open(auth);

// What the server says to a request, with lower-case headers.
async function request(path, options) {
  const response = await fetch(url + path, { redirect: "manual", ...options });
  const body = Buffer.from(await response.arrayBuffer()).toString();
  const headers = Object.fromEntries(response.headers);
  // Debian 12's Node has no getSetCookie yet, and joins them.
  headers["set-cookie"] =
    response.headers.getSetCookie?.() ?? headers["set-cookie"]?.split(", ") ?? [];
  return { status: response.status, headers, body };
}

let result;
try {
  const body = readFileSync(file, "utf8");
  const run = new Function("client", "request", "url", `return (async () => {${body}\n})()`);
  result = { value: (await run(client, request, url)) ?? null };
} catch (error) {
  result = { error: String(error?.stack ?? error) };
}
writeFileSync(file, JSON.stringify(result));
await fetch(url + "/done").catch(() => {});
process.exit(0);
