// SPDX-License-Identifier: MIT
// Behind proxies: official clients come through a small proxy that adds X-Forwarded fields or sends
// a PROXY header, and the app must see the client's address on whichever worker the client ends.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { once } from "node:events";
import net from "node:net";
import { io } from "socket.io-client";
import { trustOf } from "../support/certificate.js";
import { RawConnection, request } from "../support/http.js";
import { eventually, nextEvent } from "../support/wait.js";
import { startServer, workerCounts } from "../support/server.js";
import { transports } from "../support/clients.js";

const polling = "/socket.io/?EIO=4&transport=polling";

// A TCP proxy that says `greeting` in front of each connection to the server.
class Proxy {
  static async open(port, greeting) {
    const proxy = new Proxy();
    proxy.sockets = new Set();
    proxy.server = net.createServer((client) => {
      const server = net.connect(port, "127.0.0.1");
      server.write(greeting);
      for (const [from, to] of [[client, server], [server, client]]) {
        proxy.sockets.add(from);
        from.pipe(to);
        from.on("error", () => to.destroy());
        from.on("close", () => to.destroy());
      }
    });
    proxy.server.listen(0);
    await once(proxy.server, "listening");
    proxy.url = `http://localhost:${proxy.server.address().port}`;
    return proxy;
  }

  close() {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }
}

const line = "PROXY TCP4 192.0.2.7 198.51.100.1 4711 443\r\n";
const signature = Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1");
// 2001:db8::7 with TLS
const binary = Buffer.concat([
  signature,
  Buffer.from([0x21, 0x21, 0, 44]),
  Buffer.from("20010db8000000000000000000000007", "hex"),
  Buffer.alloc(15),
  Buffer.from([1, 0x12, 0x34, 1, 0xbb, 0x20, 0, 5, 1, 0, 0, 0, 0]),
]);

// What the app believes of a client, and the worker that has it.
async function origin(url, options) {
  const socket = io(url, { forceNew: true, reconnection: false, ...options });
  try {
    await nextEvent(socket, "connect");
    return await socket.timeout(10000).emitWithAck("origin");
  } finally {
    socket.close();
  }
}

for (const workers of workerCounts(1, 2)) {
  describe(`proxies, ${workers} worker(s)`, { timeout: 60000 }, () => {
    describe("that are trusted", () => {
      let server;
      const extraHeaders = {
        "X-Forwarded-For": "6.6.6.6, 192.0.2.7",
        "X-Forwarded-Proto": "https",
      };
      before(async () => {
        server = await startServer("origin", { workers, env: { TRUST_PROXY: "loopback" } });
      });
      after(() => server?.stop());

      for (const [name, list] of Object.entries(transports)) {
        it(`tell a client's address (${name})`, async () => {
          const pids = new Set();
          await eventually("every worker was met", async () => {
            const seen = await origin(server.url, { transports: list, extraHeaders });
            assert.equal(seen.address, "192.0.2.7");
            assert.equal(seen.secure, true);
            pids.add(seen.pid);
            return pids.size === workers;
          });
        });
      }

      it("tell it request by request", async () => {
        const connection = await RawConnection.open(server.port);
        const ask = async (fields) => {
          await connection.write(`GET /origin HTTP/1.1\r\nHost: localhost\r\n${fields}\r\n`);
          const { address, secure } = JSON.parse((await connection.response()).body);
          return `${address} ${secure}`;
        };
        assert.equal(await ask("X-Forwarded-For: 192.0.2.7\r\n"), "192.0.2.7 false");
        assert.equal(await ask("X-Forwarded-For: 192.0.2.8\r\n"), "192.0.2.8 false");
        assert.equal(await ask("X-Forwarded-Proto: https\r\n"), "127.0.0.1 true");
        assert.equal(await ask("X-Forwarded-For: nobody\r\n"), "127.0.0.1 false");
        assert.equal(await ask(""), "127.0.0.1 false");
        connection.close();
        const said = /X-Forwarded-For is malformed: "nobody"/;
        await eventually("a line in the log", () => said.test(server.output));
      });
    });

    describe("that are not", () => {
      it("change nothing", async () => {
        for (const TRUST_PROXY of ["", "10.0.0.0/8"]) {
          const server = await startServer("origin", { workers, env: { TRUST_PROXY } });
          const headers = { "X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https" };
          const seen = JSON.parse((await request(`${server.url}/origin`, { headers })).body);
          assert.match(seen.address, /^(127\.0\.0\.1|::1)$/);
          assert.equal(seen.secure, false);
          await server.stop();
        }
      });
    });

    describe("that speak PROXY", () => {
      let server;
      before(async () => {
        server = await startServer("origin", { workers, env: { PROXY_PROTOCOL: "1" } });
      });
      after(() => server?.stop());

      const cases = [
        ["version 1", line, "192.0.2.7", false],
        ["version 2", binary, "2001:db8::7", true],
        ["version 1, for itself", "PROXY UNKNOWN\r\n", "127.0.0.1", false],
      ];
      for (const [name, greeting, address, secure] of cases) {
        for (const [transport, list] of Object.entries(transports)) {
          it(`tell a client's address (${name}, ${transport})`, async () => {
            const proxy = await Proxy.open(server.port, greeting);
            const pids = new Set();
            await eventually("every worker was met", async () => {
              const seen = await origin(proxy.url, { transports: list });
              assert.equal(seen.address, address);
              assert.equal(seen.secure, secure);
              pids.add(seen.pid);
              return pids.size === workers;
            });
            const seen = JSON.parse((await request(`${proxy.url}/origin`)).body);
            assert.equal(seen.address, address);
            proxy.close();
          });
        }
      }

      it("do so in front of TLS", async () => {
        const secure = await startServer("origin", {
          workers,
          tls: true,
          env: { PROXY_PROTOCOL: "1" },
        });
        const proxy = await Proxy.open(secure.port, line);
        const url = proxy.url.replace("http:", "https:");
        for (const list of Object.values(transports)) {
          const pids = new Set();
          await eventually("every worker was met", async () => {
            const seen = await origin(url, { transports: list, ...trustOf(url) });
            assert.equal(seen.address, "192.0.2.7");
            assert.equal(seen.secure, true);
            pids.add(seen.pid);
            return pids.size === Math.min(workers, 2); // they stay where they are accepted
          });
        }
        proxy.close();
        await secure.stop();
      });

      it("are the only ones that are heard", async () => {
        const connection = await RawConnection.open(server.port);
        await connection.write(`GET ${polling} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
        await assert.rejects(connection.response(), /the connection ended, with {2}before/);
        const said = /is closed: it does not begin with a PROXY header/;
        await eventually("a line in the log", () => said.test(server.output));
      });
    });
  });
}
