// SPDX-License-Identifier: MIT
// What a row of a table expects: the answers in order, and what is with the connection afterwards:
// "open" answers another request, "closed" has been ended by the server, "waits" has neither an
// answer nor an end yet.

// The parser's refusals: no body, and the end.
export const bad = (status = 400) => ({
  answers: [{ status, body: "", type: undefined }], ends: "closed",
});

export const refusals = {
  0: "Transport unknown",
  1: "Session ID unknown",
  2: "Bad handshake method",
  3: "Bad request",
  5: "Unsupported protocol version",
};
const refusal = (code) => JSON.stringify({ code: Number(code), message: refusals[code] });

// Engine.IO's refusals, which leave the connection open.
export const refused = (code) => ({
  answers: [{ status: 400, type: "application/json", body: refusal(code) }],
});

// The same where a WebSocket was asked for.
export const refusedUpgrade = (text) => ({
  answers: [{ status: 400, type: "text/html", body: text }], ends: "closed",
});

export const opened = (times = 1) => ({
  answers: Array(times).fill({ status: 200, type: /^text\/plain/, body: /^0\{"sid":"[\w-]{20}"/ }),
});

export const says = (status, body, more = {}) => ({ answers: [{ status, body }], ...more });

// A POST body to a session was read; what was wrong with it shows in the session.
export const ok = { answers: [{ status: 200, type: "text/html", body: "ok" }] };
