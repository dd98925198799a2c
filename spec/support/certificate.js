// SPDX-License-Identifier: MIT
// Certificates for the tests, made by the openssl command when the first one asks and deleted with
// the process; TLS_DIR names the folder of one that is there. `trustOf(url)` is what a client needs
// besides the URL: nothing for http.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

let folder;

// Writes cert.pem and key.pem for "localhost", signed by itself, into `dir`.
export function makeCertificate(dir, { serial = 1 } = {}) {
  execFileSync("openssl", [
    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
    "-keyout", path.join(dir, "key.pem"), "-out", path.join(dir, "cert.pem"), "-days", "2",
    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
    "-set_serial", String(serial),
  ], { stdio: "ignore" });
  return dir;
}

export function temporaryFolder() {
  const dir = mkdtempSync(path.join(tmpdir(), "sio-lua-tls-"));
  process.on("exit", () => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

// The folder of the certificate that servers get unless they bring their own.
export function certificateFolder() {
  folder ??= process.env.TLS_DIR ?? makeCertificate(temporaryFolder());
  return folder;
}

export function trustOf(url) {
  if (!/^(https|wss):/.test(url)) return {};
  return { ca: readFileSync(path.join(certificateFolder(), "cert.pem")) };
}
