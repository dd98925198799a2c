// SPDX-License-Identifier: MIT
// The cases of the official Engine.IO v3 suite, in our words, and what it leaves out: [what must
// hold, how to see it, order?] (see places.js). The server at the other end sends messages back.
// The suite does not ask what happens to a WebSocket of another version; a second poll it leaves
// out, and here it is asked for.

import assert from "node:assert/strict";

const pingIntervalMs = 300;
const pingTimeoutMs = 600; // the official suites have 200, which a busy client can miss
const arriveMs = 100; // in which a request has reached its session
const tookOver = "the packet 5 on the WebSocket comes before a request on another connection";
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const mixed = "6:4hello10:b4AQIDBA==";
const mixedBytes = Buffer.from("\x00\x06\xff4hello\x01\x05\xff\x04\x01\x02\x03\x04", "latin1");

function checkHandshake(packet, upgrades) {
  assert.equal(packet[0], "0");
  const { sid, maxPayload, ...rest } = JSON.parse(packet.slice(1));
  assert.equal(typeof sid, "string");
  assert.equal(maxPayload, 1000000);
  assert.deepEqual(rest, { upgrades, pingInterval: pingIntervalMs, pingTimeout: pingTimeoutMs });
}

async function refused(wire, query, options) {
  assert.equal((await wire.request(query, options)).status, 400, query);
}

async function pushes(wire, sid, payload) {
  const { status, body } = await wire.push(sid, payload);
  assert.deepEqual([status, body], [200, "ok"]);
}

async function polls(wire, sid, payload) {
  const { status, body } = await wire.poll(sid);
  assert.deepEqual([status, body], [200, payload]);
}

// What is posted comes back in the next poll.
async function comesBack(wire, payload, more = "&b64=1") {
  const sid = await wire.handshake(more);
  await pushes(wire, sid, payload);
  await polls(wire, sid, payload);
}

async function isGone(wire, sid) {
  assert.equal((await wire.poll(sid)).status, 400);
}

async function upgraded(wire) {
  const { sid, frames, answer } = await wire.probed();
  assert.equal(answer, "3probe");
  frames.send("5");
  return { sid, frames };
}

async function stillTalks(frames) {
  frames.send("4hello");
  assert.equal(await frames.next(), "4hello");
}

