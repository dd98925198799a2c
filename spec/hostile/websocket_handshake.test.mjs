// SPDX-License-Identifier: MIT
// Upgrade requests, good and bad, over a real socket: what is answered, and that the next client is
// served. A refusal is an HTTP answer before any 101.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { RawConnection } from "../support/http.js";
import { RawWebSocket, closing, frame, op } from "../support/raw_websocket.js";
import { Witness, openSession, target } from "../support/witness.js";
import { startServer } from "../support/server.js";

const polling = "/engine.io/?EIO=4&transport=polling";
const accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="; // to the key of raw_websocket.js, by RFC 6455 §1.3
const badKey = "Missing or invalid Sec-WebSocket-Key header";
const badVersion = "Missing or invalid Sec-WebSocket-Version header";
const badProtocol = "Invalid Sec-WebSocket-Protocol header";
const badUpgrade = "Invalid Upgrade header";

const key = (value) => ({ fields: { "Sec-WebSocket-Key": value } });
const version = (value) => ({ fields: { "Sec-WebSocket-Version": value } });
const protocol = (value) => ({ fields: { "Sec-WebSocket-Protocol": value } });
const extensions = (value) => ({ fields: { "Sec-WebSocket-Extensions": value } });
const upgrade = (value) => ({ fields: { Upgrade: value } });
const at = (query) => ({ target: `/engine.io/?${query}` });
const withSid = (sid) => at(`EIO=4&transport=websocket&sid=${sid}`);

// [id, what, how the request differs, the body of the 400, further fields of it]
const refused = [
  ["W02.1", "no key", key(null), badKey],
  ["W02.2", "a key of 15 bytes", key("YWJjZGVmZ2hpamtsbW5v"), badKey],
  ["W02.3", "a key of 17 bytes", key("YWJjZGVmZ2hpamtsbW5vcHE="), badKey],
  ["W02.4", "a key that is no base64", key("dGhlIHNhbXBsZSBub25jZ!=="), badKey],
  ["W02.5", "two keys", key(["dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ=="]), badKey],
  ["W05.1", "no version", version(null), badVersion, { "sec-websocket-version": "13" }],
  ["W05.2", "version 12", version("12"), badVersion, { "sec-websocket-version": "13" }],
  ["W05.3", "two versions", version("13, 8"), badVersion, { "sec-websocket-version": "13" }],
  ["W05.4", "version 8", version("8"), badVersion, { "sec-websocket-version": "13" }],
  ["W09", "POST", { method: "POST" }, "Bad handshake method"],
  ["W10", "HTTP/1.0", { version: "1.0" }, badUpgrade],
  ["W11.1", "an upgrade to websocketx", upgrade("websocketx"), badUpgrade],
  ["W11.2", "an upgrade to h2c", upgrade("h2c"), badUpgrade],
  ["W11.3", "an upgrade to one of two", upgrade("websocket, foo"), badUpgrade],
  ["W18.1", "an empty protocol", protocol("a,,b"), badProtocol],
  ["W18.2", "a protocol twice", protocol("a, a"), badProtocol],
  ["W18.3", "15000 commas", protocol(",".repeat(15000)), badProtocol], // CVE-2021-32640
  ["W18.4", "15000 blanks in a protocol", protocol(`a${" ".repeat(15000)}b`), badProtocol],
  ["W24.1", "an unknown sid", withSid("aaaaaaaaaaaaaaaaaaaa"), "Session ID unknown"],
  ["W24.2", "sid __proto__", withSid("__proto__"), "Session ID unknown"],
  ["W24.3", "sid constructor", withSid("constructor"), "Session ID unknown"],
  ["W24.4", "sid toString", withSid("toString"), "Session ID unknown"],
  ["W24.5", "a sid of 5000 octets", withSid("a".repeat(5000)), "Session ID unknown"],
  ["W25", "an upgrade of transport polling", at("EIO=4&transport=polling"), "Bad request"],
  ["W26.1", "transport webtransport", at("EIO=4&transport=webtransport"), "Transport unknown"],
  ["W26.2", "transport __proto__", at("EIO=4&transport=__proto__"), "Transport unknown"],
  ["W26.3", "no transport", at("EIO=4"), "Transport unknown"],
  ["W27.1", "EIO=3", at("EIO=3&transport=websocket"), "Unsupported protocol version"],
  ["W27.2", "no EIO", at("transport=websocket"), "Unsupported protocol version"],
];

