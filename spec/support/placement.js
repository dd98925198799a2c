// SPDX-License-Identifier: MIT
// Handshakes on connections where every byte is ours, many at once, and where their sessions live.

import net from "node:net";
import tls from "node:tls";
import { once } from "node:events";
import { trustOf } from "./certificate.js";

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// The worker's place in shared memory is the first of a sid's last four characters.
export const slotOf = (sid) => alphabet.indexOf(sid[16]);

// How many of the sids live at each place, the largest number first.
export function spread(sids) {
  const counts = new Map();
  for (const sid of sids) counts.set(slotOf(sid), (counts.get(slotOf(sid)) ?? 0) + 1);
  return [...counts.values()].sort((a, b) => b - a);
}

// One polling handshake on a connection of its own; resolves with its sid, or with what `then`, an
// application's path, answers behind it: where the session lives, the connection is.
export async function handshake(server, { headers = "", from, then } = {}) {
  const secure = server.url.startsWith("https");
  const at = { port: server.port, host: "127.0.0.1", servername: "localhost", localAddress: from };
  const socket = secure ? tls.connect({ ...at, ...trustOf(server.url) }) : net.connect(at);
  try {
    await once(socket, secure ? "secureConnect" : "connect");
    socket.write(`GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\n${headers}\r\n`);
    if (then) socket.write(`GET ${then} HTTP/1.1\r\nHost: x\r\n\r\n`);
    let text = "";
    for (;;) {
      const [data] = await Promise.race([once(socket, "data"), ended(socket, () => text)]);
      text += data;
      const sid = /"sid":"([^"]*)"/.exec(text);
      const behind = /"sid":.*\r\n\r\n(\{.*\})$/s.exec(text);
      if (then ? behind : sid) return then ? JSON.parse(behind[1]) : sid[1];
      if (/^HTTP\/1.1 [^2]/.test(text)) throw new Error(text.split("\r\n")[0]);
    }
  } finally {
    socket.destroy();
  }
}

async function ended(socket, text) {
  await once(socket, "end");
  throw new Error(`the connection ended behind "${text()}"`);
}

// As a client does: whose connection ends in a dying worker connects anew.
export async function placed(server, options) {
  for (let tries = 0; ; tries++) {
    try {
      return await handshake(server, options);
    } catch (error) {
      if (tries === 5) throw error;
    }
  }
}

// `n` of them at once.
export function burst(server, n, options) {
  return Promise.all(Array.from({ length: n }, (_, i) =>
    handshake(server, typeof options === "function" ? options(i) : options)));
}
