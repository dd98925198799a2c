// SPDX-License-Identifier: MIT
// What a WebSocket server must do with what it is sent (RFC 6455), as data: the cases of Autobahn's
// list in our words and under its numbers, and behind them bad frames (F…) and bad packets (E…).
//
// The server echoes Engine.IO messages, so a text begins with "4" on the way there and back; all
// lengths are those on the wire. A case is
//     { id, what, send: [frames], chop, times, expect: [{ op, data }], close, reason }
// send: buffers, one per frame, or a function that makes them; chop: bytes per write (0: all frames
// in one, "frames": one each); times: how often send and expect happen; close: payload of the close
// frame that the server must send (none given: it must stay open, and answer our 1000); reason: how
// the session ends.
// A case with an `offer` asks for that extension (see websocket_deflate_cases.js).

import { closing, frame, op } from "../support/raw_websocket.js";
import { sequences } from "./websocket_utf8.js";

const kib = 1024;
const mib = 1024 * kib;
const limit = 16 * mib; // the server's max_http_buffer_size
const { text, binary, continuation } = op;
const invalid = "transport error/Invalid WebSocket frame";
const goodbye = "transport close";
const modes = [[0, "in one piece"], ["frames", "frame by frame"], [1, "octet by octet"]];

const cases = [];
const add = (id, what, send, rest = {}) => cases.push({ id, what, send, ...rest });
// The server must fail the connection; what it answers before that is in `expect`.
const fails = (id, what, send, { code = 1002, reason = invalid, ...rest } = {}) =>
  add(id, what, send, { close: closing(code), reason, ...rest });
const echo = (opcode, data) =>
  ({ op: opcode, data: typeof data === "string" ? Buffer.from(data) : data });
const pong = (data) => ({ op: op.pong, data: Buffer.from(data) });
const part = (data) => frame(text, data, { fin: false });
const next = (data) => frame(continuation, data, { fin: false });
const last = (data) => frame(continuation, data);
const fill = (length, octet) => Buffer.alloc(length, octet);
const body = (opcode, length) => {
  const data = fill(length, opcode === text ? "*" : 0xfe);
  if (opcode === text) data[0] = 0x34;
  return data;
};
const named = { [text]: "text", [binary]: "bytes" };

// One message in fragments of `size` bytes; the last one may be empty.
function fragments(opcode, data, size) {
  const frames = [];
  for (let at = 0; at < data.length || at === 0; at += size) {
    const fin = at + size >= data.length;
    frames.push(frame(at === 0 ? opcode : continuation, data.subarray(at, at + size), { fin }));
  }
  return frames;
}

// ---- 1: messages of every length class ----------------------------------------------------------
for (const opcode of [text, binary]) {
  const least = opcode === text ? 1 : 0; // the "4"
  [least, 125, 126, 127, 128, 65535, 65536, 65536].forEach((length, i) => {
    const chop = i === 7 ? 997 : 0;
    const what = `${length} of ${named[opcode]}${chop ? `, ${chop} at a time` : ""}`;
    const data = body(opcode, length);
    const expect = [echo(opcode, data)];
    add(`1.${opcode}.${i + 1}`, what, [frame(opcode, data)], { chop, expect });
  });
}

// ---- 2: pings and pongs -------------------------------------------------------------------------
const ping = (data) => frame(op.ping, data);
const noise = Buffer.from("00fffefdfcfb00ff", "hex");
add("2.1", "a ping without payload", [ping("")], { expect: [pong("")] });
add("2.2", "a ping with text", [ping("Hello, world!")], { expect: [pong("Hello, world!")] });
add("2.3", "a ping with bytes", [ping(noise)], { expect: [pong(noise)] });
add("2.4", "a ping of 125 bytes", [ping(fill(125, 0xfe))], { expect: [pong(fill(125, 0xfe))] });
fails("2.5", "a ping of 126 bytes", [ping(fill(126, 0xfe))]);
add("2.6", "a ping of 125 bytes, octet by octet", [ping(fill(125, 0xfe))],
  { chop: 1, expect: [pong(fill(125, 0xfe))] });
add("2.7", "a pong nobody asked for", [frame(op.pong)]);
add("2.8", "a pong nobody asked for, with payload", [frame(op.pong, "unasked")]);
add("2.9", "a pong nobody asked for, then a ping", [frame(op.pong, "unasked"), ping("asked")],
  { expect: [pong("asked")] });
for (const [id, chop] of [["2.10", 0], ["2.11", 1]]) {
  const names = Array.from({ length: 10 }, (_, i) => `payload ${i}`);
  add(id, `ten pings${chop ? ", octet by octet" : ""}`, names.map(ping),
    { chop, expect: names.map(pong) });
}

