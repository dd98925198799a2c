// SPDX-License-Identifier: MIT
// A page of one origin talks to servers of another one, behind HAProxy, which sticks by the cookie
// of the handshake: without credentials, and from an origin that is not named, a browser gets
// nowhere.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { launchBrowser } from "../support/browser.js";
import { Instances } from "../support/instances.js";
import { missing, Proxy } from "../support/proxies.js";
import { rootFile, startServer } from "../support/server.js";

describe("pages of another origin", { timeout: 120000, skip: missing("haproxy") }, () => {
  let pages, instances, proxy, browser, server;
  const origin = (host) => `http://${host}.example.test:${pages.port}`;

  before(async () => {
    pages = await startServer(rootFile("examples/behind/app.lua"));
    instances = await Instances.start({ env: { ORIGIN: origin("www") } });
    proxy = await Proxy.start("haproxy/haproxy.cfg", { ports: instances.ports });
    server = `http://io.example.test:${proxy.port}`;
    browser = await launchBrowser(["--host-resolver-rules=MAP *.example.test 127.0.0.1"]);
  });
  after(async () => {
    await browser?.close();
    await proxy?.stop();
    await instances?.stop();
    await pages?.stop();
  });

  // The example's page, of that host, whose socket comes to `server`.
  async function open(host) {
    const page = await (await browser.newContext()).newPage();
    page.setDefaultTimeout(30000);
    page.console = [];
    page.on("console", (message) => page.console.push(message.text()));
    await page.goto(`${origin(host)}/?server=${server}`);
    return page;
  }

  // Another socket of the page, by long-polling: who has answered it ten times, or why it closed.
  function ask(page, options) {
    return page.evaluate(async ([url, more]) => {
      const settings = { transports: ["polling"], forceNew: true, reconnection: false };
      const other = io(url, { ...settings, ...more });
      const closed = new Promise((resolve) => {
        other.on("connect_error", (error) => resolve(error.message));
        other.on("disconnect", resolve);
        other.io.on("close", resolve);
      });
      const names = new Set();
      other.on("said", (name) => names.add(name));
      const asked = (async () => {
        for (let i = 0; i < 10; i++) await other.emitWithAck("say", "hello");
        return [...names];
      })();
      const result = await Promise.race([asked, closed]);
      other.close();
      return result;
    }, [server, options]);
  }

  // A page that may, once its own socket has settled: a browser has one cookie for all of them.
  async function home() {
    const page = await open("www");
    await page.waitForFunction(() => socket.io.engine.transport.name === "websocket");
    await shows(page, "server ");
    return page;
  }

  const status = (page) => page.textContent("#status");
  const shows = (page, words) => page.waitForFunction(
    (text) => document.getElementById("status").textContent.includes(text), words);

  it("stay with one server by its cookie", async () => {
    const page = await home();
    const cookies = await page.context().cookies(server);
    const [, name] = /server (\w+),/.exec(await status(page));
    assert.match(cookies.find((each) => each.name === "io").value, RegExp(`^${name}~`));
    assert.equal(cookies.find((each) => each.name === "io").httpOnly, true);
    assert.equal((await ask(page, { withCredentials: true })).length, 1);
    await page.context().close();
  });

  it("may send fields of their own, which browsers ask about first", async () => {
    const page = await home();
    const extraHeaders = { "my-custom-header": "abcd" };
    assert.equal((await ask(page, { withCredentials: true, extraHeaders })).length, 1);
    await page.context().close();
  });

  it("find another server when theirs dies", async () => {
    const page = await home();
    const [, name] = /server (\w+),/.exec(await status(page));
    instances.kill(name);
    await page.waitForFunction((dead) => {
      const text = document.getElementById("status").textContent;
      return /^server /.test(text) && !text.includes(`server ${dead},`);
    }, name);
    await page.context().close();
    await instances.revive(name);
  });

  it("lose their session without credentials", async () => {
    const page = await home();
    // Two requests of a client may come to the same server; not all of many clients.
    const results = [];
    for (let i = 0; i < 5; i++) results.push(await ask(page, { withCredentials: false }));
    assert.ok(results.some((each) => /transport error|xhr p\w+ error/.test(each)), String(results));
    await page.context().close();
  });

  it("are refused when their origin is not named", async () => {
    const page = await open("evil");
    await shows(page, "refused: xhr poll error");
    const said = String(page.console);
    assert.match(said, /blocked by CORS policy/);
    assert.equal(await ask(page, { withCredentials: true }), "xhr poll error");
    const webSocket = { withCredentials: true, transports: ["websocket"] };
    assert.equal(await ask(page, webSocket), "websocket error");
    await page.context().close();
  });
});
