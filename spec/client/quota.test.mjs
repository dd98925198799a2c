// SPDX-License-Identifier: MIT
// What one client address may have: connections, WebSockets among them, and handshakes per second.

import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { after, before, describe, it } from "node:test";
import { RawConnection, request } from "../support/http.js";
import { startServer } from "../support/server.js";
import { Frames } from "../support/wire.js";

const polling = "/engine.io/?EIO=4&transport=polling";

// A connection from another address of the loopback network.
async function from(localAddress, port) {
  const socket = net.connect({ port, host: "127.0.0.1", localAddress });
  await once(socket, "connect");
  return new RawConnection(socket);
}

describe("connections of one address", { timeout: 60000 }, () => {
  let server;
  before(async () => {
    server = await startServer("quota", { workers: 1, env: { QUOTA: "connections" } });
  });
  after(() => server?.stop());

  it("are limited, WebSockets among them, and counted down", async () => {
    const a = await from("127.0.0.1", server.port);
    const frames = new Frames(`ws://127.0.0.1:${server.port}/engine.io/?EIO=4&transport=websocket`);
    assert.match(await frames.next(), /^0\{/);
    assert.equal((await a.get(polling)).status, 200);
    const refused = await from("127.0.0.1", server.port);
    assert.equal((await refused.response()).status, 429);
    const other = await from("127.0.0.2", server.port);
    assert.equal((await other.get(polling)).status, 200);
    assert.equal((await a.get(polling)).status, 200); // who has one keeps it
    frames.close();
    await frames.end();
    for (;;) { // until the server has seen the end of it
      const again = await from("127.0.0.1", server.port);
      again.write(`GET ${polling} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
      const { status } = await again.response();
      again.close();
      if (status === 200) break;
      assert.equal(status, 429);
    }
    for (const each of [a, refused, other]) each.close();
    await server.said(/an address has max_connections_per_address.* ip=127\.0\.0\.1/);
  });
});

describe("handshakes of one address", { timeout: 60000 }, () => {
  let server;
  before(async () => {
    server = await startServer("quota", { workers: 1, env: { QUOTA: "handshakes" } });
  });
  after(() => server?.stop());

  it("are limited per second", async () => {
    const url = `http://127.0.0.1:${server.port}${polling}`;
    const answers = [];
    for (let i = 0; i < 30; i++) answers.push(await request(url));
    const refused = answers.filter(({ status }) => status === 429);
    const taken = answers.filter(({ status }) => status === 200);
    assert.equal(refused.length + taken.length, 30);
    assert.ok(taken.length >= 3 && refused.length > 0, `${taken.length} of 30`);
    assert.equal(refused[0].headers["retry-after"], "1");
    const { sid } = JSON.parse(taken[0].body.slice(1)); // sessions that there are go on
    assert.equal((await request(`${url}&sid=${sid}`, { method: "POST", body: "4x" })).status, 200);
    const other = await from("127.0.0.2", server.port);
    assert.equal((await other.get(polling)).status, 200);
    other.close();
  });
});