// ---- 3: reserved bits ---------------------------------------------------------------------------
const hello = frame(text, "4hello");
const helloBack = echo(text, "4hello");
fails("3.1", "RSV 1 on text", [frame(text, "4hello", { rsv: 1 })]);
modes.forEach(([chop, how], i) => {
  const send = [hello, frame(text, "4hello", { rsv: i + 2 }), ping("unheard")];
  fails(`3.${i + 2}`, `RSV ${i + 2} on text between text and ping, ${how}`, send,
    { chop, expect: [helloBack] });
});
fails("3.5", "RSV 5 on bytes", [frame(binary, noise, { rsv: 5 })]);
fails("3.6", "RSV 6 on a ping", [frame(op.ping, noise, { rsv: 6 })]);
fails("3.7", "RSV 7 on a close frame", [frame(op.close, "", { rsv: 7 })]);

// ---- 4: reserved opcodes ------------------------------------------------------------------------
[[3, 4, 5, 6, 7], [11, 12, 13, 14, 15]].forEach((opcodes, group) => {
  const alone = [["", []], ["payload", []]];
  const between = [["", [helloBack]], ["payload", [helloBack]], ["payload", [helloBack]]];
  [...alone, ...between].forEach(([data, expect], i) => {
    const reserved = frame(opcodes[i], data);
    const send = expect.length > 0 ? [hello, reserved, ping("unheard")] : [reserved];
    const chop = i === 4 ? 1 : 0;
    fails(`4.${group + 1}.${i + 1}`,
      `opcode ${opcodes[i]}${data && " with payload"}${expect.length ? " behind text" : ""}`,
      send, { expect, chop });
  });
});

// ---- 5: fragments -------------------------------------------------------------------------------
const joined = echo(text, "4fragment1fragment2");
const halves = [part("4fragment1"), last("fragment2")];
fails("5.1", "a ping in two fragments",
  [frame(op.ping, "fragment1", { fin: false }), last("fragment2")]);
fails("5.2", "a pong in two fragments",
  [frame(op.pong, "fragment1", { fin: false }), last("fragment2")]);
modes.forEach(([chop, how], i) => {
  add(`5.${i + 3}`, `text in two fragments, ${how}`, halves, { chop, expect: [joined] });
  add(`5.${i + 6}`, `a ping between two fragments, ${how}`, [halves[0], ping("ping"), halves[1]],
    { chop, expect: [pong("ping"), joined] });
  fails(`5.${i + 9}`, `a last fragment of nothing, then text, ${how}`, [last("4stray"), hello],
    { chop });
  fails(`5.${i + 12}`, `a fragment of nothing, then text, ${how}`, [next("4stray"), hello],
    { chop });
});
fails("5.15", "fragments, then one of nothing", [...halves, next("stray"), hello],
  { expect: [joined] });
fails("5.16", "a fragment of nothing before fragments, twice",
  [next("stray"), ...halves, next("stray"), ...halves]);
fails("5.17", "a last fragment of nothing before fragments, twice",
  [last("stray"), ...halves, last("stray"), ...halves]);
fails("5.18", "a second text inside of a text", [part("4fragment1"), frame(text, "4fragment2")]);
[["5.19", "frames"], ["5.20", 1]].forEach(([id, chop]) =>
  add(id, `five fragments with two pings between, ${chop === 1 ? "octet by octet" : "one by one"}`,
    [part("4a"), next("b"), ping("first"), next("c"), next("d"), ping("second"), last("e")],
    { chop, expect: [pong("first"), pong("second"), echo(text, "4abcde")] }));

// ---- 6: UTF-8 -----------------------------------------------------------------------------------
const badText = { code: 1007 };
const valid = "4Hello-µ@ßöäüàá-UTF-8!!";
const kosme = Buffer.from("34cebae1bdb9cf83cebcceb5", "hex");
const surrogate = Buffer.from("eda080", "hex");
const tooHigh = Buffer.from("f4908080", "hex");
const edited = Buffer.concat([kosme, surrogate, Buffer.from("edited")]);
add("6.1.1", "text without any", [frame(text, "4")], { expect: [echo(text, "4")] });
add("6.1.2", "three fragments, two of them empty", [part("4"), next(""), last("")],
  { expect: [echo(text, "4")] });
add("6.1.3", "empty fragments around the payload", [part(""), next("4middle"), last("")],
  { expect: [echo(text, "4middle")] });
add("6.2.1", "valid text", [frame(text, valid)], { expect: [echo(text, valid)] });
add("6.2.2", "valid text, cut between characters",
  [part("4Hello-µ@ßöä"), last("üàá-UTF-8!!")], { expect: [echo(text, valid)] });
