// SPDX-License-Identifier: MIT
// node bench/scale.mjs join|call|recover [ROUNDS]: what a thing costs among many, beside what it
// costs among few. Prints a JSON object a line, for n = 1000 and n = 100000: CPU time of the worker
// per unit, each round, which go to and fro between the two, and their median.
//
//     join      a client asks for another room, eight times before it waits: its socket leaves one
//               room, joins one that others are in, and answers; n rooms are there
//     call      the same without a client: what a handler's own calls of join and leave cost
//     recover   a client comes back to ten packets of its room; n packets of other rooms were sent
//               meanwhile
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import net from "node:net";
import { median } from "./stats.mjs";

const SIZES = [1000, 100000];
const FILLERS = 20; // sockets that share the rooms among them
const HOPPERS = 20; // that go from room to room
const EVENTS = 100; // of each and round, each with OUTSTANDING rooms
const OUTSTANDING = 8;
const HOPS = 200; // calls of one event
const CLIENTS = 300; // that come back
const MISSED = 10; // packets of each

// ---- the server -------------------------------------------------------------------------------

async function start(app) {
  const path = (name) => new URL(name, import.meta.url).pathname;
  const child = spawn(path("../bin/sio-lua"), [path(`apps/${app}.lua`), "--port", "0"]);
  const port = await new Promise((resolve, reject) => {
    let said = "";
    child.on("exit", () => reject(new Error(`the server has ended: ${said}`)));
    child.stderr.on("data", (chunk) => {
      said += chunk;
      const found = /http:\/\/localhost:(\d+)/.exec(said);
      if (found) resolve(Number(found[1]));
    });
  });
  const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8");
  return { child, port, worker: children.trim().split(" ")[0] };
}

