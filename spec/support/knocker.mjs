// SPDX-License-Identifier: MIT
// A process that knocks all the time: fresh connections, a keep-alive one, handshakes. Forked by
// spec/client/reload.test.mjs: `knocker.mjs URL`; says at the message "stop" how often it was
// answered, and every failure.

import http from "node:http";
import https from "node:https";
import { trustOf } from "./certificate.js";

const url = process.argv[2];
const pauseMs = 5;
const told = { fresh: 0, kept: 0, handshakes: 0, failures: [] };
const client = url.startsWith("https") ? https : http;
const agent = new client.Agent({ keepAlive: true, maxSockets: 1 });
let stopped = false;

function get(path, options) {
  return new Promise((resolve, reject) => {
    const req = client.get(url + path, { ...trustOf(url), ...options }, (res) => {
      let body = "";
      res.setEncoding("utf8").on("data", (text) => (body += text));
      res.on("error", reject);
      res.on("end", () => resolve({ status: res.statusCode, body }));
    });
    req.on("error", reject);
  });
}

async function knock(what, path, options, expected) {
  while (!stopped) {
    try {
      const { status, body } = await get(path, options);
      if (status !== 200 || !expected.test(body)) throw new Error(`${status} ${body}`);
      told[what] += 1;
    } catch (error) {
      told.failures.push(`${what}: ${error.code ?? ""} ${error.message}`);
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

const rounds = [
  knock("fresh", "/ping", { agent: false }, /^pong$/),
  knock("fresh", "/ping", { agent: false }, /^pong$/),
  knock("kept", "/ping", { agent }, /^pong$/),
  knock("handshakes", "/socket.io/?EIO=4&transport=polling", { agent: false }, /^0\{/),
];
process.on("message", async () => {
  stopped = true;
  await Promise.all(rounds);
  process.send(told, () => process.exit(0));
});