add("6.2.3", "valid text in fragments of one octet", fragments(text, Buffer.from(valid), 1),
  { expect: [echo(text, valid)] });
add("6.2.4", "Greek in fragments of one octet", fragments(text, kosme, 1),
  { expect: [echo(text, kosme)] });
fails("6.3.1", "a surrogate inside of text", [frame(text, edited)], badText);
fails("6.3.2", "the same in fragments of one octet", fragments(text, edited, 1), badText);
// Failed as soon as it shows: the rest of the message is never sent.
fails("6.4.1", "a code point that is too high, in an unfinished message",
  [part(kosme), next(tooHigh)], { ...badText, chop: "frames" });
fails("6.4.2", "the octet that makes it too high, in an unfinished message",
  [part(Buffer.concat([kosme, tooHigh.subarray(0, 1)])), next(tooHigh.subarray(1, 2))],
  { ...badText, chop: "frames" });
const unfinished = Buffer.concat([kosme, tooHigh]);
fails("6.4.3", "a code point that is too high, in an unfinished frame",
  [frame(text, unfinished, { announce: unfinished.length + 6 })], badText);
fails("6.4.4", "the octet that makes it too high, in an unfinished frame",
  [frame(text, unfinished.subarray(0, -2), { announce: unfinished.length + 6 })],
  { ...badText, chop: 1 });
for (const [section, isValid, list] of sequences) {
  list.forEach((sequence, i) => {
    const data = Buffer.from(`34${sequence}`, "hex");
    const id = `6.${section}.${i + 1}`;
    const good = typeof isValid === "function" ? isValid(i + 1) : isValid;
    const what = sequence.length > 24 ? `${sequence.slice(0, 24)}…` : sequence;
    if (good) add(id, `${what} is valid`, [frame(text, data)], { expect: [echo(text, data)] });
    else fails(id, `${what} is not valid`, [frame(text, data)], badText);
  });
}

// ---- 7: closing ---------------------------------------------------------------------------------
const close = (code, reason) => frame(op.close, closing(code, reason));
const closes = (id, what, send, code, reason, rest) =>
  add(id, what, send, { close: closing(code, reason), reason: goodbye, ...rest });
const long = body(text, 262144);
closes("7.1.1", "text, then close", [hello, close(1000)], 1000, "", { expect: [helloBack] });
closes("7.1.2", "close, twice", [close(1000), close(1000)], 1000);
closes("7.1.3", "a ping behind the close frame", [close(1000), ping("unheard")], 1000);
closes("7.1.4", "text behind the close frame", [close(1000), hello], 1000);
closes("7.1.5", "close between two fragments", [halves[0], close(1000), halves[1]], 1000);
closes("7.1.6", "256 KiB, close, ping", [frame(text, long), close(1000), ping("unheard")],
  1000, "", { expect: [echo(text, long)] });
closes("7.3.1", "close without a code", [close()]);
fails("7.3.2", "close with one byte", [frame(op.close, "x")]);
closes("7.3.3", "close with a code", [close(1000)], 1000);
closes("7.3.4", "close with code and reason", [close(1000, "why")], 1000, "why");
closes("7.3.5", "a reason of 123 bytes", [close(1000, "r".repeat(123))], 1000, "r".repeat(123));
fails("7.3.6", "a reason of 124 bytes", [close(1000, "r".repeat(124))]);
fails("7.5.1", "a reason that is no UTF-8", [close(1000, edited)], badText);
const closeCodes = {
  7: [
    1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999, 1012, 1013, 1014,
  ],
  9: [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 1015],
  13: [5000, 65535],
};
closeCodes[7].forEach((code, i) =>
  closes(`7.7.${i + 1}`, `code ${code} is echoed`, [close(code)], code));
for (const group of [9, 13]) {
  closeCodes[group].forEach((code, i) =>
    fails(`7.${group}.${i + 1}`, `code ${code} is refused`, [close(code)]));
}

