// SPDX-License-Identifier: MIT
// Byte sequences that a UTF-8 decoder must know apart (after Markus Kuhn's stress test), as
// [section, valid?, sequences in hex]. Sections are numbered as in Autobahn's list, 6.5 to 6.23.

const hex = (from, to, step = (byte) => byte.toString(16)) =>
  Array.from({ length: to - from }, (_, i) => step(from + i)).join("");
const lonely = (from, to) => hex(from, to, (byte) => `${byte.toString(16)}20`);

const greek = "cebae1bdb9cf83cebcceb5"; // kosme
const prefixes = Array.from({ length: greek.length / 2 }, (_, i) => greek.slice(0, 2 * i + 2));
const whole = [2, 5, 7, 9, 11]; // bytes of it that end with a character
const around = (sequence) => `68656c6c6f${sequence}776f726c64`; // hello…world

const cutShort = [
  "c0", "e080", "f08080", "f8808080", "fc80808080",
  "df", "efbf", "f7bfbf", "fbbfbfbf", "fdbfbfbfbf",
];

// The last two code points of every plane, U+1FFFE to U+10FFFF: no characters, but valid.
const planeEnds = Array.from({ length: 16 }, (_, plane) =>
  [0xfffe, 0xffff].map((low) =>
    Buffer.from(String.fromCodePoint(((plane + 1) << 16) | low)).toString("hex"))).flat();

const highs = ["eda080", "edadbf", "edae80", "edafbf"];
const lows = ["edb080", "edbfbf"];

export const sequences = [
  [5, true, [...["24", "c2a2", "e282ac", "f0a4ada2"].map(around), greek]],
  [6, (at) => whole.includes(at), prefixes],
  [7, true, ["00", "c280", "e0a080", "f0908080"]],
  [8, false, ["f888808080", "fc8480808080"]],
  [9, true, ["7f", "dfbf", "efbfbf", "f48fbfbf"]],
  [10, false, ["f7bfbfbf", "fbbfbfbfbf", "fdbfbfbfbfbf"]],
  [11, (at) => at < 5, ["ed9fbf", "ee8080", "efbfbd", "f48fbfbf", "f4908080"]],
  [12, false, [
    "80", "bf", "80bf", "80bf80", "80bf80bf", "80bf80bf80", "80bf80bf80bf", hex(0x80, 0xbf),
  ]],
  [13, false, [
    lonely(0xc0, 0xe0), lonely(0xe0, 0xf0), lonely(0xf0, 0xf8), lonely(0xf8, 0xfc),
    lonely(0xfc, 0xfe),
  ]],
  [14, false, cutShort],
  [15, false, [cutShort.join("")]],
  [16, false, ["fe", "ff", "fefeffff"]],
  [17, false, ["c0af", "e080af", "f08080af", "f8808080af", "fc80808080af"]],
  [18, false, ["c1bf", "e09fbf", "f08fbfbf", "f887bfbfbf", "fc83bfbfbfbf"]],
  [19, false, ["c080", "e08080", "f0808080", "f880808080", "fc8080808080"]],
  [20, false, [...highs, "edb080", "edbe80", "edbfbf"]],
  [21, false, highs.flatMap((high) => lows.map((low) => high + low))],
  [22, true, ["efbfbe", "efbfbf", ...planeEnds]],
  [23, true, ["efbfb9", "efbfba", "efbfbb", "efbfbc", "efbfbd", "efbfbe", "efbfbf"]],
];
