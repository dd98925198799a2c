// SPDX-License-Identifier: MIT
// app:health under sio-lua: what a balancer is told on connections that it has, before and while
// the workers behind them stop.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RawConnection } from "../support/http.js";
import { startServer } from "../support/server.js";
import { eventually } from "../support/wait.js";

for (const workers of [1, 2]) {
  describe(`health, ${workers} worker(s)`, { timeout: 30000 }, () => {
    it("is said for as long as a worker answers", async () => {
      const server = await startServer("health", { workers });
      const opening = [1, 2, 3, 4].map(() => RawConnection.open(server.port));
      const connections = await Promise.all(opening);
      for (const connection of connections) {
        const { status, headers, body } = await connection.get("/health");
        assert.deepEqual([status, body], [200, '{"status":"ready"}']);
        assert.equal(headers["cache-control"], "no-store");
        await connection.write("HEAD /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assert.equal((await connection.response({ bodyless: true })).status, 200);
        await connection.write("GET /health HTTP/1.1\r\nHost: local"); // a stop waits for the rest
      }
      process.kill(server.pid, "SIGTERM");
      const stops = "nobody accepts any more";
      await eventually(stops, () => RawConnection.open(server.port).then((probe) => {
        probe.close();
        return false;
      }, () => true));
      for (const connection of connections) {
        await connection.write("host\r\n\r\n");
        const { status, body } = await connection.response();
        assert.deepEqual([status, body], [503, '{"status":"draining"}']);
        connection.close();
      }
      const [code] = await server.exited;
      assert.equal(code, 0, server.output);
      server.stopped = true;
    });
  });
}