// ---- 9 and 10: many bytes -----------------------------------------------------------------------
for (const opcode of [text, binary]) {
  const type = named[opcode];
  const group = (first) => first + opcode - 1; // texts and bytes take turns in the numbers
  const whole = (id, what, data, send, rest) =>
    add(id, what, send, { expect: [echo(opcode, data)], ...rest });
  const sizes = [64 * kib, 256 * kib, mib, 4 * mib, 8 * mib, 16 * mib];
  const bodies = sizes.map((length) => body(opcode, length));
  const [, , medium, large] = bodies;
  bodies.forEach((data, i) => {
    const what = `${data.length / kib} KiB of ${type}`;
    whole(`9.${group(1)}.${i + 1}`, what, data, () => [frame(opcode, data)]);
  });
  [64, 256, kib, 4 * kib, 16 * kib, 64 * kib, 256 * kib, mib, 4 * mib].forEach((size, i) =>
    whole(`9.${group(3)}.${i + 1}`, `4 MiB of ${type} in fragments of ${size}`, large,
      () => fragments(opcode, large, size)));
  [64, 128, 256, 512, kib, 2 * kib].forEach((chop, i) =>
    whole(`9.${group(5)}.${i + 1}`, `1 MiB of ${type}, ${chop} at a time`, medium,
      () => [frame(opcode, medium)], { chop }));
  [1, 16, 64, 256, kib, 4 * kib].forEach((length, i) => {
    const data = body(opcode, length);
    whole(`9.${group(7)}.${i + 1}`, `1000 times ${length} of ${type}`, data, [frame(opcode, data)],
      { times: 1000 });
  });
}
const typed = body(text, 65536);
add("10.1.1", "64 KiB of text in fragments of 1300", fragments(text, typed, 1300),
  { expect: [echo(text, typed)] });

// ---- F: what is wrong with a frame --------------------------------------------------------------
const tooLong = { code: 1009, reason: "transport error/Max payload size exceeded" };
const announced = (announce, options) => frame(binary, "", { announce, ...options });
fails("F01.1", "text without a mask", [frame(text, "4hello", { masked: false })]);
fails("F01.2", "a ping without a mask", [frame(op.ping, "", { masked: false })]);
fails("F01.3", "a close frame without a mask", [frame(op.close, "", { masked: false })]);
fails("F01.4", "HTTP where a frame is due", [Buffer.from("GET / HTTP/1.1\r\n\r\n")]);
fails("F14.1", "a length with its top bit set", [announced(2n ** 63n + 1n, { size: 8 })]);
fails("F14.2", "an announced length of 2^53", [announced(2n ** 53n, { size: 8 })], tooLong);
fails("F14.3", "bytes announced as one above the limit", [announced(limit + 1)], tooLong);
fails("F14.4", "text announced as one above the limit",
  [frame(text, "", { announce: limit + 1 })], tooLong);
fails("F14.5", "fragments announced as one above the limit",
  () => [
    frame(binary, fill(limit - 1, 1), { fin: false }), frame(continuation, "", { announce: 2 }),
  ],
  tooLong);
fails("F14.6", "an announced length of 2^63 - 1", [announced(2n ** 63n - 1n, { size: 8 })],
  tooLong);
fails("F18.1", "bytes one above the limit, sent all the same",
  () => [frame(binary, fill(limit + 1, 1))], tooLong);
fails("F19.1", "16 bits for a length of 5", [frame(text, "4abcd", { size: 2 })]);
fails("F19.2", "16 bits for a length of 125", [frame(text, body(text, 125), { size: 2 })]);
fails("F19.3", "64 bits for a length of 5", [frame(text, "4abcd", { size: 8 })]);
fails("F19.4", "64 bits for a length of 65535", [frame(binary, fill(65535, 1), { size: 8 })]);
fails("F29.1", "an octet that is no UTF-8 in a first fragment", [part(Buffer.from("34ff", "hex"))],
  badText);
const crumbs = (count, payload) =>
  [part("4"), ...Array.from({ length: count - 2 }, () => next(payload)), last(payload)];
add("F32.1", "16384 small fragments", crumbs(16384, "x"),
  { expect: [echo(text, `4${"x".repeat(16383)}`)] });
fails("F32.2", "16385 small fragments", crumbs(16385, "x"), { code: 1008 });
fails("F32.3", "16385 empty fragments", crumbs(16385, ""), { code: 1008 });

// ---- E: what is wrong with a packet -------------------------------------------------------------
const noPackets = ["", "7", "8", "9", "a", "\0", "\x1e", "é", "-1"];
noPackets.forEach((data, i) =>
  add(`E00.${i + 1}`, `${JSON.stringify(data)} is no packet`, [frame(text, data)],
    { close: closing(), reason: "parse error" }));
["0", '0{"sid":"x"}', "3", "3probe", "5", "6"].forEach((data, i) =>
  add(`E01.${i + 1}`, `${JSON.stringify(data)} is ignored`, [frame(text, data), hello],
    { expect: [helloBack] }));
add("E01.7", "a close packet closes", [frame(text, "1")], { close: closing(), reason: goodbye });
["2", "2probe"].forEach((data, i) =>
  add(`E04.${i + 1}`, `${JSON.stringify(data)} is the server's to say`, [frame(text, data)],
    { close: closing(), reason: "transport error/invalid heartbeat direction" }));

export { cases, limit };
