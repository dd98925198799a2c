// SPDX-License-Identifier: MIT
// Socket.IO v5: the official suite's 32 cases in our words, 16 of Engine.IO (see engine_cases.js)
// and 16 of Socket.IO, packet by packet over WebSocket.

import assert from "node:assert/strict";
import { engineCases } from "./engine_cases.js";
import { everywhere } from "./places.js";

const placeholder = (num) => `{"_placeholder":true,"num":${num}}`;
const two = `${placeholder(0)},${placeholder(1)}`;
const attachments = [Buffer.from([1, 2, 3]), Buffer.from([4, 5, 6])];

// Connects to a namespace and checks both answers: the sid, and what the app says about auth.
async function connects(wire, packet, prefix, auth) {
  const frames = await wire.session();
  frames.send(packet);
  const answer = await frames.next();
  assert.equal(answer.slice(0, prefix.length + 2), `40${prefix}`);
  const { sid, ...rest } = JSON.parse(answer.slice(prefix.length + 2));
  assert.equal(typeof sid, "string");
  assert.deepEqual(rest, {});
  assert.equal(await frames.next(), `42${prefix}["auth",${auth}]`);
}

// A session in the main namespace, both answers read.
async function connected(wire) {
  const frames = await wire.session();
  frames.send("40");
  await frames.next();
  await frames.next();
  return frames;
}

async function answers(wire, sent, expected) {
  const frames = await connected(wire);
  frames.send(...sent);
  for (const packet of expected) assert.deepEqual(await frames.nextPacket(), packet);
}

async function closes(wire, packet) {
  const frames = await connected(wire);
  frames.send(packet);
  await frames.end();
}

const cases = [
  ["connect: the main namespace", (wire) => connects(wire, "40", "", "{}")],
  ["connect: the main namespace, with auth", (wire) =>
    connects(wire, '40{"token":"123"}', "", '{"token":"123"}')],
  ["connect: a custom namespace", (wire) => connects(wire, "40/custom,", "/custom,", "{}")],
  ["connect: a custom namespace, with auth", (wire) =>
    connects(wire, '40/custom,{"token":"abc"}', "/custom,", '{"token":"abc"}')],
  ["connect: an unknown namespace is refused", async (wire) => {
    const frames = await wire.session();
    frames.send("40/random");
    assert.equal(await frames.next(), '44/random,{"message":"Invalid namespace"}');
  }],
  ["connect: a packet that is none closes", async (wire) => {
    const frames = await wire.session();
    frames.send("4abc");
    await frames.end();
  }],
  ["connect: who never connects is closed", async (wire) => {
    const frames = await wire.session();
    await frames.end();
  }],
  ["disconnect: from the main namespace, the connection lives on", async (wire) => {
    const frames = await connected(wire);
    frames.send("41");
    assert.equal(await frames.next(), "2");
  }],
  ["disconnect: from a custom namespace, the main one lives on", async (wire) => {
    const frames = await connected(wire);
    assert.equal(await frames.next(), "2");
    frames.send("40/custom");
    assert.match(await frames.next(), /^40\/custom,/);
    assert.equal(await frames.next(), '42/custom,["auth",{}]');
    frames.send("41/custom", '42["message","message to main namespace"]');
    assert.equal(await frames.next(), '42["message-back","message to main namespace"]');
  }],
  ["message: text", (wire) => answers(wire,
    ['42["message",1,"2",{"3":[true]}]'],
    ['42["message-back",1,"2",{"3":[true]}]'])],
  ["message: binary", (wire) => answers(wire,
    [`452-["message",${two}]`, ...attachments],
    [`452-["message-back",${two}]`, ...attachments])],
  ["message: text, acknowledged", (wire) => answers(wire,
    ['42456["message-with-ack",1,"2",{"3":[false]}]'],
    ['43456[1,"2",{"3":[false]}]'])],
  ["message: binary, acknowledged", (wire) => answers(wire,
    [`452-789["message-with-ack",${two}]`, ...attachments],
    [`462-789[${two}]`, ...attachments])],
  ["message: an unknown packet type closes", (wire) => closes(wire, "4abc")],
  ["message: a payload that is no list closes", (wire) => closes(wire, "42{}")],
  ["message: an acknowledgement id that is none closes", (wire) =>
    closes(wire, '42abc["message-with-ack",1,"2",{"3":[false]}]')],
];

const all = [...engineCases(false), ...cases];
assert.equal(all.length, 32);

everywhere("Socket.IO v5", { app: "sio_suite", path: "/socket.io/", argument: false }, all);
