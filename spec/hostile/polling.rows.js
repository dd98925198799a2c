// SPDX-License-Identifier: MIT
// Bodies for a polling session that has joined a namespace. `session` is "lives", or the reason and
// the detail with which the app saw it go; `heard` is what its handlers got before that.

import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { ask, get, polling, post, utf8 } from "./bytes.js";
import { bad, ok, refused } from "./answers.js";
import { checkAnswer, checkGone } from "./victim.js";

const sep = "\x1e";
const body = (text, ...fields) => ({ path }) => post(path, text, ...fields);
const echo = (value) => `42["echo",${JSON.stringify(value)}]`;
const gone = (...how) => ({ session: how, after: ({ session }) => checkGone(session) });
const lives = { session: "lives" };
const parseError = gone("parse error");
// The session waits for a poll on which to say so.
const goodbye = {
  session: ["forced close"],
  after: async ({ session }) => {
    assert.equal((await session.get()).body, `6${sep}1`);
    await checkGone(session);
  },
};

const refusedBody = { answers: [{ status: 400, body: "" }], ends: "closed" };

// `n` times the packet, in one body.
const times = (n, packet) => Array(n).fill(packet).join(sep);

// A POST of `promised` bytes of which "4" has come.
const begun = (path, promised = 100) =>
  ask("POST", path, ["Content-Type: text/plain", `Content-Length: ${promised}`], "4");

// Requests of one session that meet each other, or end early: what each of two connections gets.
async function overlap({ victim, connection, session }, first, second, firstGets) {
  connection.socket.write(first);
  await victim.watcher.echo();
  const other = await victim.connect();
  other.socket.write(second);
  checkAnswer(await other.response(), refusedBody.answers[0]);
  await other.end();
  if (firstGets) assert.equal((await connection.response()).body, firstGets);
  else await connection.cut();
  await checkGone(session);
}

async function leave({ victim, connection, session }, bytes, how) {
  connection.socket.write(bytes);
  await victim.watcher.echo();
  connection.socket[how]();
  await victim.watcher.until(session.name, "left");
  await checkGone(session);
}