const handshake = [
  ["handshake: polling opens a session", async (wire) => {
    const { status, body } = await wire.request("EIO=3&transport=polling");
    assert.equal(status, 200);
    const [length] = body.split(":", 1);
    assert.equal(body.length, length.length + 1 + Number(length));
    checkHandshake(body.slice(length.length + 1), ["websocket"]);
  }],
  ["handshake: polling without an EIO is v3", async (wire) => {
    for (const query of ["transport=polling", "EIO=abc&transport=polling"]) {
      const { status, body } = await wire.request(query);
      assert.equal(status, 200, query);
      assert.match(body, /^\d+:0\{/);
    }
  }],
  ["handshake: polling without a known transport is refused", async (wire) => {
    await refused(wire, "EIO=3");
    await refused(wire, "EIO=3&transport=abc");
  }],
  ["handshake: polling opens by GET only", (wire) =>
    refused(wire, "EIO=3&transport=polling", { method: "POST" })],
  ["handshake: WebSocket opens a session", async (wire) => {
    checkHandshake(await wire.socket().next(), []);
  }],
  ["handshake: WebSocket without an EIO is v3", async (wire) => {
    const frames = wire.socket("transport=websocket");
    await frames.next();
    frames.send("2");
    assert.equal(await frames.next(), "3");
  }],
  ["handshake: WebSocket without a known transport is closed", async (wire) => {
    await wire.socket("EIO=3").end();
    await wire.socket("EIO=3&transport=abc").end();
  }],
];

const message = [
  ["message: polling carries a text packet", (wire) => comesBack(wire, "6:4hello")],
  ["message: polling carries several text packets", (wire) =>
    comesBack(wire, "6:4test16:4test26:4test3")],
  ["message: polling carries base64 beside text", (wire) => comesBack(wire, mixed)],
  ["message: polling carries bytes beside text", async (wire) => {
    const sid = await wire.handshake();
    await pushes(wire, sid, mixed);
    const { status, bytes, headers } = await wire.poll(sid);
    assert.deepEqual([status, bytes], [200, mixedBytes]);
    assert.equal(headers["content-type"], "application/octet-stream");
  }],
  ["message: lengths are UTF-16 units", (wire) =>
    comesBack(wire, "3:4\u{1f600}2:4\u00fc2:4\u2603")],
  ["message: bytes can be posted", async (wire) => {
    const sid = await wire.handshake("&b64=1");
    const headers = { "Content-Type": "application/octet-stream" };
    const pushed = await wire.poll(sid, { method: "POST", body: mixedBytes, headers });
    assert.deepEqual([pushed.status, pushed.body], [200, "ok"]);
    await polls(wire, sid, mixed);
  }],
  ["message: polling closes on a packet that is none", async (wire) => {
    const endless = `${"9".repeat(400)}:4`;
    for (const body of ["abc", "", "4hello", "400:4hello", "-1:4", "1:7", endless]) {
      const sid = await wire.handshake();
      await wire.push(sid, body).catch(() => {}); // how the post itself ends is open
      await isGone(wire, sid);
    }
  }],
  ["message: polling closes on a second poll beside the first", async (wire) => {
    const sid = await wire.handshake();
    const first = wire.poll(sid);
    await sleep(arriveMs);
    assert.ok([400, 500].includes((await wire.poll(sid)).status));
    assert.equal((await first).body, "1:1");
    await isGone(wire, sid);
  }],
  ["message: WebSocket carries a text packet", async (wire) => {
    await stillTalks(await wire.session());
  }],
  ["message: WebSocket carries a binary packet", async (wire) => {
    const frames = await wire.session();
    for (const length of [0, 4, 125, 126, 70000]) {
      const packet = Buffer.concat([Buffer.from([4]), Buffer.alloc(length, "x")]);
      frames.send(packet);
      assert.deepEqual(await frames.next(), packet);
    }
  }],
  ["message: WebSocket with b64 carries base64", async (wire) => {
    const frames = wire.socket("EIO=3&transport=websocket&b64=1");
    await frames.next();
    frames.send("b4AQIDBA==", Buffer.from([4, 1, 2]));
    assert.equal(await frames.next(), "b4AQIDBA==");
    assert.equal(await frames.next(), "b4AQI=");
  }],
  ["message: WebSocket closes on a packet that is none", async (wire) => {
    for (const packet of ["abc", "", "b2AQID", Buffer.alloc(0), Buffer.from([2, 1])]) {
      const frames = await wire.session();
      frames.send(packet);
      await frames.end();
    }
  }],
];

const heartbeat = [
  ["heartbeat: polling: pings are answered", async (wire) => {
    const sid = await wire.handshake();
    for (let n = 0; n < 3; n++) {
      await pushes(wire, sid, "1:2");
      await polls(wire, sid, "1:3");
    }
  }],
  ["heartbeat: polling: silence ends the session", async (wire) => {
    const sid = await wire.handshake();
    await sleep(pingIntervalMs + pingTimeoutMs); // when it is due, says spec/c/eio_heartbeat_test.c
    while ((await wire.poll(sid)).status === 200); // whose server was itself kept from running
    assert.equal((await wire.push(sid, "1:2")).status, 400);
  }],
  ["heartbeat: WebSocket: pings are answered", async (wire) => {
    const frames = await wire.session();
    for (let n = 0; n < 3; n++) {
      frames.send("2");
      assert.equal(await frames.next(), "3");
    }
  }],
  ["heartbeat: WebSocket: silence ends the session", (wire) => wire.socket().end()],
  ["heartbeat: silence after an upgrade ends the session", async (wire) => {
    const { frames } = await upgraded(wire);
    await frames.end();
  }],
  ["heartbeat: a pong is the server's", async (wire) => {
    const frames = await wire.session();
    frames.send("3");
    await frames.end();
    const sid = await wire.handshake();
    await pushes(wire, sid, "1:3");
    await isGone(wire, sid);
  }],
];

const close = [
  ["close: polling: a close packet ends the waiting poll with a noop", async (wire) => {
    const sid = await wire.handshake();
    const polling = wire.poll(sid);
    await sleep(arriveMs); // two connections have no order of their own
    await wire.push(sid, "1:1");
    assert.equal((await polling).body, "1:6");
    await isGone(wire, sid);
  }],
  ["close: WebSocket: a close packet closes", async (wire) => {
    const frames = await wire.session();
    frames.send("1");
    await frames.end();
  }],
];

const upgrade = [
  ["upgrade: a probe is answered, the poll released, the WebSocket takes over", async (wire) => {
    const { sid, frames, answer } = await wire.probed();
    assert.equal(answer, "3probe");
    await polls(wire, sid, "1:6");
    frames.send("5");
    await stillTalks(frames);
  }],
  ["upgrade: requests are refused after it", async (wire) => {
    const { sid, frames } = await upgraded(wire);
    await isGone(wire, sid);
    await stillTalks(frames);
  }, tookOver],
  ["upgrade: a second WebSocket is refused after it", async (wire) => {
    const { sid, frames } = await upgraded(wire);
    await wire.socket(`EIO=3&transport=websocket&sid=${sid}`).end();
    await stillTalks(frames);
  }, tookOver],
  ["upgrade: b64 counts for the transport that says so", async (wire) => {
    const sid = await wire.handshake("&b64=1");
    const frames = wire.socket(`EIO=3&transport=websocket&sid=${sid}`);
    await frames.open();
    frames.send("2probe");
    await frames.next();
    frames.send("5", Buffer.from([4, 1]));
    assert.deepEqual(await frames.next(), Buffer.from([4, 1]));
  }],
  ["upgrade: another version is refused", async (wire) => {
    const sid = await wire.handshake();
    const { status, body } = await wire.request(`EIO=4&transport=polling&sid=${sid}`);
    assert.deepEqual([status, JSON.parse(body).code], [400, 3]);
    await wire.socket(`EIO=4&transport=websocket&sid=${sid}`).end();
    await pushes(wire, sid, "1:2");
    await polls(wire, sid, "1:3");
  }],
];

export const engineV3Cases = [...handshake, ...message, ...heartbeat, ...close, ...upgrade];
