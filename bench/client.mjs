// SPDX-License-Identifier: MIT
// A WebSocket client without a protocol library: frames are rendered once, answers are counted and
// checked.
import net from "node:net";
import { randomBytes } from "node:crypto";

// A masked text frame; the mask is zero, so the payload stands as it is (the server unmasks it all
// the same).
export function frame(text) {
  const payload = Buffer.from(text);
  const n = payload.length;
  const length = n < 126 ? [0x80 | n] : [0xfe, n >> 8, n & 255];
  const head = Buffer.from([0x81, ...length]);
  return Buffer.concat([head, Buffer.alloc(4), payload]);
}

// Whole unmasked frames at the front of `data`: calls fn(opcode, payload), returns what is left.
function eachFrame(data, fn) {
  let at = 0;
  while (data.length - at >= 2) {
    let n = data[at + 1];
    let head = 2;
    if (n === 126) {
      if (data.length - at < 4) break;
      n = data.readUInt16BE(at + 2);
      head = 4;
    } else if (n === 127) {
      throw new Error("frame larger than this bench sends");
    }
    if (data.length - at < head + n) break;
    fn(data[at] & 15, data.subarray(at + head, at + head + n));
    at += head + n;
  }
  return data.subarray(at);
}

const PONG = frame("3");

// Connects, upgrades, joins "/"; resolves with { send, onEvent, close } once CONNECT was answered.
export function connect(port) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, "127.0.0.1");
    socket.setNoDelay(true);
    let rest = Buffer.alloc(0);
    let upgraded = false;
    const self = { onEvent: null, send: (f) => socket.write(f), close: () => socket.destroy() };
    const onFrame = (opcode, payload) => {
      if (opcode !== 1) return reject(new Error(`unexpected frame ${opcode}`));
      const text = payload.latin1Slice(0, 2);
      if (text[0] === "2") socket.write(PONG);
      else if (text[0] === "0") socket.write(frame("40"));
      else if (text === "40") resolve(self);
      else self.onEvent(payload);
    };
    socket.on("data", (chunk) => {
      rest = rest.length ? Buffer.concat([rest, chunk]) : chunk;
      if (!upgraded) {
        const end = rest.indexOf("\r\n\r\n");
        if (end < 0) return;
        if (!rest.latin1Slice(0, 12).endsWith("101")) return reject(new Error(rest.toString()));
        upgraded = true;
        rest = rest.subarray(end + 4);
      }
      rest = eachFrame(rest, onFrame);
    });
    socket.on("error", reject);
    socket.on("close", () => reject(new Error("closed")));
    socket.write(
      [
        "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1",
        "Host: localhost",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        `Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}`,
        "\r\n",
      ].join("\r\n"),
    );
  });
}

export async function connectAll(port, n) {
  const clients = [];
  while (clients.length < n) {
    const batch = Array.from({ length: Math.min(100, n - clients.length) }, () => connect(port));
    clients.push(...(await Promise.all(batch)));
  }
  return clients;
}
