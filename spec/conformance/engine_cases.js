// SPDX-License-Identifier: MIT
// The cases of the official Engine.IO v4 suite, in our words: [what must hold, how to see it,
// order?] (see places.js). `echo` says whether the server at the other end sends messages back
// (Engine.IO alone does, Socket.IO on top of it does not); nine cases and the last steps of
// three need it.

import assert from "node:assert/strict";

const pingIntervalMs = 300;
const pingTimeoutMs = 600; // the official suites have 200, which a busy client can miss
const arriveMs = 100; // in which a request has reached its session
const tookOver = "the packet 5 on the WebSocket comes before a request on another connection";
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function checkHandshake(packet, upgrades) {
  assert.equal(packet[0], "0");
  const { sid, ...rest } = JSON.parse(packet.slice(1));
  assert.equal(typeof sid, "string");
  assert.deepEqual(rest, {
    upgrades,
    pingInterval: pingIntervalMs,
    pingTimeout: pingTimeoutMs,
    maxPayload: 1000000,
  });
}

async function refused(wire, ...queries) {
  for (const query of queries) assert.equal((await wire.request(query)).status, 400, query);
}

async function refusedSocket(wire, ...queries) {
  for (const query of queries) await wire.socket(query).end();
}

// What is posted comes back in the next poll.
async function comesBack(wire, payload) {
  const sid = await wire.handshake();
  const pushed = await wire.push(sid, payload);
  assert.deepEqual([pushed.status, pushed.body], [200, "ok"]);
  const polled = await wire.poll(sid);
  assert.deepEqual([polled.status, polled.body], [200, payload]);
}

async function isGone(wire, sid) {
  assert.equal((await wire.poll(sid)).status, 400);
}

const handshake = [
  ["polling opens a session", async (wire) => {
    const { status, body } = await wire.request("EIO=4&transport=polling");
    assert.equal(status, 200);
    checkHandshake(body, ["websocket"]);
  }],
  ["polling without a known EIO is refused", (wire) =>
    refused(wire, "transport=polling", "EIO=abc&transport=polling")],
  ["polling without a known transport is refused", (wire) =>
    refused(wire, "EIO=4", "EIO=4&transport=abc")],
  ["polling opens by GET only", async (wire) => {
    for (const method of ["POST", "PUT"]) {
      const { status } = await wire.request("EIO=4&transport=polling", { method });
      assert.equal(status, 400, method);
    }
  }],
  ["WebSocket opens a session", async (wire) => {
    checkHandshake(await wire.socket().next(), []);
  }],
  ["WebSocket without a known EIO is closed", (wire) =>
    refusedSocket(wire, "transport=websocket", "EIO=abc&transport=websocket")],
  ["WebSocket without a known transport is closed", (wire) =>
    refusedSocket(wire, "EIO=4", "EIO=4&transport=abc")],
];

const message = [
  ["polling carries a text packet", (wire) => comesBack(wire, "4hello")],
  ["polling carries several text packets", (wire) => comesBack(wire, "4test1\x1e4test2\x1e4test3")],
  ["polling carries text beside binary", (wire) => comesBack(wire, "4hello\x1ebAQIDBA==")],
  ["polling closes on a packet that is none", async (wire) => {
    const sid = await wire.handshake();
    // how the post itself ends is open: Node's server says 200, another may refuse it or cut it off
    await wire.push(sid, "abc").catch(() => {});
    await isGone(wire, sid);
  }],
  ["polling closes on a second poll beside the first", async (wire) => {
    const sid = await wire.handshake();
    const first = wire.poll(sid);
    await sleep(arriveMs);
    const second = await wire.poll(sid);
    assert.ok([400, 500].includes(second.status));
    const { status, body } = await first;
    assert.deepEqual([status, body], [200, "1"]);
    await isGone(wire, sid);
  }],
  ["polling closes when the client gives a poll up", async (wire) => {
    const sid = await wire.handshake();
    const givenUp = new AbortController();
    const poll = wire.poll(sid, { signal: givenUp.signal }).catch((error) => error);
    await sleep(arriveMs);
    givenUp.abort();
    assert.equal((await poll).name, "AbortError");
    await isGone(wire, sid);
  }, "the end of one connection comes before a request on another"],
  ["WebSocket carries a text packet", async (wire) => {
    const frames = await wire.session();
    frames.send("4hello");
    assert.equal(await frames.next(), "4hello");
  }],
  ["WebSocket carries a binary packet", async (wire) => {
    const frames = await wire.session();
    frames.send(Buffer.from([1, 2, 3, 4]));
    assert.deepEqual(await frames.next(), Buffer.from([1, 2, 3, 4]));
  }],
  ["WebSocket closes on a packet that is none", async (wire) => {
    const frames = await wire.session();
    frames.send("abc");
    await frames.end();
  }],
];

