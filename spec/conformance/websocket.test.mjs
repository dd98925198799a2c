// SPDX-License-Identifier: MIT
// The cases of websocket_cases.js and websocket_deflate_cases.js, each on a connection of its own,
// byte for byte over a real socket. Behind each, another client hears how the session ended and is
// served.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { closing, frame, op } from "../support/raw_websocket.js";
import { Witness, openSession } from "../support/witness.js";
import { startServer } from "../support/server.js";
import { cases, limit } from "./websocket_cases.js";
import { deflateCases } from "./websocket_deflate_cases.js";

async function send(ws, { send: sent, chop = 0 }) {
  const frames = typeof sent === "function" ? sent() : sent;
  if (chop !== "frames") return ws.write(Buffer.concat(frames), chop);
  for (const each of frames) {
    await ws.write(each);
    await new Promise(setImmediate);
  }
}

async function expectFrames(ws, { expect = [] }) {
  for (const { op: opcode, data } of expect) {
    const got = await ws.frame();
    assert.equal(got.op, opcode, `opcode of ${got.data.subarray(0, 80)}`);
    assert.equal(Buffer.compare(got.data, data), 0, `${got.data.subarray(0, 80)}`);
  }
}

async function run(ws, each) {
  const goodbye = each.close ?? closing(1000);
  assert.equal(ws.fields["sec-websocket-extensions"], each.answer);
  for (let i = 0; i < (each.times ?? 1); i++) {
    await Promise.all([send(ws, each), expectFrames(ws, each)]);
  }
  if (each.close === undefined) await ws.write(frame(op.close, goodbye));
  await ws.closed(goodbye);
}

const suites = [
  ["WebSocket, case by case", cases, { MAX_SIZE: String(limit) }],
  ["WebSocket over TLS", cases, { MAX_SIZE: String(limit) }, true],
  ["WebSocket, compressed", deflateCases(false), { DEFLATE: "alone" }],
  ["WebSocket, compressed with takeover", deflateCases(true), { DEFLATE: "takeover" }],
];

for (const [name, table, env, tls = false] of suites) {
  describe(name, { timeout: 120000 }, () => {
    let server, witness;
    before(async () => (server = await startServer("ws_echo", { env, tls })));
    after(() => {
      witness?.close();
      return server?.stop();
    });

    for (const each of table) {
      it(`${each.id} ${each.what}`, async () => {
        witness ??= await Witness.open(server.port, { encrypted: tls });
        const fields = each.offer ? { "Sec-WebSocket-Extensions": each.offer } : {};
        const ws = await openSession(server.port, { fields, encrypted: tls });
        try {
          await run(ws, each);
          assert.equal(await witness.told(), each.reason ?? "transport close");
          await witness.served();
        } catch (error) {
          witness.close(); // it may be told of this session in the next case
          witness = undefined;
          throw error;
        } finally {
          ws.destroy();
        }
      });
    }
  });
}
