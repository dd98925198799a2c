// SPDX-License-Identifier: MIT
// app:health under sio-lua: what a balancer is told on a connection that it keeps, before and while
// the worker behind it stops.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RawConnection } from "../support/http.js";
import { startServer } from "../support/server.js";
import { eventually } from "../support/wait.js";

for (const workers of [1, 2]) {
  describe(`health, ${workers} worker(s)`, { timeout: 30000 }, () => {
    it("is said for as long as the worker answers", async () => {
      const server = await startServer("health", { workers });
      const kept = await Promise.all([1, 2, 3, 4].map(() => RawConnection.open(server.port)));
      for (const connection of kept) {
        const { status, headers, body } = await connection.get("/health");
        assert.deepEqual([status, body], [200, '{"status":"ready"}']);
        assert.equal(headers["cache-control"], "no-store");
        await connection.write("HEAD /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assert.equal((await connection.response({ bodyless: true })).status, 200);
      }
      process.kill(server.pid, "SIGTERM");
      for (const connection of kept) {
        await eventually("it drains", async () => {
          const { status, body } = await connection.get("/health");
          return status === 503 && body === '{"status":"draining"}';
        });
      }
      for (const connection of kept) await connection.get("/go").catch(() => {}); // may be over
      const [code] = await server.exited;
      assert.equal(code, 0, server.output);
      server.stopped = true;
      for (const connection of kept) connection.close();
    });
  });
}
