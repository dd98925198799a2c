// SPDX-License-Identifier: MIT
// Requests that HTTP allows and Engine.IO has an opinion about: methods, paths, parameters.

import { ask, get, polling, post, upgrade } from "./bytes.js";
import { opened, refused, refusedUpgrade, says } from "./answers.js";

const notFound = { answers: [{ status: 404 }] };
const query = (text) => get(`/socket.io/?${text}`);
const sid = (text) => get(`${polling}&sid=${text}`);

export const requests = [
  // ---- methods
  { id: "H44 OPTIONS without cors", send: ask("OPTIONS", polling), ...refused(2) },
  { id: "H45 HEAD", send: ask("HEAD", polling), bodyless: true,
    answers: [{ status: 400, type: "application/json", fields: { "content-length": "43" } }] },
  ...["PUT", "DELETE", "PATCH", "TRACE"].map((method) => (
    { id: `H45 ${method}`, send: ask(method, polling), ...refused(2) })),
  { id: "H45 POST", send: post(polling, "40"), ...refused(2) },
  ...["HEAD", "PUT", "DELETE", "OPTIONS"].map((method) => (
    { id: `H46 ${method} to a session`, send: ({ path }) => ask(method, path), bodyless: true,
      ...says(405, "", { session: "lives" }) })),

  // ---- paths
  ...["/elsewhere", "/socket.io", "//socket.io/", "/SOCKET.IO/", "/socket%2eio/"].map((path) => (
    { id: `H47 ${path}`, send: get(`${path}?EIO=4&transport=polling`), ...notFound })),
  { id: "H47b more behind the path", send: get("/socket.io/foo?EIO=4&transport=polling"),
    ...opened() },
  { id: "H47b .. in the path", send: get("/socket.io/../socket.io/?EIO=4&transport=polling"),
    ...notFound },
  ...["../package.json", "..%2f..%2fetc/passwd", "socket.io.evil.js"].map((name) => (
    { id: `H47c ${name}`, send: get(`/socket.io/${name}`), ...refused(0) })),

  // ---- parameters
  ...["", "&transport=", "&transport=foo", "&transport=__proto__", "&transport=webtransport",
    "&transport=POLLING"].map((text) => (
    { id: `H48 EIO=4${text}`, send: query(`EIO=4${text}`), ...refused(0) })),
  { id: "H48b websocket without an upgrade", send: query("EIO=4&transport=websocket"),
    ...refused(3) },
  { id: "H48b the last transport wins",
    send: query("EIO=4&transport=polling&transport=websocket"), ...refused(3) },
  ...["", "EIO=3&", "EIO=5&", "EIO=04&", "EIO=4&EIO=3&"].map((text) => (
    { id: `H48c ${text}transport=polling`, send: query(`${text}transport=polling`),
      ...refused(5) })),
  ...["aaaaaaaaaaaaaaaaaaaa", "__proto__", "constructor", "toString", "%00",
    "s".repeat(5000)].map((text) => (
    { id: `H48d sid=${text.slice(0, 20)}`, send: sid(text), ...refused(1) })),
  ...["__proto__", "constructor", "toString"].map((text) => (
    { id: `H48d sid=${text} on an upgrade`,
      send: upgrade(`/socket.io/?EIO=4&transport=websocket&sid=${text}`),
      ...refusedUpgrade("Session ID unknown") })),
  { id: "H48e an empty sid", send: sid(""), ...opened() },
  { id: "H48e sid[]", send: get(`${polling}&sid[]=x`), ...opened() },
  { id: "H48e a bad escape", send: get(`${polling}&a=%zz`), ...opened() },
  { id: "H48f j=alert(1)", send: get(`${polling}&j=alert(1)`), answers: [{ status: 200,
    type: /javascript/, body: /^___eio\[1\]\("0\{.*"\);$/,
    fields: { "x-content-type-options": "nosniff" } }] },

  // ---- origins, without cors
  { id: "H49 Origin evil", send: get(polling, "Origin: http://evil.example"), ...opened() },
  { id: "H49 Origin null", send: get(polling, "Origin: null"), ...opened() },
];
