// SPDX-License-Identifier: MIT
// A hundred thousand clients come, join, talk and leave, in each of the ways in which one can.
// Then nothing of them is left: no entry in a table, no handle, no byte.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import net from "node:net";
import { frame, op, upgradeRequest } from "../support/raw_websocket.js";
import { startServer } from "../support/server.js";
import { eventually } from "../support/wait.js";

const sanitized = process.env.SIO_PRELOAD !== undefined;
const atOnce = 64;
// More than the ports of one address, which are kept from use for a minute.
const addresses = 200;
const bytesEach = 16; // more of each client would be an entry of a table
const spareBytes = 128 * 1024;

const hello = (auth) =>
  Buffer.concat([
    Buffer.from(upgradeRequest("/socket.io/?EIO=4&transport=websocket")),
    frame(op.text, `40${JSON.stringify(auth)}`),
    frame(op.text, '420["talk","how are you"]'),
  ]);
const answer = '430["how are you"]';
const farewells = {
  fin: (socket) => socket.end(),
  reset: (socket) => socket.resetAndDestroy(),
  leave: (socket) => socket.end(Buffer.concat([frame(op.text, "41"), frame(op.close)])),
  closeFrame: (socket) => socket.end(frame(op.close)),
  bye: (socket) => socket.write(frame(op.text, '42["bye"]')),
  wrong: (socket) => socket.write(frame(op.text, "nonsense")),
};
const ways = Object.values(farewells);

// One connection's life: it talks, is answered, and leaves; or the server closes, which it
// confirms. What it has read.
function live(port, number, auth, leave) {
  return new Promise((resolve, reject) => {
    const localAddress = `127.0.0.${2 + (number % addresses)}`;
    const socket = net.connect({ port, host: "127.0.0.1", localAddress });
    let answered = false;
    let text = "";
    socket.on("connect", () => socket.write(hello(auth)));
    socket.on("data", (data) => {
      if (answered) {
        if (socket.writable && data.includes(0x88)) socket.end(frame(op.close));
        return;
      }
      text += data.toString("latin1");
      answered = text.includes(answer);
      if (answered) leave(socket);
    });
    socket.on("error", reject);
    socket.on("close", () => {
      if (answered) resolve(text);
      else reject(new Error(`not answered: ${text}`));
    });
  });
}

// With `again` each client is cut off once and comes back, before or after that was noticed.
async function liveAll(port, first, count, again) {
  let next = first;
  const worker = async () => {
    while (next < first + count) {
      const number = next++;
      const auth = { name: "ann" };
      if (again) {
        const text = await live(port, number, auth, farewells.reset);
        [, auth.pid] = text.match(/"pid":"([^"]+)"/);
      }
      await live(port, number, auth, ways[number % ways.length]);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

const empty = {
  sessions: 0, clients: 0, sockets: 0, connected: 0, rooms: 0, acks: 0, timed: 0, keeps: 0,
  parked: 0, dirty: 0, claims: 0, asks: 0,
};
const pick = (census, names) => Object.fromEntries(names.map((name) => [name, census[name]]));

function soak(title, { cycles, env }) {
  describe(title, { timeout: 550000 }, () => {
    let server;
    before(async () => {
      server = await startServer("soak", { workers: 1, env });
    });
    after(() => server?.stop());

    const take = async () => {
      const headers = { connection: "close" };
      return (await fetch(`${server.url}/census`, { headers })).json();
    };
    // When the last client has been noticed to be gone, and the last session has expired.
    const settled = () =>
      eventually("an empty server", async () => {
        const census = await take();
        const names = Object.keys(empty);
        return JSON.stringify(pick(census, names)) === JSON.stringify(empty) && census;
      });

    it(`${cycles} clients leave nothing behind`, async () => {
      const warm = Math.min(10000, Math.floor(cycles / 3));
      const again = env !== undefined;
      await liveAll(server.port, 0, warm, again);
      const before = await settled();
      await liveAll(server.port, warm, cycles - warm, again);
      const after = await settled();
      const same = ["objects", "callbacks", "registry", "coroutines", "handles", "connections"];
      assert.deepEqual(pick(after, same), pick(before, same));
      const lives = again ? 2 * cycles : cycles;
      const expected = { disconnected: lives, other: 0, recovered: lives - cycles };
      assert.deepEqual(pick(after, Object.keys(expected)), expected);
      const most = (cycles - warm) * bytesEach + spareBytes;
      assert.ok(after.lua - before.lua < most, `Lua: ${before.lua}, then ${after.lua}`);
      assert.ok(after.heap - before.heap < most, `heap: ${before.heap}, then ${after.heap}`);
    });
  });
}

soak("soak", { cycles: sanitized ? 6000 : 100000 });
soak("soak with recovery", { cycles: sanitized ? 3000 : 20000, env: { RECOVERY: "0.5" } });