const heartbeat = [
  ["polling: pings come and are answered", async (wire) => {
    const sid = await wire.handshake();
    for (let n = 0; n < 3; n++) {
      const { status, body } = await wire.poll(sid);
      assert.deepEqual([status, body], [200, "2"]);
      assert.equal((await wire.push(sid, "3")).status, 200);
    }
  }],
  ["polling: silence ends the session", async (wire) => {
    const sid = await wire.handshake();
    await sleep(pingIntervalMs + pingTimeoutMs); // when it is due, says spec/c/eio_heartbeat_test.c
    while ((await wire.poll(sid)).status === 200); // whose server was itself kept from running
    await isGone(wire, sid);
  }],
  ["WebSocket: pings come and are answered", async (wire) => {
    const frames = await wire.session();
    for (let n = 0; n < 3; n++) {
      assert.equal(await frames.next(), "2");
      frames.send("3");
    }
  }],
  ["WebSocket: silence ends the session", (wire) => wire.socket().end()],
];

const close = [
  ["polling: a close packet ends the waiting poll with a noop", async (wire) => {
    const sid = await wire.handshake();
    const polling = wire.poll(sid);
    await sleep(arriveMs); // two connections have no order of their own
    await wire.push(sid, "1");
    const { status, body } = await polling;
    assert.deepEqual([status, body], [200, "6"]);
    await isGone(wire, sid);
  }],
  ["WebSocket: a close packet closes", async (wire) => {
    const frames = await wire.session();
    frames.send("1");
    await frames.end();
  }],
];

async function stillTalks(frames, echo) {
  if (!echo) return;
  frames.send("4hello");
  assert.equal(await frames.next(), "4hello");
}

const upgrade = [
  ["a probe is answered, the poll released, the WebSocket takes over", async (wire, echo) => {
    const { sid, frames, answer } = await wire.probed();
    assert.equal(answer, "3probe");
    if (echo) {
      const { status, body } = await wire.poll(sid);
      assert.deepEqual([status, body], [200, "6"]);
    }
    frames.send("5");
    await stillTalks(frames, echo);
  }],
  ["requests are refused after the upgrade", async (wire, echo) => {
    const { sid, frames } = await wire.probed();
    frames.send("5");
    await isGone(wire, sid);
    await stillTalks(frames, echo);
  }, tookOver],
  ["a second WebSocket is refused after the upgrade", async (wire, echo) => {
    const { sid, frames } = await wire.probed();
    frames.send("5");
    await wire.socket(`EIO=4&transport=websocket&sid=${sid}`).end();
    await stillTalks(frames, echo);
  }, tookOver],
];

const named = (group, list) => list.map(([name, ...rest]) => [`${group}: ${name}`, ...rest]);

// 25 cases with echo, 16 without.
export function engineCases(echo) {
  return [
    ...named("handshake", handshake),
    ...(echo ? named("message", message) : []),
    ...named("heartbeat", heartbeat),
    ...named("close", close),
    ...named("upgrade", upgrade),
  ];
}
