// SPDX-License-Identifier: MIT
// What is sent: who, the how-manieth, and 20 bytes to 20 KB that a checksum covers, some of it in
// attachments.

import { Buffer } from "node:buffer";

const leastBytes = 20;
const mostBytes = 20000;
const binaryShare = 0.05;
const stock = Array.from({ length: mostBytes }, (_, i) =>
  String.fromCharCode(32 + ((i * 7919) % 95))).join("");

const table = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1;
  return n;
});

function crc32(bytes, crc = 0) {
  crc = ~crc;
  for (let i = 0; i < bytes.length; i++) crc = table[(crc ^ bytes[i]) & 255] ^ (crc >>> 8);
  return ~crc >>> 0;
}

function checksum({ p, seq, text, parts = [] }) {
  let crc = crc32(Buffer.from(`${p}.${seq}.${text}`));
  for (const part of parts) crc = crc32(part, crc);
  return crc;
}

// Small ones are as frequent as large ones: the size's logarithm is evenly spread.
function someBytes(random) {
  return Math.floor(leastBytes * (mostBytes / leastBytes) ** random.next());
}

export function makePayload(p, seq, random) {
  const size = someBytes(random);
  const payload = { p, seq, text: stock.slice(0, size) };
  if (random.chance(binaryShare)) {
    const count = random.integer(1, 3);
    payload.text = "";
    payload.parts = Array.from({ length: count }, () =>
      Buffer.from(stock.slice(0, Math.ceil(size / count))));
  }
  payload.crc = checksum(payload);
  return payload;
}

export const idOf = ({ p, seq }) => `${p}.${seq}`;

// As it was sent.
export function isWhole(payload) {
  const { parts = [] } = payload;
  return parts.every((part) => part instanceof Uint8Array) && payload.crc === checksum(payload);
}
