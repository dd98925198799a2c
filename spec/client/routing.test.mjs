// SPDX-License-Identifier: MIT
// Every request finds the worker that has its session: at every request boundary, whatever the
// segments, on connections that carry several sessions, for upgrades that land anywhere, and right
// after a worker has died. A 400 is only for the sessions of that one.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { RawConnection, request } from "../support/http.js";
import { handshake, placed, slotOf } from "../support/placement.js";
import { RawWebSocket, frame, op } from "../support/raw_websocket.js";
import { startServer } from "../support/server.js";
import { eventually } from "../support/wait.js";

const target = (sid, transport = "polling") =>
  `/socket.io/?EIO=4&transport=${transport}&sid=${sid}`;

// An event that nobody listens to, so that any number of them changes nothing.
const post = (sid) => {
  const body = '42["x"]';
  return `POST ${target(sid)} HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
};

for (const workers of [4, 8]) {
  describe(`routing between ${workers} workers`, { timeout: 120000 }, () => {
    let server, sids;

    // One session of each worker, connected to the main namespace.
    async function sessions() {
      const bySlot = new Map();
      await eventually("a session at each worker", async () => {
        const sid = await handshake(server);
        bySlot.set(slotOf(sid), sid);
        return bySlot.size === workers;
      });
      const list = [...bySlot.values()];
      for (const sid of list) {
        const url = server.url + target(sid);
        assert.equal((await request(url, { method: "POST", body: "40" })).status, 200);
        assert.match((await request(url)).body, /^40/);
      }
      return list;
    }

    before(async () => {
      server = await startServer("topology", { workers });
      sids = await sessions();
    });
    after(() => server?.stop());

    const taken = async (connection, what) => {
      const { status, body } = await connection.response();
      assert.deepEqual([status, body], [200, "ok"], what);
    };

    it("does not mind where a request is cut", async () => {
      const connection = await RawConnection.open(server.port);
      for (let at = 1; at < post(sids[0]).length; at++) {
        const text = post(sids[at % workers]);
        await connection.write(text.slice(0, at), text.slice(at));
        await taken(connection, `cut at ${at}`);
      }
      connection.close();
    });

    it("does not mind single bytes", async () => {
      const connection = await RawConnection.open(server.port);
      for (const sid of sids.slice(0, 2)) {
        await connection.write(...post(sid));
        await taken(connection);
      }
      connection.close();
    });

    it("takes requests for all of them in one segment, and answers in order", async () => {
      const connection = await RawConnection.open(server.port);
      const order = [...sids, ...[...sids].reverse()];
      const who = "GET /who HTTP/1.1\r\nHost: x\r\n\r\n";
      await connection.write(order.map((sid) => post(sid) + who).join(""));
      for (const sid of order) {
        await taken(connection);
        // The application's HTTP is served where the connection is by then.
        const { body } = await connection.response();
        assert.equal(JSON.parse(body).id, slotOf(sid) + 1);
      }
      connection.close();
    });

    it("takes them cut anywhere between two as well", async () => {
      const [a, b] = sids;
      const connection = await RawConnection.open(server.port);
      const text = post(a) + post(b);
      for (let at = 1; at < text.length; at += 7) {
        await connection.write(text.slice(0, at), text.slice(at));
        await taken(connection, `cut at ${at}, the first`);
        await taken(connection, `cut at ${at}, the second`);
      }
      connection.close();
    });

    it("takes them from many connections at once", async () => {
      await Promise.all(Array.from({ length: 40 }, async (_, i) => {
        const connection = await RawConnection.open(server.port);
        for (let round = 0; round < 10; round++) {
          await connection.write(post(sids[(i + round) % workers]));
          await taken(connection);
        }
        connection.close();
      }));
    });

    it("upgrades a polling session wherever the WebSocket lands", async () => {
      for (let round = 0; round < 4; round++) {
        const fresh = await Promise.all(sids.map(() => handshake(server)));
        await Promise.all(fresh.map(async (sid) => {
          const ws = await RawWebSocket.open(server.port, target(sid, "websocket"));
          await ws.write(frame(op.text, "2probe"));
          assert.equal(await ws.text(), "3probe");
          await ws.write(frame(op.text, "5"));
          await ws.write(frame(op.text, "40"));
          assert.match(await ws.text(), /^40\{"sid":/);
          ws.socket.destroy();
        }));
      }
    });

    it("refuses the sessions of a worker that has died, and no others", async () => {
      const { id, pid } = JSON.parse((await request(`${server.url}/who`)).body);
      process.kill(pid, "SIGKILL");
      const dead = sids.find((sid) => slotOf(sid) === id - 1);
      const cut = () => null; // the dying one had accepted the connection
      await eventually("a new worker", async () => {
        for (const sid of sids) {
          const how = { method: "POST", body: '42["x"]' };
          const answer = await request(server.url + target(sid), how).catch(cut);
          if (!answer) continue;
          if (sid === dead) {
            assert.equal(answer.status, 400);
            assert.equal(JSON.parse(answer.body).message, "Session ID unknown");
          } else {
            assert.deepEqual([answer.status, answer.body], [200, "ok"]);
          }
        }
        assert.equal((await placed(server)).length, 20); // a place at once
        const now = await request(`${server.url}/who`).catch(cut);
        const next = now && JSON.parse(now.body);
        return next?.id === id && next.pid !== pid;
      });
    });
  });
}
