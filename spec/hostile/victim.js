// SPDX-License-Identifier: MIT
// A server under attack, and who is there with it: a healthy client that must be served after every
// row and hears what the app's handlers saw (both on one WebSocket), and the row's own connection,
// on which every byte is ours.

import assert from "node:assert/strict";
import { once } from "node:events";
import { WebSocket } from "ws";
import { RawConnection } from "../support/http.js";
import { startServer } from "../support/server.js";
import { get, polling, post, toBytes } from "./bytes.js";
import { refused } from "./answers.js";

// A client that says how the app sees things; see spec/support/apps/hostile.lua.
class Watcher {
  static async open(url) {
    const watcher = new Watcher();
    watcher.told = []; // [name, what, ...arguments]
    watcher.waiting = [];
    watcher.acks = new Map();
    watcher.next = 0;
    const path = "/socket.io/?EIO=4&transport=websocket";
    const socket = new WebSocket(url.replace(/^http/, "ws") + path);
    watcher.socket = socket;
    watcher.closed = once(socket, "close").then(([code]) => {
      const error = new Error(`the watcher was closed with ${code}`);
      for (const { reject } of watcher.waiting) reject(error);
      for (const ack of watcher.acks.values()) ack(null);
    });
    socket.on("message", (data) => watcher.onPacket(data.toString()));
    await once(socket, "open");
    socket.send('40{"watch":true}');
    await watcher.echo();
    return watcher;
  }

  onPacket(packet) {
    const [, type, id, json] = /^(4?\d)(\d*)(.*)$/s.exec(packet);
    if (packet === "2") this.socket.send("3");
    if (type === "0") this.sid = JSON.parse(packet.slice(1)).sid;
    if (type === "43") {
      this.acks.get(Number(id))?.(JSON.parse(json)[0]);
      this.acks.delete(Number(id));
    } else if (type === "42") {
      this.told.push(JSON.parse(json).slice(1));
      this.waiting = this.waiting.filter((waiting) => !waiting.check());
    }
  }

  // Served: the event goes to the app and comes back, behind all that the app told before.
  async echo() {
    const id = this.next++;
    const answer = new Promise((resolve) => this.acks.set(id, resolve));
    this.socket.send(`42${id}["echo",${id}]`);
    assert.equal(await answer, id, "the healthy client is served");
  }

  of(name) {
    return this.told.filter(([who]) => who === name).map(([, ...rest]) => rest);
  }

  // What was told about `name`, once `what` is among it.
  until(name, what) {
    return new Promise((resolve, reject) => {
      const check = () => {
        const all = this.of(name);
        const there = all.some(([first]) => first === what);
        if (there) resolve(all);
        return there;
      };
      if (!check()) this.waiting.push({ check, reject });
    });
  }
}

export class Victim {
  static async start(options = {}, more = {}) {
    const victim = new Victim();
    const env = { HOSTILE: JSON.stringify(options), ...more.env };
    victim.server = await startServer("hostile", { ...more, env });
    victim.port = victim.server.port;
    victim.watcher = await Watcher.open(victim.server.url);
    return victim;
  }

  async stop() {
    this.watcher.socket.terminate();
    await this.server.stop();
  }

  connect() {
    return RawConnection.open(this.port);
  }

  // A polling session that has joined the namespace, and a kept connection to ask on.
  async session(name) {
    const own = await this.connect();
    const ask = async (bytes) => {
      own.socket.write(toBytes(bytes));
      return own.response();
    };
    const opened = await ask(get(polling));
    const path = `${polling}&sid=${JSON.parse(opened.body.slice(1)).sid}`;
    const session = {
      name, own, path,
      get: () => ask(get(path)),
      post: (body) => ask(post(path, body)),
    };
    await session.post(`40${JSON.stringify({ name })}`);
    assert.match((await session.get()).body, /^40\{"sid":/);
    return session;
  }

  // Connection and session as the row leaves them, and everybody else served.
  async run(row) {
    const session = row.session && (await this.session(row.id));
    const sent = typeof row.send === "function" ? row.send(session) : row.send;
    const connection = await this.connect();
    if (row.run) await row.run({ victim: this, connection, session });
    if (sent) await this.talk(connection, [sent].flat(), row);
    if (sent) await this.checkEnd(connection, row.ends ?? "open");
    if (row.after) await row.after({ victim: this, connection, session });
    if (row.session) await this.checkSession(session, row);
    connection.close();
    session?.own.close();
    await this.watcher.echo();
  }

  async talk(connection, pieces, row) {
    let last;
    for (const piece of pieces) connection.socket.write(toBytes(piece));
    for (const expected of row.answers ?? []) {
      last = await connection.response({ bodyless: row.bodyless });
      checkAnswer(last, expected);
    }
    if (last) {
      const says = last.headers.connection ?? "keep-alive";
      assert.equal(says, row.ends === "closed" ? "close" : "keep-alive", "Connection");
    }
  }

  async checkEnd(connection, ends) {
    if (ends === "closed") {
      await connection.end();
    } else if (ends === "waits") {
      await this.watcher.echo();
      await this.watcher.echo();
      assert.equal(connection.ended, false, "the server waits for more");
    } else {
      connection.socket.write(get("/"));
      assert.equal((await connection.response()).body, "GET 0", "the connection goes on");
    }
    assert.equal(connection.received.toString("latin1"), "", "nothing behind the last answer");
  }

  async checkSession(session, { session: expected, heard = [], drain = false, told: marks = [] }) {
    const before = [...marks, ...heard.map((what) => ["heard", ...what])];
    if (drain) assert.equal((await session.get()).status, 200); // what the row itself brought back
    if (expected === "lives") {
      assert.equal((await session.post('42["echo","alive"]')).body, "ok");
      assert.match((await session.get()).body, /^(6\x1e)?42\["echo","alive"\]$/);
      await this.watcher.echo();
      const echoed = this.watcher.of(session.name);
      assert.deepEqual(echoed, [...before, ["heard", "alive"]]);
    } else {
      const told = await this.watcher.until(session.name, "left");
      const [reason, detail = null] = [expected].flat();
      assert.deepEqual(told, [...before, ["left", reason, detail]]);
    }
  }
}

export function checkAnswer(got, { status, type, body, fields = {} }) {
  const match = (actual, expected, what) =>
    expected instanceof RegExp
      ? assert.match(String(actual ?? ""), expected, what)
      : assert.equal(actual, expected, what);
  match(got.status, status, `status, with ${JSON.stringify(got.body.slice(0, 200))}`);
  if (body !== undefined) match(got.body, body, "body");
  if (type !== undefined) match(got.headers["content-type"], type, "type");
  for (const [name, value] of Object.entries(fields)) match(got.headers[name], value, name);
}

// A poll on a session that is gone.
export async function checkGone(session) {
  checkAnswer(await session.get(), refused(1).answers[0]);
}
