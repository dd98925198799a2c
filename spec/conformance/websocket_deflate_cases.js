// SPDX-License-Identifier: MIT
// Compressed messages (RFC 7692) as data, in the form of websocket_cases.js: 12 and 13 after
// Autobahn's groups, messages of many sizes under many parameters, and bad ones (D…). A case has
// the `offer` of the client and the `answer` it must get; what comes back may be compressed.
//
// deflateCases(true) is for a server that keeps the context of both directions.

import { randomBytes } from "node:crypto";
import zlib from "node:zlib";
import { closing, frame, op } from "../support/raw_websocket.js";

const { text, binary, continuation } = op;
const compressed = 4; // RSV1
const kib = 1024;
const invalid = "transport error/Invalid WebSocket frame";
const tooLong = "transport error/Max payload size exceeded";
const alone = "server_no_context_takeover; client_no_context_takeover";

// A message as a client with a window of 2^bits octets sends it, behind `before` of its context.
export function deflate(data, { bits = 15, before = Buffer.alloc(0) } = {}) {
  const options = { windowBits: Math.max(bits, 9), finishFlush: zlib.constants.Z_SYNC_FLUSH };
  if (before.length > 0) options.dictionary = before.subarray(-(1 << bits));
  return zlib.deflateRawSync(data, options).subarray(0, -4);
}

const words = (length) => {
  const sentence = "4 words that come again and again, ☕ and µ among them. ";
  return Buffer.from(sentence.repeat(length / sentence.length + 1)).subarray(0, length);
};
// Ends with a whole character.
const talk = (length) => Buffer.from(words(length).toString("utf8").replace(/\ufffd+$/, ""));
const zeros = (length) => Buffer.alloc(length);
const noise = (length) => randomBytes(length);
const kinds = [["text", text, talk], ["zeros", binary, zeros], ["noise", binary, noise]];
const sizes = [16, 64, 256, kib, 4 * kib, 8 * kib, 16 * kib, 32 * kib, 64 * kib, 128 * kib];
const messagesPerCase = 20;

// One compressed message in frames of `size` octets.
function cut(opcode, data, size) {
  const frames = [];
  for (let at = 0; at < data.length; at += size) {
    const first = { rsv: at === 0 ? compressed : 0, fin: at + size >= data.length };
    frames.push(frame(at === 0 ? opcode : continuation, data.subarray(at, at + size), first));
  }
  return frames;
}

function conversation({ opcode, make, bits, takeover, fragment = Infinity }) {
  const send = [];
  const expect = [];
  let before = Buffer.alloc(0);
  for (let i = 0; i < messagesPerCase; i++) {
    const data = make();
    send.push(...cut(opcode, deflate(data, { bits, before }), fragment));
    expect.push({ op: opcode, data });
    if (takeover) before = Buffer.concat([before, data]).subarray(-32768);
  }
  return { send, expect };
}

// [parameters of the offer, of the answer, bits of our window]
const agreements = (takeover) => {
  const always = takeover ? "" : `; ${alone}`;
  return [
    ["", always, 15],
    ["; client_no_context_takeover; server_no_context_takeover", `; ${alone}`, 15],
    ["; client_max_window_bits", always, 15],
    ["; server_max_window_bits=9", `${always}; server_max_window_bits=9`, 15],
    ["; server_max_window_bits=8", `${always}; server_max_window_bits=8`, 15],
    ["; server_max_window_bits=10; client_max_window_bits=10",
      `${always}; server_max_window_bits=10; client_max_window_bits=10`, 10],
  ];
};

function good(takeover) {
  const cases = [];
  const offer = "permessage-deflate";
  const usual = { offer, answer: offer + (takeover ? "" : `; ${alone}`) };
  const mark = takeover ? "t" : "";
  kinds.forEach(([kind, opcode, make], k) =>
    sizes.forEach((size, i) => cases.push({
      id: `12${mark}.${k + 1}.${i + 1}`,
      what: `${messagesPerCase} times ${size} of ${kind}`,
      ...usual,
      ...conversation({ opcode, make: () => make(size), takeover }),
    })));
  [1, 7, 64, 1000].forEach((fragment, i) => cases.push({
    id: `12${mark}.4.${i + 1}`,
    what: `compressed text in fragments of ${fragment}`,
    ...usual,
    ...conversation({ opcode: text, make: () => talk(4 * kib), takeover, fragment }),
  }));
  agreements(takeover).forEach(([asked, answered, bits], k) =>
    [kib, 64 * kib].forEach((size, i) => {
      const keeps = takeover && !asked.includes("client_no_context_takeover");
      cases.push({
        id: `13${mark}.${k + 1}.${i + 1}`,
        what: `${size} of text under "${asked}"`,
        offer: offer + asked,
        answer: offer + answered,
        ...conversation({ opcode: text, make: () => talk(size), bits, takeover: keeps }),
      });
    }));
  return cases;
}

function bad() {
  const offer = "permessage-deflate";
  const agreed = { offer, answer: `${offer}; ${alone}` };
  const hello = deflate(Buffer.from("4hello"));
  const squeezed = (data, options) =>
    frame(text, deflate(Buffer.from(data)), { rsv: compressed, ...options });
  const fails = (id, what, send, code, reason = invalid) =>
    ({ id, what, send, close: closing(code), reason, ...agreed });
  const bomb = deflate(Buffer.alloc(50e6));
  return [
    fails("D02.1", "what is no block", [frame(text, "\x07", { rsv: compressed })], 1007),
    fails("D02.2", `a bomb of ${bomb.length} for 50 MB`,
      [frame(binary, bomb, { rsv: compressed })], 1009, tooLong),
    fails("D02.3", "the bit on a continuation", [
      squeezed("4a", { fin: false }), frame(continuation, "", { rsv: compressed }),
    ], 1002),
    fails("D02.4", "the bit on a ping", [frame(op.ping, "", { rsv: compressed })], 1002),
    fails("D02.5", "the bit on a close frame", [frame(op.close, "", { rsv: compressed })], 1002),
    fails("D02.6", "text that is no UTF-8 inside",
      [frame(text, deflate(Buffer.from("34ff", "hex")), { rsv: compressed })], 1007),
    fails("D02.7", "RSV 2 beside the bit", [squeezed("4a", { rsv: compressed | 2 })], 1002),
    { id: "D06.1", what: "an empty packet", send: [frame(text, "\0", { rsv: compressed })],
      close: closing(), reason: "parse error", ...agreed },
    { id: "D06.2", what: "a block that says it is the last",
      send: [frame(text, zlib.deflateRawSync("4hello"), { rsv: compressed })],
      expect: [{ op: text, data: Buffer.from("4hello") }], ...agreed },
    { id: "D06.3", what: "a plain message between compressed ones",
      send: [squeezed("4one"), frame(text, "4two"), squeezed("4three")],
      expect: ["4one", "4two", "4three"].map((each) => ({ op: text, data: Buffer.from(each) })),
      ...agreed },
    { id: "D06.4", what: "a ping inside of a compressed message",
      send: [
        frame(text, hello.subarray(0, 3), { rsv: compressed, fin: false }), frame(op.ping, "now"),
        frame(continuation, hello.subarray(3)),
      ],
      expect: [
        { op: op.pong, data: Buffer.from("now") }, { op: text, data: Buffer.from("4hello") },
      ],
      ...agreed },
  ];
}

export const deflateCases = (takeover) => (takeover ? good(true) : [...good(false), ...bad()]);
