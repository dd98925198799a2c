// SPDX-License-Identifier: MIT
// HTTPS and WSS: official clients that check the certificate, with one worker and several, where
// requests and upgrades land at workers that must relay them.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { writeFileSync } from "node:fs";
import net from "node:net";
import path from "node:path";
import tls from "node:tls";
import { Clients, transports } from "../support/clients.js";
import { makeCertificate, temporaryFolder, trustOf } from "../support/certificate.js";
import { RawConnection, request } from "../support/http.js";
import { startServer, workerCounts } from "../support/server.js";
import { eventually, nextEvent } from "../support/wait.js";

const polling = "/socket.io/?EIO=4&transport=polling";

for (const workers of workerCounts(1, 4)) {
  describe(`TLS, ${workers} worker(s)`, { timeout: 60000 }, () => {
    let server, clients;
    before(async () => (server = await startServer("clients", { workers, tls: true })));
    after(() => server?.stop());
    afterEach(() => clients?.close());

    it("says https, to clients and to the app", async () => {
      assert.match(server.url, /^https:/);
      const { body } = await request(`${server.url}/origin`);
      assert.deepEqual(JSON.parse(body), { secure: true, loopback: true });
    });

    for (const mode of Object.keys(transports)) {
      it(`${mode}: events, acknowledgements and large messages`, async () => {
        clients = new Clients(server.url);
        const sockets = await Promise.all([1, 2, 3, 4].map(() => clients.connect(mode)));
        for (const [i, socket] of sockets.entries()) {
          assert.deepEqual(await socket.emitWithAck("ack", i), i);
          const bytes = Buffer.alloc(300000, i);
          assert.equal(await socket.emitWithAck("bytes", bytes), bytes.length);
          const text = "☕".repeat(100000);
          assert.equal(await socket.emitWithAck("ack", text), text);
          assert.deepEqual(await socket.emitWithAck("origin"), { secure: true, loopback: true });
        }
        const news = sockets.map((socket) => nextEvent(socket, "news"));
        await sockets[0].emitWithAck("to all", "hello");
        for (const [said] of await Promise.all(news)) assert.equal(said, "hello");
        assert.deepEqual(clients.mishaps, []);
      });
    }

    it("carries sessions of all workers on one kept connection", async () => {
      const sids = [];
      const homes = new Set();
      while (homes.size < workers) {
        const { body } = await request(server.url + polling);
        sids.push(JSON.parse(body.slice(1)).sid);
        homes.add(sids.at(-1).slice(16)); // its worker is in the last characters
        assert.ok(sids.length < 400);
      }
      const connection = await RawConnection.openTls(server.port);
      for (const sid of sids) {
        assert.equal((await connection.post(`${polling}&sid=${sid}`, "40")).body, "ok");
      }
      const pids = new Set();
      for (const sid of sids) {
        assert.match((await connection.get(`${polling}&sid=${sid}`)).body, /^40/);
        assert.equal((await connection.post(`${polling}&sid=${sid}`, '420["whoami"]')).body, "ok");
        const { body } = await connection.get(`${polling}&sid=${sid}`);
        pids.add(JSON.parse(body.slice(3))[0].pid);
      }
      assert.equal(pids.size, workers);
      const own = await connection.get("/origin");
      assert.deepEqual(JSON.parse(own.body), { secure: true, loopback: true });
      for (const sid of sids) await connection.post(`${polling}&sid=${sid}`, "1");
      connection.close();
    });

    it("serves others while a thousand handshakes do not go on", async () => {
      const idle = [];
      for (let i = 0; i < 1000; i++) {
        const socket = net.connect(server.port, "localhost");
        socket.on("error", () => {});
        if (i % 2 === 0) socket.write(Buffer.from([22, 3, 1, 0, 200, 1])); // a ClientHello begins
        idle.push(socket);
      }
      assert.equal((await request(`${server.url}/whoami`)).status, 200);
      for (const socket of idle) socket.destroy();
    });

    it("gives plain HTTP no answer", async () => {
      const socket = net.connect(server.port, "localhost");
      let received = 0;
      socket.on("data", (data) => (received += data.length));
      socket.on("error", () => {});
      const closed = new Promise((resolve) => socket.on("close", resolve));
      socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
      await closed;
      assert.equal(received, 0);
      assert.equal((await request(`${server.url}/whoami`)).status, 200);
    });
  });
}

