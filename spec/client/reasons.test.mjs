// SPDX-License-Identifier: MIT
// Why sockets end: every reason that handlers are told, provoked by the bytes that lead to it, with
// its detail where there is one; and that "disconnecting" comes first, "error" before both.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { startServer } from "../support/server.js";
import { eventually } from "../support/wait.js";
import { Wire } from "../support/wire.js";

const badFrame = Buffer.from([0xf1, 0x80, 0, 0, 0, 0]); // with bits that nobody agreed on

// What is done, and what handlers hear: the message of "error" when there is one, the reason, its
// detail.
const onWebSocket = {
  "is cut": [(frames) => frames.socket.terminate(), { reason: "transport close" }],
  "sends a close packet": [(frames) => frames.send("1"), { reason: "transport close" }],
  "sends too much": [
    (frames) => frames.send("4" + "x".repeat(1000001)),
    { reason: "transport error", detail: "Max payload size exceeded" },
  ],
  "sends a frame that is none": [
    (frames) => frames.socket._socket.write(badFrame),
    { reason: "transport error", detail: "Invalid WebSocket frame" },
  ],
  "sends a ping": [
    (frames) => frames.send("2"),
    { reason: "transport error", detail: "invalid heartbeat direction" },
  ],
  "sends a packet that is none": [(frames) => frames.send("9"), { reason: "parse error" }],
  "sends an unknown packet to its socket": [
    (frames) => frames.send("49"),
    { reason: "forced close", error: /unknown packet type/ },
  ],
  "counts attachments wrongly": [
    (frames) => frames.send("45woooot"),
    { reason: "forced close", error: /Illegal attachments/ },
  ],
  "sends a binary packet with nothing in it": [
    (frames) => frames.send("45"),
    { reason: "forced close", error: /Illegal attachments/ },
  ],
  "sends an event without a name": [
    (frames) => frames.send("42[null]"),
    { reason: "forced close", error: /invalid payload/ },
  ],
  "sends bytes that belong to nothing": [
    (frames) => frames.send(Buffer.from([1])),
    { reason: "forced close", error: /got binary data when not reconstructing/ },
  ],
  "refuses its server": [
    (frames) => frames.send('44{"message":"no"}'),
    { reason: "forced close" },
  ],
  "refuses its server with what is no object": [
    (frames) => frames.send('44["handle me please"]'),
    { reason: "forced close", error: /invalid payload/ },
  ],
  "connects twice": [(frames) => frames.send("40"), { reason: "forced close" }],
  "speaks where it has not connected": [
    (frames) => frames.send('42/chat,["x"]'),
    { reason: "forced close" },
  ],
  "says goodbye": [(frames) => frames.send("41"), { reason: "client namespace disconnect" }],
  "is sent away": [
    (frames) => frames.send('42["kick"]'),
    { reason: "server namespace disconnect" },
  ],
  "is sent away with its connection": [
    (frames) => frames.send('42["kick",true]'),
    { reason: "server namespace disconnect" },
  ],
};

const onPolling = {
  "sends a close packet": [(wire, sid) => wire.push(sid, "1"), { reason: "transport close" }],
  "polls twice at once": [
    (wire, sid) => Promise.all([wire.poll(sid), wire.poll(sid)]),
    { reason: "transport error", detail: "overlap from client" },
  ],
  "hangs up while it polls": [
    async (wire, sid) => {
      const abort = new AbortController();
      const poll = wire.poll(sid, { signal: abort.signal }).catch(() => {});
      await wire.push(sid, '421["nothing"]'); // it is behind the poll
      abort.abort();
      await poll;
    },
    { reason: "transport error", detail: "poll connection closed prematurely" },
  ],
  "sends a packet that is none": [(wire, sid) => wire.push(sid, "abc"), { reason: "parse error" }],
  "connects twice while nothing polls": [
    (wire, sid) => wire.push(sid, "40"),
    { reason: "forced server close" },
  ],
  "says goodbye": [(wire, sid) => wire.push(sid, "41"), { reason: "client namespace disconnect" }],
  "is sent away with its connection": [
    (wire, sid) => wire.push(sid, '42["kick",true]'),
    { reason: "server namespace disconnect" },
  ],
};

let names = 0;

describe("a socket whose client", { timeout: 60000 }, () => {
  let server, wire;
  const lines = async (name) => (await fetch(`${server.url}/lines?name=${name}`)).json();

  async function ended(name, { error, reason, detail }) {
    await eventually(`the end of ${name}`, async () => {
      return (await lines(name)).at(-1)?.[0] === "disconnect";
    });
    const heard = (await lines(name)).filter(([event]) =>
      ["error", "disconnecting", "disconnect"].includes(event),
    );
    if (error) {
      const [event, message] = heard.shift();
      assert.equal(event, "error");
      assert.match(message, error);
    }
    const why = detail ? [reason, detail] : [reason];
    assert.deepEqual(heard, [["disconnecting", ...why], ["disconnect", ...why]]);
  }

  before(async () => {
    server = await startServer("socket", { workers: 1 });
    wire = new Wire(server.url, "/socket.io/");
  });
  after(() => {
    wire?.close();
    return server?.stop();
  });

  for (const [what, [end, why]] of Object.entries(onWebSocket)) {
    it(`${what}: ${why.reason}`, async () => {
      const name = `websocket${++names}`;
      const frames = await wire.session();
      frames.send(`40{"name":"${name}"}`);
      assert.match(await frames.next(), /^40\{"sid"/);
      end(frames);
      await ended(name, why);
    });
  }

  for (const [what, [end, why]] of Object.entries(onPolling)) {
    it(`${what}, by polling: ${why.reason}`, async () => {
      const name = `polling${++names}`;
      const sid = await wire.handshake();
      await wire.push(sid, `40{"name":"${name}"}`);
      assert.match((await wire.poll(sid)).body, /^40\{"sid"/);
      await end(wire, sid);
      await ended(name, why);
    });
  }

  it("sends something behind its goodbye is not heard any more", async () => {
    const name = `websocket${++names}`;
    const frames = await wire.session();
    frames.send(`40{"name":"${name}"}`);
    await frames.next();
    frames.send("41", '42["too late"]');
    await frames.end();
    await ended(name, { reason: "client namespace disconnect" });
    assert.ok(!(await lines(name)).some(([event]) => event === "too late"));
  });
});

describe("a socket", { timeout: 60000 }, () => {
  it("whose client falls silent: ping timeout", async () => {
    const env = { OPTIONS: JSON.stringify({ ping_interval: 0.2, ping_timeout: 0.1 }) };
    const server = await startServer("socket", { workers: 1, env });
    const frames = await new Wire(server.url, "/socket.io/").session();
    frames.send('40{"name":"silent"}');
    await frames.end();
    const heard = await (await fetch(`${server.url}/lines?name=silent`)).json();
    const events = ["disconnecting", "disconnect"];
    assert.deepEqual(heard.slice(1), events.map((event) => [event, "ping timeout"]));
    await server.stop();
  });

  it("whose server stops: server shutting down", async () => {
    const server = await startServer("socket", { workers: 1 });
    const frames = await new Wire(server.url, "/socket.io/").session();
    frames.send('40{"name":"last"}');
    await frames.next();
    await server.stop();
    await frames.end();
    assert.deepEqual(frames.frames, []); // no goodbye: it is to come back
    assert.match(server.output, /disconnect\s+last\s+server shutting down/);
  });
});
