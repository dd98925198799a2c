// SPDX-License-Identifier: MIT
// The bench's load generator: each of its works passes against this server, and against a floor
// server that delivers one message wrongly it fails and says what was wrong with it.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import http from "node:http";
import { createInterface } from "node:readline";
import { after, before, describe, it } from "node:test";
import { certificateFolder } from "../support/certificate.js";
import { rootFile, startServer } from "../support/server.js";

const options = { skip: process.platform !== "linux", timeout: 60000 }; // it stands on epoll
const binary = (name) => rootFile(`build/bench/${name}`);

// Resolves with { code, report, stderr }.
function load(port, words) {
  const args = [...words.split(" "), "--port", String(port), "--patience", "2"];
  return new Promise((resolve) => {
    const child = execFile(binary("load"), args, (error, stdout, stderr) => {
      const report = stdout === "" ? null : JSON.parse(stdout);
      resolve({ code: error?.code ?? 0, report, stderr });
    });
    child.stdin.end();
  });
}

async function startFloor(...args) {
  const child = spawn(binary("floor"), args, { stdio: ["ignore", "ignore", "pipe"] });
  const [line] = await once(createInterface(child.stderr), "line");
  return { port: new URL(line).port, stop: () => child.kill() };
}

const portOf = (server) => new URL(server.url).port;

const works = [
  ["broadcast --clients 20 --total 30", 600],
  ["broadcast --clients 20 --total 32 --inflight 8", 640],
  ["broadcast --clients 20 --total 30 --rooms 3", 200],
  ["broadcast --clients 3 --total 5 --size 65536", 15],
  ["busy --clients 20 --busy 5 --total 10", 50],
  ["ack --clients 10 --total 300", 300],
  ["ack --clients 10 --total 320 --outstanding 8", 320],
  ["ack --clients 10 --total 100 --rate 1000", 100],
  ["connect --clients 20", 20],
  ["idle --clients 20 --headers browser", 20],
];
const sioWorks = [
  ["polling --clients 10 --total 100", 100],
  ["ack --clients 3 --total 30 --binary --size 1024", 30],
  ["broadcast --clients 5 --total 10 --binary --inflight 2", 50],
  ["ack --clients 3 --total 30 --deflate --size 1024", 30],
  ["broadcast --clients 5 --total 10 --deflate --binary --size 4096", 50],
];

async function passes(port, [words, units]) {
  const { code, report, stderr } = await load(port, words);
  assert.equal(stderr, "");
  assert.equal(code, 0);
  assert.equal(report.work, words.split(" ")[0]);
  assert.equal(report.units, units);
}

for (const tls of [false, true]) {
  describe(`the load generator and this server${tls ? ", TLS" : ""}`, options, () => {
    let server;
    before(async () => {
      const env = { BENCH_DEFLATE: "1", ...(tls && { BENCH_TLS: certificateFolder() }) };
      server = await startServer(rootFile("bench/apps/app.lua"), { workers: 1, env });
    });
    after(() => server?.stop());

    for (const [words, units] of [...works, ...sioWorks]) {
      it(words, () => passes(portOf(server), [tls ? `${words} --tls` : words, units]));
    }
  });
}

// What other servers answer by long-polling: in chunks, with the sid last, and "OK".
function inChunks(port) {
  const agent = new http.Agent({ keepAlive: true });
  const proxy = http.createServer((request, response) => {
    const { method, url: path, headers } = request;
    const asked = http.request({ agent, port, method, path, headers }, async (answer) => {
      let body = Buffer.concat(await answer.toArray()).toString();
      const opened = /^0(\{.*\})$/.exec(body);
      if (opened) {
        const { sid, ...rest } = JSON.parse(opened[1]);
        body = `0${JSON.stringify({ ...rest, sid })}`;
      }
      response.writeHead(answer.statusCode, { "Content-Type": "text/plain" });
      response.write(body.slice(0, 1));
      setImmediate(() => response.end(body.slice(1).replace(/^k$/, "K")));
    });
    asked.on("error", () => response.destroy()); // a GET is pending when all is over
    request.pipe(asked);
  });
  proxy.on("close", () => agent.destroy());
  return new Promise((resolve) => proxy.listen(0, "127.0.0.1", () => resolve(proxy)));
}

describe("the load generator and a server that answers in chunks", options, () => {
  it("reads them", async () => {
    const server = await startServer(rootFile("bench/apps/app.lua"), { workers: 1 });
    const proxy = await inChunks(portOf(server));
    await passes(proxy.address().port, ["polling --clients 10 --total 100", 100]);
    proxy.closeAllConnections();
    proxy.close();
    await server.stop();
  });
});

for (const mode of [[], ["--batch"]]) {
  describe(`the load generator and ${["floor", ...mode].join(" ")}`, options, () => {
    let floor;
    before(async () => (floor = await startFloor(...mode)));
    after(() => floor.stop());

    for (const [words, units] of works) {
      it(words, () => passes(floor.port, [`${words} --dialect raw`, units]));
    }

    it("reads the CPU clock of the server", async () => {
      const pid = `${process.pid},${process.pid}`;
      const { report } = await load(floor.port, `ack --dialect raw --total 1000 --pid ${pid}`);
      assert.ok(report.cpu_us >= 0);
      assert.ok(Math.abs(report.us_per_unit - report.cpu_us / 1000) < 0.01);
    });
  });
}

describe("the load generator and a server that lies", { ...options, concurrency: 8 }, () => {
  const lies = [
    ["drop", /message \d+ is lost/],
    ["twice", /duplicated/],
    ["swap", /message \d+ is reordered/],
    ["alter", /message \d+ is altered/],
  ];
  const words = [
    "broadcast --clients 5 --total 40 --inflight 8 --dialect raw",
    "broadcast --clients 8 --total 80 --inflight 8 --rooms 2 --dialect raw",
    "ack --clients 3 --total 240 --outstanding 8 --dialect raw",
  ];
  for (const [lie, finding] of lies) {
    for (const work of words) {
      for (const mode of [[], ["--batch"]]) {
        it([work, "--lie", lie, ...mode].join(" "), async () => {
          const floor = await startFloor("--lie", lie, ...mode);
          const { code, report, stderr } = await load(floor.port, work);
          floor.stop();
          assert.match(stderr, finding);
          assert.match(stderr, /^load: client \d+: /);
          assert.equal(code, 1);
          assert.equal(report, null);
        });
      }
    }
  }

  it("the last of all is dropped, or comes twice", async () => {
    const fiftieth = "ack --clients 1 --total 50 --dialect raw"; // which is the lie
    for (const [lie, finding] of [["drop", /49 of 50 were heard/], ["twice", /duplicated/]]) {
      const floor = await startFloor("--lie", lie);
      const { code, stderr } = await load(floor.port, fiftieth);
      floor.stop();
      assert.match(stderr, finding);
      assert.equal(code, 1);
    }
  });

  it("and one that ends", async () => {
    const floor = await startFloor();
    const ack = load(floor.port, "ack --clients 5 --seconds 30 --dialect raw");
    floor.stop();
    const { code, stderr } = await ack;
    assert.match(stderr, /closed the connection|refused|reset|Broken pipe/);
    assert.equal(code, 1);
  });
});
