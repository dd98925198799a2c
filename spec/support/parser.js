// SPDX-License-Identifier: MIT
// The client's side of spec/support/apps/custom_parser.lua.

import Emitter from "component-emitter";

const isBytes = (value) => value instanceof ArrayBuffer || ArrayBuffer.isView(value);

function lift(value, bytes) {
  if (isBytes(value)) return { $: bytes.push(value) };
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map((item) => lift(item, bytes));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, lift(item, bytes)]));
}

function putBack(value, bytes) {
  if (value === null || typeof value !== "object") return value;
  if (value.$) return bytes[value.$ - 1];
  if (Array.isArray(value)) return value.map((item) => putBack(item, bytes));
  return Object.fromEntries(Object.entries(value).map(([k, item]) => [k, putBack(item, bytes)]));
}

export class Encoder {
  encode({ type, nsp, id, data }) {
    const bytes = [];
    const head = lift({ type, nsp, id, data }, bytes);
    return [JSON.stringify({ ...head, n: bytes.length }), ...bytes];
  }
}

export class Decoder extends Emitter {
  add(message) {
    if (isBytes(message)) {
      this.bytes.push(message);
    } else {
      this.packet = JSON.parse(message);
      this.bytes = [];
    }
    if (this.bytes.length < this.packet.n) return;
    this.emit("decoded", putBack(this.packet, this.bytes));
  }

  destroy() {}
}
