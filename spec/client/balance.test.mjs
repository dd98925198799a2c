// SPDX-License-Identifier: MIT
// Placement: which worker new sessions live at, when a thousand of them come at once, for each
// method and 2, 4 and 8 workers; addresses that stay where they are.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { request } from "../support/http.js";
import { burst, placed, slotOf, spread } from "../support/placement.js";
import { startServer } from "../support/server.js";
import { eventually } from "../support/wait.js";

async function withServer(options, run) {
  const server = await startServer("topology", options);
  try {
    await run(server);
  } finally {
    await server.stop();
  }
}

const balance = (method) => ["--balance", method];

describe("a thousand connects at once", { timeout: 120000 }, () => {
  for (const workers of [2, 4, 8]) {
    it(`are spread evenly over ${workers} workers by least-connection`, async () => {
      await withServer({ workers }, async (server) => {
        const counts = spread(await burst(server, 1000));
        assert.equal(counts.length, workers);
        assert.ok(counts[0] <= (1.3 * 1000) / workers, `${counts}`);
        assert.ok(counts[0] <= 1.3 * counts.at(-1), `${counts}`);
      });
    });

    it(`are dealt out to ${workers} workers by round-robin`, async () => {
      await withServer({ workers, args: balance("round-robin") }, async (server) => {
        const counts = spread(await burst(server, 1000));
        assert.deepEqual(counts, Array(workers).fill(1000 / workers));
      });
    });
  }

  it("are spread when hooks hold them up as well", async () => {
    await withServer({ workers: 4, env: { HELD: "0.3" } }, async (server) => {
      const counts = spread(await burst(server, 1000));
      assert.equal(counts.length, 4);
      assert.ok(counts[0] <= 1.3 * counts.at(-1), `${counts}`);
    });
  });

  it("are spread with TLS, four hundred of them", async () => {
    await withServer({ workers: 4, tls: true }, async (server) => {
      const counts = spread(await burst(server, 400));
      assert.equal(counts.length, 4);
      assert.ok(counts[0] <= 1.3 * 100, `${counts}`);
    });
  });

  it("are spread by random as dice would", async () => {
    await withServer({ workers: 4, args: balance("random") }, async (server) => {
      // 250 each, with a standard deviation of 14: seven of them either way.
      const counts = spread(await burst(server, 1000));
      assert.equal(counts.length, 4);
      assert.ok(counts[0] < 350 && counts.at(-1) > 150, `${counts}`);
    });
  });
});

// The process of each worker, by number.
async function whoIs(server, workers) {
  const pids = new Map();
  await eventually("that each has answered", async () => {
    const { id, pid } = JSON.parse((await request(`${server.url}/who`)).body);
    return pids.set(id, pid).size === workers;
  });
  return pids;
}

// 127.0.0.0/8 has addresses enough on Linux.
const addresses = Array.from({ length: 40 }, (_, i) => `127.0.1.${i + 1}`);
const byAddress = {
  "ip-hash": (address) => ({ from: address }),
  "forwarded-for": (address) => ({ headers: `X-Forwarded-For: ${address}, 10.0.0.1\r\n` }),
};

for (const [method, options] of Object.entries(byAddress)) {
  describe(method, { timeout: 60000 }, () => {
    it("keeps an address at its worker, and moves only those of one that has gone", async () => {
      await withServer({ workers: 4, args: balance(method) }, async (server) => {
        const where = async () => {
          const sids = await Promise.all(addresses.map((a) => placed(server, options(a))));
          return sids.map(slotOf);
        };
        const first = await where();
        assert.equal(new Set(first).size, 4);
        for (let round = 0; round < 3; round++) assert.deepEqual(await where(), first);

        // Of a dead worker's addresses each finds another place at once; the others' stay.
        const killed = (await whoIs(server, 4)).get(first[0] + 1);
        process.kill(killed, "SIGKILL");
        const meanwhile = await where();
        for (const [i, slot] of first.entries()) {
          if (slot !== first[0]) assert.equal(meanwhile[i], slot);
        }
        await eventually("that they are back", async () => {
          return JSON.stringify(await where()) === JSON.stringify(first);
        });
      });
    });

    it("keeps an address with the successor of its worker", async () => {
      const args = [...balance(method), "--drain", "0"];
      await withServer({ workers: 3, args }, async (server) => {
        const where = () => Promise.all(addresses.map((a) =>
          placed(server, { ...options(a), then: "/who" })));
        const first = await where();
        process.kill(server.pid, "SIGHUP");
        await eventually("the end of the reload", () => /^sio-lua: reloaded$/m.test(server.output));
        const later = await where();
        assert.deepEqual(later.map(({ id }) => id), first.map(({ id }) => id));
        const pids = new Set(first.map(({ pid }) => pid));
        assert.ok(later.every(({ pid }) => !pids.has(pid)));
      });
    });
  });
}
