// SPDX-License-Identifier: MIT
// Published weaknesses of the official server, of its parts, and of other servers of these
// protocols, each with the input that showed it. A row is run here, or is `covered` by tests that
// are named [file, words in it], or says `why` there is nothing to test.

import assert from "node:assert/strict";
import { closing, frame, op, RawWebSocket } from "../support/raw_websocket.js";
import { get, polling, postAs, upgrade } from "./bytes.js";
import { bad, opened, refusedUpgrade, says } from "./answers.js";

const websocket = "/socket.io/?EIO=4&transport=websocket";
const text = (data, more) => frame(op.text, data, more);
const lines = "spec/hostile/lines.rows.js";
const requests = "spec/hostile/requests.rows.js";
const bodies = "spec/hostile/polling.rows.js";
const cost = "spec/hostile/cost.test.mjs";
const floods = "spec/hostile/floods.test.mjs";
const cases = "spec/conformance/websocket_cases.js";

// A WebSocket session that has joined the namespace as `name`.
async function join(victim, name) {
  const ws = await RawWebSocket.open(victim.port, websocket);
  assert.match(await ws.text(), /^0\{/);
  await ws.write(text(`40${JSON.stringify({ name })}`));
  assert.match(await ws.text(), /^40\{/);
  return ws;
}

// Packets after which the connection ends with `close`, and the app saw `reason`.
const ends = (id, packets, [reason, detail = null], payload = closing()) => ({
  id,
  run: async ({ victim }) => {
    const ws = await join(victim, id);
    await ws.write(Buffer.concat(packets.map((p) => (typeof p === "string" ? text(p) : p))));
    await ws.closed(payload);
    assert.deepEqual(await victim.watcher.until(id, "left"), [["left", reason, detail]]);
  },
});

// An event that is an event like any other, whatever its name or argument.
const plain = (id, name, value) => ({
  id,
  run: async ({ victim }) => {
    const ws = await join(victim, id);
    await ws.write(text(`42${JSON.stringify([name, value])}`));
    await ws.write(text('42["echo",1]'));
    assert.equal(await ws.text(), '42["echo",1]');
    ws.destroy();
  },
});

const invalid = ["forced close"];
const placeholder = (num) => `451-["echo",{"_placeholder":true,"num":${num}}]`;
const bytes = frame(op.binary, "\x01\x02");

// `n` upgrade requests whose connection is reset with them on the way.
async function resets(victim, n, request) {
  for (let i = 0; i < n; i++) {
    const connection = await victim.connect();
    await new Promise((resolve) => connection.socket.write(request, resolve));
    connection.socket.resetAndDestroy();
  }
}

// Frames of one message that never ends, until the server has enough of it.
async function fragments(victim, id, n) {
  const ws = await join(victim, id);
  const one = frame(op.continuation, "a", { fin: false });
  const all = Buffer.concat([text("4", { fin: false }), ...Array(n).fill(one)]);
  await ws.write(all, 65536);
  await ws.closed(closing(1008));
  ws.destroy();
}

export const advisories = [
  { id: "CVE-2017-16031", covered: [["spec/c/id_test.c", "a_hundred_thousand_are_distinct"]] },
  { id: "CVE-2020-28481", run: async ({ connection }) => {
    connection.socket.write(get(polling, "Origin: http://evil.example"));
    const { headers } = await connection.response();
    assert.equal(headers["access-control-allow-origin"], undefined);
  } },
  plain("CVE-2024-38355", "error", "x"),
  { id: "CVE-2020-36048", covered: [[bodies, "P24"], [bodies, "P25"], [bodies, "P26"]] },
  ...[1, 2, 3, 4].map((rsv) => ({
    id: `CVE-2022-21676 reserved bits ${rsv} behind the upgrade request`,
    run: async ({ victim }) => {
      const behind = text("40", { rsv });
      const ws = await RawWebSocket.request(victim.port, websocket, { behind });
      assert.equal((await ws.head()).status, 101);
      assert.match(await ws.text(), /^0\{/);
      await ws.closed(closing(1002));
    },
  })),
  { id: "CVE-2022-41940", run: async ({ victim }) => {
    await resets(victim, 300, upgrade(`${websocket}&sid=none`));
    await resets(victim, 300, upgrade("/socket.io/?EIO=4&transport=polling"));
    await resets(victim, 300, get(websocket, "Connection: Upgrade, HTTP2-Settings",
      "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"));
  } },
  { id: "CVE-2022-41940 HTTP/2", send: get(websocket, "Connection: Upgrade", "Upgrade: h2c"),
    answers: [{ status: 400, body: "Invalid Upgrade header" }], ends: "closed" },
  { id: "CVE-2023-31125 polling", send: upgrade(polling), ...refusedUpgrade("Bad request") },
  ...["webtransport", "foo", "__proto__"].map((name) => (
    { id: `CVE-2023-31125 ${name}`, send: upgrade(`/socket.io/?EIO=4&transport=${name}`),
      ...refusedUpgrade("Transport unknown") })),
  { id: "CVE-2026-59725", covered: [[bodies, "P20"], [floods, "P20 1000"]] },
  { id: "GHSA-gr94-w7qr-f4j3", covered: [[requests, "H48d"]] },
  { id: "the heartbeat of another version",
    send: ({ path }) => [
      upgrade(path.replace("EIO=4", "EIO=3").replace("polling", "websocket")),
      Buffer.concat(["2probe", "5", "2"].map((packet) => text(packet))),
    ],
    ...refusedUpgrade("Bad request"), session: "lives", bothVersions: true },
  { id: "CVE-2020-36049", covered: [[cost, "CVE-2020-36049"]] },
  ...['"splice"', "1", "-1", '"0"', "0.5", "null", "true", "1e1"].map((num) => (
    ends(`CVE-2022-2421 placeholder ${num}`, [placeholder(num), bytes], invalid))),
  ...['{"toString":1}', "[[]]", "null", "true"].map((name) => (
    ends(`CVE-2023-32695 name ${name}`, [`42[${name}]`], invalid))),
  ...["451000000-[]", '4511-["echo"]', "45-1-[]", '4599999999999999999999-["echo"]'].map((p) => (
    ends(`CVE-2026-33151 ${p}`, [p], invalid))),
  ends("CVE-2026-69185 no attachments", ['450-["echo"]'], invalid),
  ends("CVE-2026-69185 attachments of nobody", [frame(op.binary, "x".repeat(1e5))], invalid),
  ends("CVE-2026-69185 attachments beyond the limit",
    [placeholder(0).replace("451", "4510"), ...Array(10).fill(frame(op.binary, "x".repeat(9e5)))],
    invalid),
  ends("GHSA-55mf-67qm-4wpg attachments for a namespace not joined",
    ['451-/elsewhere,["echo",{"_placeholder":true,"num":0}]', bytes], invalid),
  { id: "GHSA-55mf-67qm-4wpg attachments before CONNECT", run: async ({ victim }) => {
    const ws = await RawWebSocket.open(victim.port, websocket);
    await ws.text();
    await ws.write(Buffer.concat([text(placeholder(0)), bytes]));
    await ws.closed(closing());
  } },
  { id: "CVE-2016-10518", covered: [["spec/c/eio_message_test.c", "long_packets"]] },
  { id: "CVE-2016-10542 a message above the limit, by its head", run: async ({ victim }) => {
    const ws = await join(victim, "CVE-2016-10542");
    await ws.write(text("4", { announce: 1e6 + 1 }).subarray(0, 14));
    await ws.closed(closing(1009));
  } },
  { id: "CVE-2026-48779 fragments of one byte",
    run: ({ victim }) => fragments(victim, "CVE-2026-48779", 200000) },
  { id: "GHSA-5v72-xg48-5rpm", run: async ({ victim }) => {
    const fields = { "Sec-WebSocket-Extensions": "constructor, __proto__; toString=1" };
    const ws = await RawWebSocket.open(victim.port, websocket, { fields });
    assert.equal(ws.fields["sec-websocket-extensions"], undefined);
    assert.match(await ws.text(), /^0\{/);
    ws.destroy();
  } },
  { id: "CVE-2021-32640", covered: [[cost, "CVE-2021-32640"]] },
  ...[1000, 2500].map((n) => (
    { id: `CVE-2024-37890 ${n} fields`, send: upgrade(websocket, ...Array(n).fill("a:")),
      ...bad(431) })),
  { id: "CVE-2016-10536 CVE-2020-28502 CVE-2021-31597", why: "there is no client here" },
  { id: "CVE-2016-10539 CVE-2017-16113", covered: [[cost, "CVE-2016-10539"]] },
  ...["%25s%25n%25x", "%1b%5b2J%0a", "%0d%0aSet-Cookie:%20a=b"].map((sid) => (
    { id: `CVE-2017-16137 sid ${sid}`, send: get(`${polling}&sid=${sid}`),
      ...says(400, '{"code":1,"message":"Session ID unknown"}') })),
  { id: "CVE-2026-48802", covered: [[bodies, "P38 100000 pongs"]] },
  { id: "CVE-2026-48804", covered: [["spec/c/sio_attachment_test.c", "TEST("]] },
  { id: "CVE-2020-27813 a length with its top bit set", run: async ({ victim }) => {
    const ws = await join(victim, "CVE-2020-27813");
    await ws.write(text("4", { announce: 2n ** 63n, size: 8 }));
    await ws.closed(closing(1002));
  } },
  { id: "CVE-2020-13935", covered: [[cases, "announce"]] },
  { id: "CVE-2020-7662", covered: [[cost, "CVE-2020-7662"]] },
  { id: "CVE-2023-43669", covered: [[lines, "H16"], [cost, "of 15 KB"]] },
  { id: "CVE-2018-12121", covered: [[lines, "H13"]] },
  { id: "CVE-2018-12122 CVE-2019-5737 CVE-2020-8251",
    covered: [["spec/c/http_life_test.c", "http_limits_how_long"]] },
  ...["CVE-2019-15605", "CVE-2019-15606", "CVE-2020-8287", "CVE-2021-22959", "CVE-2021-22960",
    "CVE-2022-32213", "CVE-2022-32214", "CVE-2022-32215", "CVE-2022-35256", "CVE-2023-30589",
    "CVE-2024-27982", "CVE-2025-23167"].map((id) => (
    { id, covered: [["spec/hostile/garden.txt", "S30"]] })),
  { id: "CVE-2024-22019", covered: [[lines, "P30"]] },
  { id: "CVE-2026-21710", covered: [[lines, "X1"]] },
  { id: "CVE-2026-21717", covered: [[cost, "CVE-2026-21717"], ["spec/c/map_test.c", "TEST("]] },
  { id: "announced and not sent: 100 messages of 1e6 bytes", run: async ({ victim }) => {
    const all = [];
    for (let i = 0; i < 100; i++) {
      const ws = await join(victim, `announced ${i}`);
      await ws.write(text("4", { announce: 1e6 }));
      all.push(ws);
    }
    await victim.watcher.echo();
    await victim.checkMemory();
    for (const ws of all) ws.destroy();
  } },
  { id: "pings without end, pongs unread", run: async ({ victim }) => {
    const ws = await join(victim, "pings");
    ws.socket.pause();
    const pings = Buffer.concat(Array(5000).fill(frame(op.ping, "p".repeat(100))));
    for (let i = 0; i < 20; i++) ws.socket.write(pings);
    for (let i = 0; i < 20; i++) await victim.watcher.echo();
    await victim.checkMemory();
    ws.destroy();
  } },
  { id: "W29 a body behind an upgrade request",
    send: postAs(["Connection: Upgrade", "Upgrade: websocket", "Content-Length: 3"], "abc",
      websocket), ...bad() },
  { id: "sessions open after all of this", send: get(polling), ...opened() },
];
