// SPDX-License-Identifier: MIT
// Request lines, fields and bodies that HTTP does not allow, and those at its edge. The first words
// of the ids are those of index.js; what a row sends is all that is sent.

import assert from "node:assert/strict";
import { ask, chunked, get, polling, post, postAs, raw, upgrade, utf8 } from "./bytes.js";
import { bad, opened, says } from "./answers.js";

const open = (line) => raw(line, ["Host: h"]);
const field = (line) => raw(`GET ${polling} HTTP/1.1`, ["Host: h", line]);
const length = (value) => postAs(`Content-Length: ${value}`, "0123456789");
const coding = (...lines) => postAs(lines, "0\r\n\r\n");
const got = (n) => says(200, `POST ${n}`);

// A head of exactly n bytes.
function headOf(n) {
  const short = get("/", "F: ");
  return get("/", `F: ${"f".repeat(n - short.length)}`);
}

const many = (n) => get("/", ...Array(n).fill("a:"));

export const lines = [
  // ---- request lines
  { id: "H02 unknown method", send: open(`FOO ${polling} HTTP/1.1`), ...bad() },
  { id: "H02 small letters", send: open(`get ${polling} HTTP/1.1`), ...bad() },
  { id: "H02 HTTP/2 preface", send: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", ...bad() },
  { id: "H02 TLS", send: "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", ...bad() },
  { id: "H04 HTTP/0.9", send: "GET /socket.io/\r\n", ...bad() },
  { id: "H05 HTTP/1.0 without Host", send: raw(`GET ${polling} HTTP/1.0`, []), ...opened(),
    ends: "closed" },
  { id: "H06 HTTP/1.1 without Host", send: raw(`GET ${polling} HTTP/1.1`, []), ...bad() },
  { id: "H07 two Hosts", send: get(polling, "Host: g"), ...bad() },
  { id: "H08 an empty Host", send: raw(`GET ${polling} HTTP/1.1`, ["Host:"]), ...opened() },
  { id: "H11 HTTP/2.0", send: open(`GET ${polling} HTTP/2.0`), ...bad(505) },
  { id: "H11 HTTP/1.2", send: open(`GET ${polling} HTTP/1.2`), ...bad() },
  { id: "H28 NUL in the target", send: get("/socket.io/\x00?EIO=4"), ...bad() },
  { id: "H28 space in the target", send: get("/socket.io/ ?EIO=4"), ...bad() },
  { id: "H28 tab in the target", send: get("/socket.io/\t?EIO=4"), ...bad() },
  { id: "H28 UTF-8 in the target", send: get(utf8("/socket.io/ä?EIO=4")), ...bad() },
  { id: "H35 fragment", send: get(`${polling}#frag`), ...bad() },
  { id: "H36 absolute form", send: get(`http://h${polling}`), ...opened() },
  { id: "H38 CONNECT", send: open("CONNECT h:1 HTTP/1.1"), ...bad(405) },
  { id: "H43 empty lines in front", send: `\r\n\r\n${get(polling)}`, ...opened() },

  // ---- sizes
  { id: "H13 a field of 17 KB", send: get("/", `F: ${"f".repeat(17000)}`), ...bad(431) },
  { id: "H13 a target of 17 KB", send: get(`/?${"q".repeat(17000)}`), ...bad(431) },
  { id: "H13 a head of 16384 bytes", send: headOf(16384), ...says(200, "GET 0") },
  { id: "H13 a head of 16385 bytes", send: headOf(16385), ...bad(431) },
  { id: "H16 2500 fields", send: many(2500), ...bad(431) },
  { id: "H16 128 fields", send: many(127), ...says(200, "GET 0") },
  { id: "H16 129 fields", send: many(128), ...bad(431) },

  // ---- fields
  { id: "H22 LF", send: `GET ${polling} HTTP/1.1\nHost: h\n\n`, ...bad() },
  { id: "H22 CR", send: field("a: b\rc: d"), ...bad() },
  { id: "H22 folded line", send: field("a: b\r\n c"), ...bad() },
  { id: "H22 space in a name", send: field("a b: c"), ...bad() },
  { id: "H22 empty name", send: field(": c"), ...bad() },
  { id: "H22 space before the colon", send: field("a : c"), ...bad() },
  { id: "H28 NUL in a value", send: field("a: b\x00c"), ...bad() },
  { id: "H28 0x01 in a value", send: field("a: b\x01c"), ...bad() },
  { id: "H30 bytes above ASCII in a value", send: field("a: \x80\xe4\xff"), ...opened() },
  { id: "H49 Origin with DEL", send: field("Origin: a\x7fb"), ...bad() },
  { id: "X1 __proto__", send: field("__proto__: x"), ...opened() },
  { id: "X1 __proto__ on an upgrade", run: async ({ connection }) => {
    connection.socket.write(upgrade("/socket.io/?EIO=4&transport=websocket", "__proto__: x"));
    assert.equal((await connection.response()).status, 101);
  } },
  { id: "X2 Cookie of 8 KB", send: field(`Cookie: ${"=;".repeat(4096)}`), ...opened() },

  // ---- lengths
  { id: "H17 length and chunked", send: postAs(
    ["Content-Length: 5", "Transfer-Encoding: chunked"], "0\r\n\r\n"), ...bad() },
  { id: "H18 lengths 5 and 6", send: postAs(["Content-Length: 5", "Content-Length: 6"], "012345"),
    ...bad() },
  { id: "H19 lengths 5 and 5", send: postAs(["Content-Length: 5", "Content-Length: 5"], "01234"),
    ...bad() },
  ...["+5", "5, 5", "0x5", "-5", "18446744073709551616", "5 5", "", "1e1"].map((value) => (
    { id: `H20 length "${value}"`, send: length(value), ...bad() })),
  { id: "H20b length 010", send: length("010"), ...bad() },

  // ---- transfer codings
  ...["xchunked", "identity", '"chunked"'].map((value) => (
    { id: `H21 ${value}`, send: coding(`Transfer-Encoding: ${value}`), ...bad(501) })),
  { id: "H21b chunked, identity", send: coding("Transfer-Encoding: chunked, identity"), ...bad() },
  { id: "H21b chunked in two fields",
    send: coding("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"), ...bad() },
  { id: "H21b space before the colon", send: coding("Transfer-Encoding : chunked"), ...bad() },
  { id: "H21b folded line", send: coding("Transfer-Encoding:\r\n chunked"), ...bad() },
  { id: "H21b vertical tab", send: coding("Transfer-Encoding: \x0bchunked"), ...bad() },
  { id: "H21c gzip, chunked", send: coding("Transfer-Encoding: gzip, chunked"), ...bad(501) },
  { id: "H21c ,chunked", send: coding("Transfer-Encoding: ,chunked"), ...bad() },

  // ---- chunks
  { id: "P28 size beyond 64 bits", send: chunked("ffffffffffffffff1\r\n"), ...bad() },
  { id: "P28 size -1", send: chunked("-1\r\nx\r\n"), ...bad() },
  { id: "P28 LF behind the size", send: chunked("1\nx\r\n0\r\n\r\n"), ...bad() },
  { id: "P28 no CRLF behind the chunk", send: chunked("1\r\nx0\r\n\r\n"), ...bad() },
  { id: "P30 chunk extension of 20 KB", send: chunked(`1;${"e".repeat(20000)}`), ...bad(413) },
  { id: "P30 chunk extension of 16 KB", send: chunked(`1;${"e".repeat(16000)}\r\nx\r\n0\r\n\r\n`),
    ...got(1) },

  ...[": b", "a : b", "a", " a: b", "a: b\r\n c", "a: b\0"].map((line) => (
    { id: `P28 trailer ${JSON.stringify(line)}`, send: chunked(`1\r\nx\r\n0\r\n${line}\r\n\r\n`),
      ...bad() })),
  { id: "P28 trailers", send: chunked("1\r\nx\r\n0\r\na: b\r\nc:\r\n\r\n"), ...got(1) },

  // ---- expectations
  { id: "H39 Expect: 100-continue", send: ask("POST", "/", [
    "Expect: 100-continue", "Content-Length: 3"]),
    answers: [{ status: 100, body: "" }], ends: "waits" },
  { id: "H39 Expect: 100-continue, with the body",
    send: post("/", "abc", "Expect: 100-continue"), ...got(3) },
  { id: "H39 Expect: foo", send: post("/", "abc", "Expect: foo"), ...bad(417) },

  // ---- several on one connection
  { id: "H41 two handshakes at once", send: get(polling) + get(polling), ...opened(2) },
  { id: "H42 garbage behind a handshake", send: `${get(polling)}\x00\x01garbage`,
    answers: [...opened().answers, ...bad().answers], ends: "closed" },
];