// The rules, as a scanner sees them.
describe("TLS rules", { timeout: 30000 }, () => {
  let server;
  before(async () => (server = await startServer("clients", { tls: true })));
  after(() => server?.stop());

  const connect = (options) => new Promise((resolve, reject) => {
    const socket = tls.connect({
      port: server.port, host: "localhost", ...trustOf("https:"), ...options,
    });
    socket.on("secureConnect", () => resolve(socket));
    socket.on("error", reject);
  });

  for (const version of ["TLSv1.2", "TLSv1.3"]) {
    it(`speaks ${version}, with forward secrecy`, async () => {
      const socket = await connect({ minVersion: version, maxVersion: version });
      assert.equal(socket.getProtocol(), version);
      assert.match(socket.getEphemeralKeyInfo().type, /ECDH/);
      assert.equal(socket.authorized, true);
      socket.destroy();
    });
  }

  for (const version of ["TLSv1", "TLSv1.1"]) {
    it(`refuses ${version}`, async () => {
      const old = { minVersion: version, maxVersion: version, ciphers: "ALL:@SECLEVEL=0" };
      await assert.rejects(connect(old), /alert protocol version/);
    });
  }

  it("refuses ciphers without forward secrecy or authentication of the whole record", async () => {
    for (const ciphers of ["AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA256"]) {
      await assert.rejects(connect({ maxVersion: "TLSv1.2", ciphers }), /handshake failure/);
    }
  });

  it("does not negotiate again", async () => {
    const socket = await connect({ maxVersion: "TLSv1.2" });
    socket.on("error", () => {});
    await assert.rejects(new Promise((resolve, reject) => {
      socket.renegotiate({}, (error) => (error ? reject(error) : resolve()));
      socket.on("error", reject);
    }), /renegotiation/i);
  });

  it("takes http/1.1 alone", async () => {
    const socket = await connect({ ALPNProtocols: ["h2", "http/1.1"] });
    assert.equal(socket.alpnProtocol, "http/1.1");
    socket.destroy();
    await assert.rejects(connect({ ALPNProtocols: ["h2"] }), /no application protocol/);
  });
});

describe("TLS reload", { timeout: 60000 }, () => {
  for (const workers of workerCounts(1, 3)) {
    it(`on SIGHUP, ${workers} new worker(s) have the new certificate; if it is bad, the old stay`,
      async () => {
        const dir = makeCertificate(temporaryFolder(), { serial: 0x11 });
        const server = await startServer("clients", { workers, tls: dir });
        const serial = () => new Promise((resolve, reject) => {
          const options = { port: server.port, host: "localhost", rejectUnauthorized: false };
          const socket = tls.connect(options, () => {
            resolve(socket.getPeerCertificate().serialNumber);
            socket.destroy();
          });
          socket.on("error", reject);
        });
        const said = (text) => server.output.split(text).length - 1;
        assert.equal(await serial(), "11");
        makeCertificate(dir, { serial: 0x22 });
        process.kill(server.pid, "SIGHUP");
        await eventually("all to be new", () => said("reloaded") === 1);
        const before = await RawConnection.openTls(server.port, { rejectUnauthorized: false });
        for (let i = 0; i < 4 * workers; i++) assert.equal(await serial(), "22");
        writeFileSync(path.join(dir, "cert.pem"), "no certificate");
        process.kill(server.pid, "SIGHUP");
        await eventually("it to be refused", () => said("stay as they were") === 1);
        assert.equal(said("no certificate in PEM format"), 1, server.output);
        for (let i = 0; i < 2 * workers; i++) assert.equal(await serial(), "22");
        assert.equal((await before.get("/whoami")).status, 200);
        before.close();
        await server.stop();
      });
  }
});
