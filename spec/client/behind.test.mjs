// SPDX-License-Identifier: MIT
// examples/behind: official clients come to several servers, which know nothing of each other,
// through the real proxies, with the example's files. A client has to stay with one server over all
// of its requests, and find another one when that dies or is taken out.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { transports } from "../support/clients.js";
import { request } from "../support/http.js";
import { Instances } from "../support/instances.js";
import { missing, Proxy } from "../support/proxies.js";
import { home, say, Visitors } from "../support/visitors.js";
import { eventually } from "../support/wait.js";

const polling = "/socket.io/?EIO=4&transport=polling";

const proxies = [
  { name: "nginx, hash", kind: "nginx", file: "nginx/several.conf" },
  {
    name: "nginx, ip_hash",
    kind: "nginx",
    file: "nginx/several.conf",
    edit: [[/hash \$remote_addr consistent;/, ""], [/# ip_hash;/, "ip_hash;"]],
  },
  {
    name: "HAProxy",
    kind: "haproxy",
    file: "haproxy/haproxy.cfg",
    edit: [[/inter 1s/, "inter 200ms"]],
    checks: true,
    keeps: true, // the sessions of a server that is taken out
    owner: /io=(\w+)~/,
  },
  {
    name: "Apache httpd",
    kind: "apache",
    file: "apache/httpd.conf",
    edit: [[/hcinterval=1\b/, "hcinterval=200ms"]],
    checks: true,
    owner: /SERVERID=sticky\.(\w+)/,
  },
];

describe("behind", { timeout: 120000 }, () => {
  let instances;
  before(async () => (instances = await Instances.start()));
  after(() => instances?.stop());

  for (const { name, kind, file, edit, checks, keeps, owner } of proxies) {
    describe(name, { skip: missing(kind) }, () => {
      let proxy, visitors;

      before(async () => {
        proxy = await Proxy.start(file, { ports: instances.ports, edit });
        visitors = new Visitors(proxy.url);
      });
      after(async () => {
        visitors?.close();
        await proxy?.stop();
      });

      for (const mode of Object.keys(transports)) {
        it(`keeps a client with its server (${mode})`, async () => {
          const client = await visitors.visit(mode, 7);
          for (let i = 0; i < 5; i++) assert.equal(await say(client, "hello"), 5);
          const heard = await client.said.until(5);
          assert.deepEqual(heard, Array(5).fill([home(client), "hello"]));
          assert.equal(client.welcomes.items[0].address, "127.0.7.1");
          assert.equal(client.welcomes.items[0].secure, false);
          assert.deepEqual(client.lost.items, []);
          assert.deepEqual(visitors.mishaps, []);
          client.close();
        });

        it(`lets large messages through both ways (${mode})`, async () => {
          const client = await visitors.visit(mode, 8);
          const large = "x".repeat(900000);
          assert.equal(await say(client, large), large.length);
          const [[, text]] = await client.said.until(1);
          assert.equal(text, large);
          assert.deepEqual(client.lost.items, []);
          client.close();
        });
      }

      it("spreads clients, and gives those of a dead server another one", async () => {
        const all = await Promise.all(Array.from({ length: 9 }, (_, i) =>
          visitors.visit(Object.keys(transports)[i % 3], 10 + i)));
        const met = new Set(all.map(home));
        assert.ok(met.size > 1, `all came to ${[...met]}`);
        const dead = home(all[0]);
        const theirs = all.filter((client) => home(client) === dead);
        const others = all.filter((client) => home(client) !== dead);
        instances.kill(dead);
        await Promise.all(theirs.map((client) => client.welcomes.until(2)));
        for (const client of theirs) assert.notEqual(home(client), dead);
        for (const client of others) {
          assert.equal(await say(client, "here"), 4);
          assert.deepEqual(client.lost.items, []);
        }
        for (const client of all) client.close();
        await instances.revive(dead);
      });

      const skip = !checks && "it does not ask servers how they are";
      it("sends nobody new to a server that is taken out", { skip }, async () => {
        const newcomer = async () => {
          const { status, headers } = await request(proxy.url + polling);
          assert.equal(status, 200);
          return owner.exec(headers["set-cookie"].join())[1];
        };
        const several = async (n) => {
          const found = new Set();
          for (let i = 0; i < n; i++) found.add(await newcomer());
          return found;
        };
        await eventually("all are there", async () => (await several(6)).size === 3);
        const held = await Promise.all([1, 2, 3, 4, 5, 6].map((n) => visitors.visit("polling", n)));
        // A connection counts for a balancer. The server with the fewest is the next one's choice.
        const load = (client) => held.filter((other) => home(other) === home(client)).length;
        const [leaver] = [...held].sort((a, b) => load(a) - load(b));
        const out = home(leaver);
        instances.takeOut(out);
        await eventually("it is out", async () => !(await several(12)).has(out));
        assert.equal((await several(12)).has(out), false);
        if (keeps) {
          assert.equal(await say(leaver, "still"), 5);
          assert.equal(home(leaver), out);
          assert.deepEqual(leaver.lost.items, []);
        } else {
          leaver.emit("say", "still"); // a request that another server gets, which knows no sid
          await leaver.welcomes.until(2);
          assert.notEqual(home(leaver), out);
        }
        instances.takeBack(out);
        await eventually("it is back", async () => (await several(12)).has(out));
        for (const client of held) client.close();
      });
    });
  }
});
