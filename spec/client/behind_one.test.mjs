// SPDX-License-Identifier: MIT
// examples/behind: one sio-lua with several workers behind real proxies. Any worker may get any
// request, so nothing has to stick, and everybody hears everybody. Then the ways in which proxies
// are set up otherwise, and what goes wrong with a timeout that is too short.

import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { temporaryFolder } from "../support/certificate.js";
import { transports } from "../support/clients.js";
import { missing, Proxy } from "../support/proxies.js";
import { rootFile, startServer } from "../support/server.js";
import { eventually } from "../support/wait.js";
import { say, Visitors } from "../support/visitors.js";

const modes = Object.keys(transports);
const start = (how) => startServer(rootFile("examples/behind/app.lua"), { workers: 3, ...how });

// Variants of nginx/one.conf.
const few = [[/keepalive 64;/, "keepalive 1;"], [/worker_processes auto/, "worker_processes 1"]];
const variants = [
  { name: "as it is" },
  { name: "few connections to the server", edit: few },
  { name: "Connection: upgrade for every request", edit: [[/"" "";/, '"" upgrade;']] },
  { name: "answers collected", edit: [[/proxy_buffering off;/, ""]] },
  {
    name: "HTTP/1.0, nginx's own default",
    edit: [[/proxy_http_version 1.1;/g, ""], [/proxy_set_header (Connection|Upgrade) .*;/g, ""]],
    only: ["polling"],
  },
];

