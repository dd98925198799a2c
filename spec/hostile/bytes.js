// SPDX-License-Identifier: MIT
// Requests as bytes for the tables in this folder. Strings are Latin-1: one character, one byte.

export const polling = "/socket.io/?EIO=4&transport=polling";

// The lines as they are: nothing is added, not even Host.
export const raw = (line, fields, body = "") => `${[line, ...fields].join("\r\n")}\r\n\r\n${body}`;

export const ask = (method, target, fields = [], body = "") =>
  raw(`${method} ${target} HTTP/1.1`, ["Host: h", ...fields], body);

export const get = (target, ...fields) => ask("GET", target, fields);

// With its length and with the type that clients send.
export const post = (target, body, ...fields) =>
  ask("POST", target, [
    "Content-Type: text/plain;charset=UTF-8", `Content-Length: ${body.length}`, ...fields,
  ], body);

// A POST whose body is told by `fields`, or by chunks.
export const postAs = (fields, body, target = "/") => ask("POST", target, [fields].flat(), body);
export const chunked = (body) => postAs("Transfer-Encoding: chunked", body);

// What a client would send to become a WebSocket.
export const upgrade = (target, ...fields) =>
  get(target, "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", ...fields);

export const toBytes = (piece) =>
  typeof piece === "string" ? Buffer.from(piece, "latin1") : piece;
// What text is on the wire, one character per byte, so that bodies can hold it.
export const utf8 = (text) => Buffer.from(text, "utf8").toString("latin1");
