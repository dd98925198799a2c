// SPDX-License-Identifier: MIT
// Node's HTTP server as the bench wants it: with TLS if BENCH_TLS names a folder with a
// certificate, on a free port that it says on stderr.
import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";

export const options = process.env.BENCH_DEFLATE ? { perMessageDeflate: true } : {};

export function createServer() {
  const folder = process.env.BENCH_TLS;
  if (!folder) return http.createServer();
  const [cert, key] = ["cert.pem", "key.pem"].map((name) => readFileSync(`${folder}/${name}`));
  return https.createServer({ cert, key });
}

export function say(port) {
  console.error(`http://localhost:${port}`);
}

export function listen(server) {
  server.listen(0, () => say(server.address().port));
}