describe("one server behind", { timeout: 120000 }, () => {
  let server;
  before(async () => (server = await start()));
  after(() => server?.stop());

  for (const { name, edit, only = modes } of variants) {
    describe(`nginx, ${name}`, { skip: missing("nginx") }, () => {
      let proxy, visitors;
      before(async () => {
        proxy = await Proxy.start("nginx/one.conf", { ports: { 3000: server.port }, edit });
        visitors = new Visitors(proxy.url);
      });
      after(async () => {
        visitors?.close();
        await proxy?.stop();
      });

      it("serves everybody on every worker", async () => {
        const all = await Promise.all(Array.from({ length: 12 }, (_, i) =>
          visitors.visit(only[i % only.length], 10 + i)));
        const workers = new Set(all.map((client) => client.welcomes.items[0].worker));
        assert.equal(workers.size, 3);
        for (const client of all) assert.equal(await say(client, "hello"), 5);
        for (const [i, client] of all.entries()) {
          assert.equal(client.welcomes.items[0].address, `127.0.${10 + i}.1`);
          await client.said.until(all.length);
          assert.deepEqual(client.lost.items, []);
        }
        assert.deepEqual(visitors.mishaps, []);
        for (const client of all) client.close();
      });

      it("takes large messages both ways", async () => {
        const large = "x".repeat(900000);
        for (const mode of only) {
          const client = await visitors.visit(mode, 7);
          assert.equal(await say(client, large), large.length);
          assert.equal((await client.said.until(1))[0][1], large);
          assert.deepEqual(client.lost.items, []);
          client.close();
        }
      });
    });
  }

  describe("nginx, HTTP/1.0, nginx's own default", { skip: missing("nginx") }, () => {
    it("leaves a client that asks for an upgrade on polling", async () => {
      const { edit } = variants.at(-1);
      const proxy = await Proxy.start("nginx/one.conf", { ports: { 3000: server.port }, edit });
      const visitors = new Visitors(proxy.url);
      const client = visitors.make("upgrade");
      const refused = new Promise((resolve) => client.io.engine.on("upgradeError", resolve));
      await refused;
      assert.equal(await say(client, "hello"), 5);
      assert.equal(client.io.engine.transport.name, "polling");
      visitors.close();
      await proxy.stop();
    });
  });

  describe("nginx, a timeout shorter than the heartbeat's", { skip: missing("nginx") }, () => {
    let proxy, visitors;
    before(async () => {
      const edit = [[/proxy_read_timeout 60s;/, "proxy_read_timeout 1s;"]];
      proxy = await Proxy.start("nginx/one.conf", { ports: { 3000: server.port }, edit });
      visitors = new Visitors(proxy.url);
    });
    after(async () => {
      visitors?.close();
      await proxy?.stop();
    });

    it("cuts clients that have nothing to say", async () => {
      const ends = { polling: "transport error", websocket: "transport close" };
      await Promise.all(Object.entries(ends).map(async ([mode, reason]) => {
        const client = await visitors.visit(mode, 7);
        assert.deepEqual(await client.lost.until(1), [reason]);
        await client.welcomes.until(2); // it comes back, and will be cut again
      }));
    });
  });

  describe("nginx, with a worker that is killed", { skip: missing("nginx") }, () => {
    let proxy, visitors;
    before(async () => {
      proxy = await Proxy.start("nginx/one.conf", { ports: { 3000: server.port } });
      visitors = new Visitors(proxy.url);
    });
    after(async () => {
      visitors?.close();
      await proxy?.stop();
    });

    it("loses nothing when a worker dies", async () => {
      const all = await Promise.all(Array.from({ length: 9 }, (_, i) =>
        visitors.visit(modes[i % 3], 10 + i)));
      await say(all[0], "before");
      for (const client of all) await client.said.until(1); // has an offset to come back with
      const { worker } = all[1].welcomes.items[0];
      const { workers } = await server.status();
      process.kill(workers.find(({ number }) => number === worker).pid, "SIGKILL");
      await say(all[0], "after").catch(() => say(all[0], "after"));
      for (const client of all) {
        await client.said.until(2);
        const texts = client.said.items.map(([, text]) => text);
        assert.deepEqual(texts.slice(0, 2), ["before", "after"]);
        const back = client.welcomes.items.slice(1);
        assert.ok(back.every(({ recovered }) => recovered), JSON.stringify(back));
      }
      const theirs = all.filter((client) => client.welcomes.items[0].worker === worker);
      for (const client of theirs) await client.lost.until(1);
      for (const client of all) client.close();
    });
  });

  // The files for several servers, but now the servers are workers of one.
  for (const file of ["nginx/several.conf", "haproxy/haproxy.cfg", "apache/httpd.conf"]) {
    const kind = file.split("/")[0];
    describe(`${kind}, a port for each worker`, { skip: missing(kind) }, () => {
      let apart, proxy, visitors;
      before(async () => {
        apart = await start({ args: ["--port-per-worker"] });
        const ports = apart.urls.map((url, i) => [3001 + i, new URL(url).port]);
        proxy = await Proxy.start(file, { ports: Object.fromEntries(ports) });
        visitors = new Visitors(proxy.url);
      });
      after(async () => {
        visitors?.close();
        await proxy?.stop();
        await apart?.stop();
      });

      it("lets everybody hear everybody", async () => {
        const all = await Promise.all(Array.from({ length: 9 }, (_, i) =>
          visitors.visit(modes[i % 3], 10 + i)));
        assert.ok(new Set(all.map((client) => client.welcomes.items[0].worker)).size > 1);
        for (const client of all) assert.equal(await say(client, "hello"), 5);
        for (const client of all) await client.said.until(all.length);
        for (const client of all) assert.deepEqual(client.lost.items, []);
        assert.deepEqual(visitors.mishaps, []);
        for (const client of all) client.close();
      });
    });
  }

  describe("HAProxy, with PROXY headers", { skip: missing("haproxy") }, () => {
    let server, proxy, visitors, folder;
    before(async () => {
      folder = temporaryFolder();
      server = await start({ env: { PROXY_PROTOCOL: "1" }, cwd: folder });
      const edit = [[/inter 1s/, "inter 100ms"]];
      proxy = await Proxy.start("haproxy/tcp.cfg", { ports: { 3000: server.port }, edit });
      visitors = new Visitors(proxy.url);
    });
    after(async () => {
      visitors?.close();
      await proxy?.stop();
      await server?.stop();
    });

    it("serves everybody on every worker, and knows where they are", async () => {
      const all = await Promise.all(Array.from({ length: 12 }, (_, i) =>
        visitors.visit(modes[i % 3], 10 + i)));
      assert.equal(new Set(all.map((client) => client.welcomes.items[0].worker)).size, 3);
      for (const client of all) assert.equal(await say(client, "hello"), 5);
      for (const [i, client] of all.entries()) {
        assert.equal(client.welcomes.items[0].address, `127.0.${10 + i}.1`);
        await client.said.until(all.length);
        assert.deepEqual(client.lost.items, []);
      }
      assert.deepEqual(visitors.mishaps, []);
    });

    it("takes the server out and in by its check", async () => {
      const off = path.join(folder, "off-one");
      assert.doesNotMatch(proxy.output, /DOWN/);
      writeFileSync(off, "");
      const down = /Server sio\/one is DOWN, reason: Layer7 wrong status, code: 503/;
      await eventually("it is out", () => down.test(proxy.output));
      rmSync(off);
      await eventually("it is back", () => /Server sio\/one is UP/.test(proxy.output));
    });
  });
});
