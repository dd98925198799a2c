// SPDX-License-Identifier: MIT
// Engine.IO v3 (allow_eio3): the official suite's cases (see engine_v3_cases.js) against raw
// Engine.IO. The same server still speaks v4, and one without the option does not speak v3.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { startServer } from "../support/server.js";
import { Wire } from "../support/wire.js";
import { engineCases } from "./engine_cases.js";
import { engineV3Cases } from "./engine_v3_cases.js";
import { everywhere } from "./places.js";

everywhere("Engine.IO v3", { app: "eio3_echo", path: "/engine.io/", eio: 3 }, engineV3Cases);

// Without a known EIO a client is of v3 then.
const isOfV4 = ([name]) => !name.includes("known EIO");

describe("Engine.IO v4 beside v3", { timeout: 60000 }, () => {
  let server, wire;
  before(async () => {
    server = await startServer("eio3_echo");
    wire = new Wire(server.url, "/engine.io/");
  });
  afterEach(() => wire?.close());
  after(() => server?.stop());

  for (const [name, run] of engineCases(true).filter(isOfV4)) it(name, () => run(wire, true));
});

describe("Engine.IO v3 without allow_eio3", { timeout: 60000 }, () => {
  let server, wire;
  before(async () => {
    server = await startServer("eio_echo");
    wire = new Wire(server.url, "/engine.io/");
  });
  afterEach(() => wire?.close());
  after(() => server?.stop());

  const refusal = { code: 5, message: "Unsupported protocol version" };

  it("refuses handshakes", async () => {
    for (const query of ["EIO=3&transport=polling", "transport=polling"]) {
      const { status, body } = await wire.request(query);
      assert.deepEqual([status, JSON.parse(body)], [400, refusal], query);
    }
    await wire.socket("EIO=3&transport=websocket").end();
  });

  it("refuses v3 on a session of v4", async () => {
    const sid = await wire.handshake();
    const { status, body } = await wire.request(`EIO=3&transport=polling&sid=${sid}`);
    assert.deepEqual([status, JSON.parse(body).code], [400, 3]);
  });

  it("sends base64 on a WebSocket that asks for it, and takes it", async () => {
    const frames = wire.socket("EIO=4&transport=websocket&b64=1");
    await frames.next();
    frames.send(Buffer.from([1, 2, 3, 4]), "bAQID");
    assert.equal(await frames.nextPacket(), "bAQIDBA==");
    assert.equal(await frames.nextPacket(), "bAQID");
  });
});