export const bodies = [
  { id: "P02 empty", send: body(""), ...ok, ...parseError },
  { id: "P02 unknown type 7", send: body("7"), ...ok, ...parseError },
  { id: "P02 unknown type x", send: body("x"), ...ok, ...parseError },
  { id: "P02 byte order mark", send: body(utf8('\ufeff42["echo",1]')), ...ok, ...parseError },
  { id: "P02 gzip bytes", send: body(gzipSync(echo(1)).toString("latin1"),
    "Content-Encoding: gzip"), ...ok, ...parseError },
  { id: "P02 urlencoded", send: body("d=42%5B%22echo%22%2C1%5D",
    "Content-Type: application/x-www-form-urlencoded"), ...ok, ...parseError },
  ...["0", "3", "5", "6"].map((type) => (
    { id: `P04 type ${type}`, send: body(type), ...ok, ...lives })),
  { id: "P05 close", send: body("1"), ...ok, ...gone("transport close") },
  { id: "P06 ping from the client", send: body("2"), ...ok,
    ...gone("transport error", "invalid heartbeat direction") },
  { id: "P11 a message without a packet", send: body("4"), ...ok, ...goodbye },
  { id: "P12 separator at the end", send: body(echo(1) + sep), ...ok, ...parseError,
    heard: [[1]] },
  { id: "P12 a bad packet between good ones", send: body([echo(1), "7", echo(2)].join(sep)), ...ok,
    ...parseError, heard: [[1]] },
  { id: "P16 bytes that are no UTF-8", send: body('42["echo","\xff\xfe\xc0\x80"]'), ...ok,
    ...parseError },
  { id: "P16 a surrogate", send: body('42["echo","\xed\xa0\x80"]'), ...ok, ...parseError },
  { id: "P18 NUL in a string", send: body('42["echo","\0"]'), ...ok, ...goodbye },
  { id: "P20 octet-stream", send: ({ path }) => ask("POST", path, [
    "Content-Type: application/octet-stream", "Content-Length: 3"], "\x00\x01\xff"),
    ...refusedBody, ...gone("transport error", "invalid content") },
  { id: "P21 no type", send: ({ path }) => ask("POST", path, ["Content-Length: 13"],
    '42["echo",21]'), ...ok, ...lives, heard: [[21]], drain: true },
  { id: "P24 exactly 1e6 bytes", send: body(echo("e".repeat(1e6 - echo("").length))), ...ok,
    session: "lives", heard: [["e".repeat(1e6 - echo("").length)]], drain: true },
  { id: "P25 1e6 + 1 bytes", send: body("4".padEnd(1e6 + 1, "x")), ...bad(413), ...lives },
  { id: "P25 1e6 + 1 bytes in chunks", send: ({ path }) => ask("POST", path, [
    "Transfer-Encoding: chunked"], `f4241\r\n${"4".padEnd(1e6 + 1, "x")}\r\n0\r\n\r\n`),
    ...bad(413), ...lives },
  { id: "P26 2000000 bytes announced", send: ({ path }) => ask("POST", path, [
    "Content-Length: 2000000"]), ...bad(413), ...lives },
  { id: "P36 base64 that is none",
    send: body(`451-["echo",{"_placeholder":true,"num":0}]${sep}b!!!!`), ...ok, ...parseError },
  { id: "P38 300000 noops", send: body(times(300000, "6")), ...ok, ...lives },
  { id: "P38 100000 pongs", send: body(times(100000, "3")), ...ok, ...lives },

  { id: "P41 a second poll", session: ["transport error", "overlap from client"],
    run: (t) => overlap(t, get(t.session.path), get(t.session.path), "1") },
  { id: "P42 a second body", session: ["transport error", "data request overlap from client"],
    run: (t) => overlap(t, begun(t.session.path), post(t.session.path, "6"), null) },
  { id: "P43 a poll that is cut",
    session: ["transport error", "poll connection closed prematurely"],
    run: (t) => leave(t, get(t.session.path), "resetAndDestroy") },
  { id: "P43 a body that is cut",
    session: ["transport error", "data request connection closed prematurely"],
    run: (t) => leave(t, begun(t.session.path), "resetAndDestroy") },
  { id: "P45 a poll that is half closed",
    session: ["transport error", "poll connection closed prematurely"],
    run: (t) => leave(t, get(t.session.path), "end") },
  { id: "P46 polling on a WebSocket's session",
    run: async ({ victim, connection }) => {
      const path = `${polling}&sid=${victim.watcher.sid}`;
      for (const bytes of [get(path), post(path, "6")]) {
        connection.socket.write(bytes);
        checkAnswer(await connection.response(), refused(3).answers[0]);
      }
    } },
  ...["ffffffffffffffff1\r\n", "-1\r\n", "1\n", "1\r\nxy"].map((chunks) => (
    { id: `P28 chunk ${JSON.stringify(chunks)} to a session`,
      send: ({ path }) => ask("POST", path, ["Transfer-Encoding: chunked"], chunks), ...bad(),
      ...gone("transport error", "data request connection closed prematurely") })),

  { id: "P47 EIO=3 later", send: ({ path }) => get(path.replace("EIO=4", "EIO=3")), ...refused(3),
    ...lives },
  { id: "P47 no EIO later", send: ({ path }) => get(path.replace("EIO=4&", "")), ...refused(3),
    ...lives },
  { id: "P47 EIO=3 later, in a body", send: ({ path }) => post(path.replace("EIO=4", "EIO=3"), "6"),
    ...refused(3), ...lives },

  { id: "P38 90000 events leave room for others", session: ["transport close"],
    run: async ({ victim, session }) => {
      const busy = 90000;
      const events = ['42["mark","first"]', times(busy, '42["x"]'), '42["mark","last"]', "1"];
      const posted = session.post(events.join(sep));
      await victim.watcher.until(session.name, "mark");
      await victim.watcher.echo(); // its answer overtakes the rest of the body
      const marks = () => victim.watcher.of(session.name).filter(([what]) => what === "mark");
      assert.deepEqual(marks(), [["mark", "first"]]);
      assert.equal((await posted).body, "ok");
    },
    told: [["mark", "first"], ["mark", "last"]] },
];