// [id, what, how the request differs, further fields of the 101]
const accepted = [
  ["W01", "the plain request", {}],
  ["W11.4", "Upgrade: WebSocket", upgrade("WebSocket")],
  ["W13", "Connection: keep-alive, Upgrade", { fields: { Connection: "keep-alive, Upgrade" } }],
  ["W20.1", "a protocol", protocol("chat"), { "sec-websocket-protocol": "chat" }],
  ["W20.2", "the first of three protocols", protocol(["chat , b", "c"]),
    { "sec-websocket-protocol": "chat" }],
  ["W21.1", "an extension with a bad parameter", extensions("permessage-deflate; =7")],
  ["W21.2", "nothing but semicolons as extension", extensions(";;")],
  ["W21.3", "extension constructor", extensions("constructor")], // GHSA-5v72-xg48-5rpm
  ["W21.4", "extension __proto__", extensions("__proto__")],
  ["W21.5", "15000 octets of a quoted parameter that does not end", // CVE-2020-7662
    extensions(`a; b="${"\\c".repeat(7000)}`)],
  ["X1", "a field __proto__", { fields: { ["__proto__"]: "x" } }], // CVE-2026-21710
];

describe("WebSocket handshakes", { timeout: 60000 }, () => {
  let server, witness;
  before(async () => {
    server = await startServer("ws_echo");
    witness = await Witness.open(server.port);
  });
  after(() => {
    witness?.close();
    return server?.stop();
  });

  // On a connection that is closed, whatever happens.
  const request = async (options, see) => {
    const { target: where = target, ...rest } = options;
    const ws = await RawWebSocket.request(server.port, where, rest);
    try {
      await see(ws);
    } finally {
      ws.destroy();
    }
  };
  const expectRefusal = async (ws, body, more = {}) => {
    const answer = await ws.response();
    assert.match(answer.text, /^HTTP\/1\.1 400 Bad Request\r\n/);
    assert.equal(answer.body, body);
    const { date, ...fields } = answer.fields;
    assert.match(date, / GMT$/);
    assert.deepEqual(fields, {
      "content-type": "text/html",
      "content-length": String(body.length),
      connection: "close",
      ...more,
    });
    await ws.ended();
  };

  for (const [id, what, options, body, more] of refused) {
    it(`${id} ${what}: 400 ${body}`, async () => {
      await request(options, (ws) => expectRefusal(ws, body, more));
      await witness.served();
    });
  }

  for (const [id, what, options, more] of accepted) {
    it(`${id} ${what}: 101`, async () => {
      await request(options, async (ws) => {
        const { text, fields } = await ws.head();
        assert.match(text, /^HTTP\/1\.1 101 Switching Protocols\r\n/);
        assert.deepEqual(fields, {
          upgrade: "websocket",
          connection: "Upgrade",
          "sec-websocket-accept": accept,
          ...more,
        });
        assert.match(await ws.text(), /^0{"sid":/);
      });
      assert.equal(await witness.told(), "transport close");
      await witness.served();
    });
  }

  for (const name of ["Connection", "Upgrade"]) {
    it(`W15 no ${name} field: JSON, and the connection stays`, () =>
      request({ fields: { [name]: null } }, async (ws) => {
        const answer = await ws.response();
        assert.equal(answer.status, 400);
        assert.equal(answer.body, '{"code":3,"message":"Bad request"}');
        await ws.write(`GET ${polling} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
        const { body } = await ws.response();
        await ws.write(
          `POST ${polling}&sid=${JSON.parse(body.slice(1)).sid} HTTP/1.1\r\n` +
            "Host: localhost\r\nContent-Length: 1\r\n\r\n1",
        );
        assert.equal((await ws.response()).body, "ok");
        assert.equal(await witness.told(), "transport close");
      }));
  }

  it("W25 an upgrade of transport polling leaves its session alone", async () => {
    const connection = await RawConnection.open(server.port);
    const { sid } = JSON.parse((await connection.get(polling)).body.slice(1));
    await request({ target: `${polling}&sid=${sid}` }, (ws) => expectRefusal(ws, "Bad request"));
    assert.equal((await connection.post(`${polling}&sid=${sid}`, "4still")).body, "ok");
    assert.equal((await connection.get(`${polling}&sid=${sid}`)).body, "4still");
    assert.equal((await connection.post(`${polling}&sid=${sid}`, "1")).body, "ok");
    connection.close();
    assert.equal(await witness.told(), "transport close");
  });

  it("W28 an upgrade elsewhere: 404, and the connection closes", () =>
    request({ target: "/elsewhere" }, async (ws) => {
      const { status, fields } = await ws.response();
      assert.equal(status, 404);
      assert.equal(fields.connection, "close");
      await ws.ended();
    }));

  for (const fields of [{ "Content-Length": "1" }, { "Transfer-Encoding": "chunked" }]) {
    it(`W29 an upgrade with ${Object.keys(fields)}: 400`, async () => {
      await request({ fields, behind: "1\r\nx\r\n0\r\n\r\n" }, async (ws) => {
        assert.equal((await ws.response()).status, 400);
        await ws.ended();
      });
      await witness.served();
    });
  }

  it("W31 frames in one write with the request are processed", async () => {
    const behind = Buffer.concat([frame(op.text, "4early"), frame(op.ping, "early")]);
    const ws = await openSession(server.port, { behind });
    assert.equal(await ws.text(), "4early");
    assert.deepEqual(await ws.frame(), { op: op.pong, data: Buffer.from("early") });
    ws.destroy();
    assert.equal(await witness.told(), "transport close");
  });

  for (const rsv of [1, 2, 3]) { // CVE-2022-21676
    it(`W35 RSV ${rsv} in one write with the request: 1002`, async () => {
      const ws = await openSession(server.port, { behind: frame(op.text, "4early", { rsv }) });
      await ws.closed(closing(1002));
      assert.equal(await witness.told(), "transport error/Invalid WebSocket frame");
      await witness.served();
    });
  }

  it("W33 EIO=3 for a session of version 4, then its packets", async () => {
    const connection = await RawConnection.open(server.port);
    const { sid } = JSON.parse((await connection.get(polling)).body.slice(1));
    const probe = [frame(op.text, "2probe"), frame(op.text, "5"), frame(op.text, "2")];
    const options = { target: `/engine.io/?EIO=3&transport=websocket&sid=${sid}` };
    await request({ ...options, behind: Buffer.concat(probe) }, (ws) =>
      expectRefusal(ws, "Bad request"));
    assert.equal((await connection.post(`${polling}&sid=${sid}`, "1")).body, "ok");
    connection.close();
    assert.equal(await witness.told(), "transport close");
    await witness.served();
  });

  it("H16 an upgrade with 1000 fields: 431", async () => { // CVE-2024-37890
    const fields = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`x${i}`, ""]));
    await request({ fields }, async (ws) => assert.equal((await ws.response()).status, 431));
    await witness.served();
  });

  it("W34 a thousand bad upgrades that are reset", async () => { // CVE-2022-41940
    const spoil = async (i) => {
      const { target: where = target, ...options } = refused[i % refused.length][2];
      const ws = await RawWebSocket.request(server.port, where, options);
      ws.socket.resetAndDestroy();
    };
    for (let i = 0; i < 1000; i += 50) {
      await Promise.all(Array.from({ length: 50 }, (_, k) => spoil(i + k)));
    }
    await witness.served();
  });
});