const cpuNs = (pid) => Number(readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ")[0]);

// ---- a client ---------------------------------------------------------------------------------

// A masked text frame; the mask is zero.
function frame(text) {
  const payload = Buffer.from(text);
  const n = payload.length;
  const length = n < 126 ? [0x80 | n] : [0xfe, n >> 8, n & 255];
  return Buffer.concat([Buffer.from([0x81, ...length]), Buffer.alloc(4), payload]);
}

const request = () =>
  [
    "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1",
    "Host: localhost",
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    `Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}`,
    "\r\n",
  ].join("\r\n");

class Client {
  constructor(port) {
    this.port = port;
    this.acks = [];
    this.events = 0;
    this.auth = {};
  }

  // Resolves with the answer to CONNECT. With what is known from the last time, to recover it.
  connect() {
    this.rest = Buffer.alloc(0);
    this.upgraded = false;
    return new Promise((resolve, reject) => {
      this.connected = resolve;
      this.failed = reject;
      this.socket = net.connect(this.port, "127.0.0.1", () => this.socket.write(request()));
      this.socket.setNoDelay(true);
      this.socket.on("data", (chunk) => this.read(chunk));
      this.socket.on("error", reject);
    });
  }

  read(chunk) {
    this.rest = this.rest.length ? Buffer.concat([this.rest, chunk]) : chunk;
    if (!this.upgraded) {
      const end = this.rest.indexOf("\r\n\r\n");
      if (end < 0) return;
      this.upgraded = true;
      this.rest = this.rest.subarray(end + 4);
    }
    while (this.rest.length >= 2) {
      const short = this.rest[1] < 126;
      const n = short ? this.rest[1] : this.rest.length < 4 ? Infinity : this.rest.readUInt16BE(2);
      const head = short ? 2 : 4;
      if (this.rest.length < head + n) return;
      this.packet(this.rest.toString("latin1", head, head + n));
      this.rest = this.rest.subarray(head + n);
    }
  }

  packet(text) {
    if (text[0] === "2") this.socket.write(frame("3"));
    else if (text[0] === "0") this.socket.write(frame(`40${JSON.stringify(this.auth)}`));
    else if (text.startsWith("40")) {
      const { sid, pid } = JSON.parse(text.slice(2));
      const recovered = pid !== undefined && pid === this.auth.pid;
      this.auth.pid = pid;
      this.sid = sid;
      this.connected(recovered);
    } else if (text.startsWith("43")) this.acks.shift()();
    else if (text.startsWith("42")) {
      this.auth.offset = JSON.parse(text.slice(2)).at(-1);
      this.events++;
      if (this.events === this.expected) this.complete();
    } else this.failed(new Error(`unexpected packet ${text}`));
  }

  // One after another, so answers need no ids of their own.
  ask(...event) {
    return new Promise((resolve) => {
      this.acks.push(resolve);
      this.socket.write(frame(`420${JSON.stringify(event)}`));
    });
  }

  received(n) {
    this.expected = n;
    return this.events >= n ? null : new Promise((resolve) => (this.complete = resolve));
  }
}

async function arrive(port) {
  const client = new Client(port);
  await client.connect();
  return client;
}

// ---- the works: each makes a world of size n, and says how to measure a round in it -----------

async function fill(n) {
  const server = await start("rooms");
  const each = n / FILLERS;
  for (let i = 0; i < FILLERS; i++) await (await arrive(server.port)).ask("fill", i * each, each);
  return server;
}

async function join(n) {
  const server = await fill(n);
  const hoppers = [];
  while (hoppers.length < HOPPERS) hoppers.push(await arrive(server.port));
  let at = 0;
  const round = async () => {
    const before = cpuNs(server.worker);
    for (let i = 0; i < EVENTS; i++)
      for (const hopper of hoppers) {
        const asked = Array.from({ length: OUTSTANDING }, () =>
          hopper.ask("join", `room ${(at++ * 7919) % n}`),
        );
        await Promise.all(asked);
      }
    return (cpuNs(server.worker) - before) / 1000 / (EVENTS * HOPPERS * OUTSTANDING);
  };
  return { server, round };
}

async function call(n) {
  const server = await fill(n);
  const hopper = await arrive(server.port);
  let at = 0;
  const round = async () => {
    const before = cpuNs(server.worker);
    for (let i = 0; i < 250; i++, at += HOPS) await hopper.ask("hop", at, HOPS, n);
    return (cpuNs(server.worker) - before) / 1000 / (250 * HOPS * 2);
  };
  return { server, round };
}

async function recover(n) {
  const server = await start("missed");
  const control = await arrive(server.port);
  const clients = [];
  for (let i = 0; i < CLIENTS; i++) {
    const client = await arrive(server.port);
    await client.ask("enter", `mine ${i}`);
    await control.ask("tell", `mine ${i}`, 1);
    await client.received(1);
    clients.push(client);
  }
  for (const client of clients) client.socket.destroy();
  for (let i = 0; i < n; i += 1000) await control.ask("flood", 1000);
  for (let i = 0; i < CLIENTS; i++) await control.ask("tell", `mine ${i}`, MISSED);
  const back = async (client) => {
    const all = client.events + MISSED;
    if (!(await client.connect())) throw new Error("a session was not recovered");
    await client.received(all);
  };
  // They come back from the same place each time: what they receive does not count as seen.
  const round = async () => {
    const auths = clients.map((client) => ({ ...client.auth }));
    const before = cpuNs(server.worker);
    for (const client of clients) await back(client);
    const us = (cpuNs(server.worker) - before) / 1000 / CLIENTS;
    clients.forEach((client, i) => (client.auth = { ...auths[i] }));
    for (const client of clients) client.socket.destroy();
    return us;
  };
  return { server, round };
}

// ---- both sizes, to and fro ---------------------------------------------------------------------

const [work, rounds = 5] = process.argv.slice(2);
const works = { join, call, recover };
if (!works[work]) throw new Error(`usage: node bench/scale.mjs ${Object.keys(works).join("|")}`);

const worlds = [];
for (const n of SIZES) worlds.push({ n, us: [], ...(await works[work](n)) });
for (let i = 0; i < Number(rounds); i++) for (const w of worlds) w.us.push(await w.round());
for (const { n, us, server } of worlds) {
  console.log(JSON.stringify({ work, n, us_per_unit: median(us), rounds: us }));
  server.child.removeAllListeners("exit");
  server.child.kill();
}
process.exit(0);
