// SPDX-License-Identifier: MIT
// JSONP, byte by byte: what the script says and its headers, what forms may carry. Both versions of
// the protocol have it. The client that uses it is in v2.test.mjs.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { startServer } from "../support/server.js";
import { Wire } from "../support/wire.js";

const form = (payload) => `d=${encodeURIComponent(payload)}`;

describe("JSONP", { timeout: 60000 }, () => {
  let server, v3, v4;
  before(async () => {
    server = await startServer("eio3_echo");
    v3 = new Wire(server.url, "/engine.io/", 3);
    v4 = new Wire(server.url, "/engine.io/");
  });
  afterEach(() => {
    v3?.close();
    v4?.close();
  });
  after(() => server?.stop());

  // Runs the script as a browser would; returns the callback's name and the payload.
  function run(script) {
    const calls = [];
    const callbacks = new Proxy([], {
      get: (_, name) => (payload) => calls.push([name, payload]),
    });
    new Function("___eio", script)(callbacks);
    assert.equal(calls.length, 1, script);
    return calls[0];
  }

  const sidIn = (payload) => JSON.parse(payload.slice(payload.indexOf("{"))).sid;

  async function open(wire, more) {
    const { body } = await wire.request(`EIO=${wire.eio}&transport=polling&${more}`);
    return sidIn(run(body)[1]);
  }

  it("calls the callback that is asked for, by its digits only", async () => {
    const names = [
      ["0", "0"], ["41", "41"], ["alert(1)", "1"], ["alert%281%29", "1"], ["x", "0"], ["", "0"],
      ["1%5D(0)%3Bwindow%5B2", "102"],
    ];
    for (const [asked, called] of names) {
      const { status, body } = await v4.request(`EIO=4&transport=polling&j=${asked}`);
      assert.equal(status, 200);
      assert.match(body, /^___eio\[\d+\]\("0\{.*\}"\);$/);
      assert.equal(run(body)[0], called, asked);
    }
  });

  it("is called a script, and nothing else may be made of it", async () => {
    const { headers } = await v4.request("EIO=4&transport=polling&j=0");
    assert.equal(headers["content-type"], "text/javascript; charset=UTF-8");
    assert.equal(headers["x-content-type-options"], "nosniff");
    const plain = await v4.request("EIO=4&transport=polling");
    assert.equal(plain.headers["x-content-type-options"], undefined);
  });

  it("carries every text, and bytes as base64", async () => {
    const text = "\"\\\u2028\u2029\u0001\u001f</script>\u{1f600}\u00fc";
    const sid = await open(v4, "j=3");
    assert.equal((await v4.push(sid, form(`4${text}\x1ebAQID`))).body, "ok");
    const { body } = await v4.poll(sid);
    assert.doesNotMatch(body, /[\u2028\u2029]/);
    assert.deepEqual(run(body), ["3", `4${text}\x1ebAQID`]);
  });

  it("carries v3 payloads, bytes as base64 too", async () => {
    const sid = await open(v3, "j=0");
    assert.equal((await v3.push(sid, form("6:4hello10:b4AQIDBA=="))).body, "ok");
    assert.deepEqual(run((await v3.poll(sid)).body), ["0", "6:4hello10:b4AQIDBA=="]);
  });

  it("reads \\n in a form as a line end, and \\\\n as \\n", async () => {
    const sid = await open(v4, "j=0");
    await v4.push(sid, form("4a\\nb\\\\nc"));
    assert.deepEqual(run((await v4.poll(sid)).body), ["0", "4a\nb\\nc"]);
  });

  it("ends the session on a form without a payload", async () => {
    for (const body of ["", "x=4", "d=", "d=%ff", "d=9"]) {
      const sid = await open(v4, "j=0");
      assert.equal((await v4.push(sid, body)).status, 200);
      assert.equal((await v4.poll(sid)).status, 400, body);
    }
  });

  it("tells old Internet Explorers that polls are no attack", async () => {
    const agents = {
      "Mozilla/5.0 (compatible;MSIE 9.0; Windows NT 6.1)": "0",
      "Mozilla/5.0 (Windows NT 6.3; Trident/7.0; rv:11.0) like Gecko": "0",
      "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0": undefined,
    };
    for (const [agent, value] of Object.entries(agents)) {
      const headers = { "User-Agent": agent };
      const opened = await v4.request("EIO=4&transport=polling", { headers });
      const sid = sidIn(opened.body);
      const pushed = await v4.poll(sid, { method: "POST", body: "4x", headers });
      const polled = await v4.poll(sid, { headers });
      for (const answer of [opened, pushed, polled]) {
        assert.equal(answer.headers["x-xss-protection"], value, agent);
      }
    }
  });
});
