// SPDX-License-Identifier: MIT
// Official Engine.IO clients that come: who is let in, what they are told, what the server knows of
// them. The first part of what engine.io's own tests demand of a server; engine_talk.test.mjs and
// engine_close.test.mjs have the others.

import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import path from "node:path";
import tls from "node:tls";
import { after, before, describe, it } from "node:test";
import { Socket } from "engine.io-client";
import { WebSocket } from "ws";
import {
  certificateFolder, makeCertificate, temporaryFolder, trustOf,
} from "../support/certificate.js";
import { Engine, both, polling, websocket, withEngine } from "../support/engine.js";
import { nextEvent } from "../support/wait.js";

const handshake = async (socket) => (await nextEvent(socket, "handshake"))[0];

// What is refused: the query, the request, the answer and what "connection_error" says of it.
const refusals = {
  "an unknown transport": [{ transport: "tobi" }, {}, 0, "Transport unknown",
    '{"transport":"tobi"}'],
  "a transport named constructor": [{ transport: "constructor" }, {}, 0, "Transport unknown",
    '{"transport":"constructor"}'],
  "a transport named __proto__": [{ transport: "__proto__", EIO: "4" }, {}, 0,
    "Transport unknown", '{"transport":"__proto__"}'],
  "an unknown session": [{ transport: "polling", sid: "test" }, {}, 1, "Session ID unknown",
    '{"sid":"test"}'],
  "a method that opens nothing": [{ transport: "polling" }, { method: "OPTIONS" }, 2,
    "Bad handshake method", '{"method":"OPTIONS"}'],
  "a websocket without an upgrade": [{ transport: "websocket" }, {}, 3, "Bad request",
    '{"name":"TRANSPORT_HANDSHAKE_ERROR"}'],
  "an older version of the protocol": [{ transport: "polling", EIO: "3" }, {}, 5,
    "Unsupported protocol version", '{"protocol":"3"}'],
};

withEngine("an engine refuses", {},
  Object.fromEntries(Object.entries(refusals).map(([what, row], n) => [what, async (engine) => {
    const [query, options, code, message, context] = row;
    const name = `refused ${n}`;
    const answer = await engine.ask({ ...query, name }, options);
    assert.equal(answer.status, 400);
    assert.deepEqual(JSON.parse(answer.body), { code, message });
    // A request that opens nothing is refused where it came to: perhaps not where the watcher is.
    if (query.sid && engine.server.workers > 1) return;
    const [told] = await engine.all(name, "connection_error");
    assert.deepEqual([told[0], told[1], JSON.stringify(told[2])], [code, message, context]);
  }])));

withEngine("a client", {}, {
  "by WebSocket with an unknown transport hears an error": async (engine) => {
    const url = engine.server.url.replace("http", "ws");
    const socket = new WebSocket(`${url}/engine.io/?EIO=4&transport=__proto__&name=proto`);
    const [error] = await once(socket, "error");
    assert.match(error.message, /Unexpected server response: 400/);
    assert.equal((await engine.told("proto", "connection_error"))[0], 0);
  },
  "that was upgraded cannot be upgraded again": async (engine) => {
    const client = await engine.upgraded({});
    const url = engine.server.url.replace("http", "ws");
    const second = new WebSocket(`${url}/engine.io/?EIO=4&transport=websocket&sid=${client.id}`);
    await once(second, "close");
    client.send("still here");
    assert.deepEqual(await client.inbox.until(1), ["still here"]);
  },
  "opens with polling, and is told all it needs": async (engine) => {
    const client = engine.client(both, { name: "usual" });
    const { sid, ...rest } = await handshake(client);
    assert.match(sid, /^[\w-]{20}$/);
    assert.deepEqual(rest, {
      upgrades: ["websocket"], pingInterval: 25000, pingTimeout: 20000, maxPayload: 1000000,
    });
    assert.deepEqual(await engine.told("usual", "connection"), ["polling"]);
  },
  "may open with WebSocket, and hears of no upgrades": async (engine) => {
    const client = engine.client(websocket, { name: "direct" });
    assert.deepEqual((await handshake(client)).upgrades, []);
    assert.deepEqual(await engine.told("direct", "connection"), ["websocket"]);
  },
  "is counted": async (engine) => {
    const count = async () => {
      const got = nextEvent(engine.witness, "message");
      engine.witness.send("count");
      return (await got)[0];
    };
    await engine.all("", "");
    const before = Number(await count());
    const client = await engine.open(websocket, { name: "counted" });
    await engine.told("counted", "connection");
    assert.equal(Number(await count()), before + 1);
    client.close();
    await engine.told("counted", "close");
    assert.equal(Number(await count()), before);
  },
  "whose proxy knows no upgrades stays on polling": async (engine) => {
    const client = await engine.open(polling, {});
    const answer = await engine.ask({ transport: "websocket", sid: client.id, name: "mismatch" },
      { headers: { Connection: "close" } });
    assert.deepEqual([answer.status, JSON.parse(answer.body).code], [400, 3]);
    const [, , context] = await engine.told("mismatch", "connection_error");
    assert.deepEqual(context,
      { name: "TRANSPORT_MISMATCH", transport: "websocket", previousTransport: "polling" });
    client.send("echo");
    assert.deepEqual(await client.inbox.until(1), ["echo"]);
  },
});

for (const transports of [polling, websocket]) {
  withEngine(`a session by ${transports}`, {}, {
    "knows query, headers and address of its client": async (engine) => {
      const headers = { "x-custom": "token", cookie: "user=abc; path=/; secure; HttpOnly" };
      const client = await engine.open(transports, { a: "b c", d: "ü" }, { extraHeaders: headers });
      client.send("who");
      const who = JSON.parse((await client.inbox.until(1))[0]);
      assert.deepEqual([who.query.a, who.query.d, who.query.transport, who.query.EIO],
        ["b c", "ü", transports[0], "4"]);
      assert.equal(who.headers["x-custom"], headers["x-custom"]);
      assert.equal(who.headers.cookie, headers.cookie);
      assert.match(who.address, /^(127\.0\.0\.1|::1)$/);
      assert.deepEqual([who.secure, who.xdomain], [false, false]);
    },
    "takes a query from the URL": async (engine) => {
      const client = new Socket(`${engine.server.url}?a=b&c=d`, { transports });
      engine.sockets.push(client);
      await nextEvent(client, "open");
      client.send("who");
      const { query } = JSON.parse((await nextEvent(client, "message"))[0]);
      assert.deepEqual([query.EIO, query.a, query.c], ["4", "b", "d"]);
    },
  });
}

withEngine("allow_request", { allow_request: true }, {
  "lets in": (engine) => engine.open(polling, {}),
  "refuses polls with its own words": async (engine) => {
    const query = { transport: "polling", refuse: "you shall not", name: "poll" };
    const answer = await engine.ask({ EIO: "4", ...query });
    assert.deepEqual([answer.status, JSON.parse(answer.body)],
      [403, { code: 4, message: "you shall not" }]);
    assert.deepEqual(await engine.told("poll", "connection_error"),
      [4, "Forbidden", { message: "you shall not" }]);
  },
  "refuses WebSockets": async (engine) => {
    const client = engine.client(websocket, { refuse: "no" });
    assert.equal(await client.closed, "transport error");
  },
});

withEngine("generate_id", { generate_id: true }, Object.fromEntries(
  [polling, websocket].map((transports) => [`names and refuses: ${transports}`, async (engine) => {
    const [transport] = transports;
    const client = await engine.open(transports, { id: `custom-${transport}` });
    // Several workers add which one it is.
    assert.match(client.id, new RegExp(`^custom-${transport}([\\w-]{4})?$`));
    client.send("yes");
    assert.deepEqual(await client.inbox.until(1), ["yes"]);
    const refused = engine.client(transports, { name: transport });
    assert.equal(await refused.closed, "transport error");
    assert.deepEqual(await engine.told(transport, "connection_error"),
      [3, "Bad request", { name: "ID_GENERATION_ERROR", error: "nope" }]);
  }])));

// Under several workers an id ends with its worker's place.
describe("balance", { timeout: 60000 }, () => {
  const places = { "ip-hash": 1, "round-robin": 2 };
  for (const [balance, count] of Object.entries(places)) {
    it(`${balance} has ${count} of two workers serve one address`, async () => {
      const engine = await Engine.start({ balance }, { workers: 2 });
      const seen = new Set();
      for (let i = 0; i < 8; i++) {
        const { body } = await engine.ask({ EIO: "4", transport: "polling" });
        seen.add(JSON.parse(body.slice(1)).sid.slice(-4));
      }
      await engine.stop();
      assert.equal(seen.size, count);
    });
  }
});

withEngine("path", { path: "/elsewhere" }, {
  "says where the engine is": async (engine) => {
    assert.equal((await engine.open(polling, {})).readyState, "open");
    assert.equal((await engine.ask({ EIO: "4", transport: "polling" })).status, 404);
  },
});

withEngine("an initial packet", { initial_packet: "faster!" }, {
  "is the first message": async (engine) => {
    for (const transports of [polling, websocket]) {
      const client = await engine.open(transports, { greet: "second" });
      assert.deepEqual(await client.inbox.until(2), ["faster!", "second"]);
    }
  },
});

withEngine("with polling alone", { transports: polling, ping_timeout: 0.123 }, {
  "nothing else is suggested nor taken": async (engine) => {
    const client = engine.client(both, {});
    const { upgrades, pingTimeout } = await handshake(client);
    assert.deepEqual([upgrades, pingTimeout], [[], 123]);
    const refused = engine.client(websocket, { name: "ws" });
    assert.equal(await refused.closed, "transport error");
    assert.equal((await engine.told("ws", "connection_error"))[0], 0);
  },
});

withEngine("with WebSocket alone", { transports: websocket }, {
  "nothing else is suggested nor taken": async (engine) => {
    assert.deepEqual((await handshake(engine.client(websocket, {}))).upgrades, []);
    const refused = engine.client(polling, { name: "poll" });
    assert.equal(await refused.closed, "transport error");
    assert.equal((await engine.told("poll", "connection_error"))[0], 0);
  },
});

withEngine("without allow_upgrades", { allow_upgrades: false }, {
  "none are suggested": async (engine) => {
    assert.deepEqual((await handshake(engine.client(both, {}))).upgrades, []);
  },
});

withEngine("response headers", { cookie: true }, {
  "forbid caches, and keep old Internet Explorers from guessing": async (engine) => {
    const agents = {
      "MSIE 8": ["Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Trident/4.0)", "0"],
      "IE 11": ["Mozilla/5.0 (Windows NT 6.3; Trident/7.0; rv:11.0) like Gecko", "0"],
      others: ["Mozilla/5.0 (X11; Linux x86_64) Firefox/130.0", undefined],
    };
    for (const [browser, [agent, expected]] of Object.entries(agents)) {
      const { headers } = await engine.ask({ EIO: "4", transport: "polling" },
        { headers: { "User-Agent": agent } });
      assert.equal(headers["x-xss-protection"], expected, browser);
      assert.equal(headers["cache-control"], "no-store");
    }
  },
  "initial_headers is for the first answer": async (engine) => {
    const query = { EIO: "4", transport: "polling", initial: "1" };
    const first = await engine.ask(query);
    assert.equal(first.headers["x-initial"], "1");
    const { sid } = JSON.parse(first.body.slice(1));
    const next = await engine.ask({ ...query, sid }, { method: "POST", body: "4x" });
    assert.equal(next.status, 200);
    assert.deepEqual([next.headers["x-initial"], next.headers["set-cookie"]],
      [undefined, undefined]);
  },
  "initial_headers is for the 101, too": async (engine) => {
    const client = engine.client(websocket, { initial: "1" });
    const [{ headers }] = await once(client.transport.ws, "upgrade");
    assert.deepEqual([headers["x-initial"], headers["set-cookie"]], ["1", ["mine=456"]]);
  },
  "headers is for each": async (engine) => {
    const query = { EIO: "4", transport: "polling", each: "1" };
    const first = await engine.ask(query);
    const { sid } = JSON.parse(first.body.slice(1));
    const next = await engine.ask({ ...query, sid }, { method: "POST", body: "4x" });
    for (const { headers } of [first, next]) {
      assert.deepEqual([headers["x-each"], headers["set-cookie"]], ["1", ["mine=456"]]);
    }
  },
  "one initial_headers and several headers come with a client": async (engine) => {
    await engine.upgraded({ name: "counted" });
    await engine.told("counted", "upgrade");
    assert.deepEqual(await engine.all("counted", "initial_headers"), [["GET"]]);
    assert.ok((await engine.all("counted", "headers")).length >= 3); // handshake, poll, 101
  },
});

describe("a certificate that clients must show", { timeout: 60000 }, () => {
  let engine, others;
  const pem = (dir) => ({
    cert: readFileSync(path.join(dir, "cert.pem")), key: readFileSync(path.join(dir, "key.pem")),
  });
  before(async () => {
    const [server, client] = [certificateFolder(), makeCertificate(temporaryFolder())];
    const options = {
      cert: `${server}/cert.pem`, key: `${server}/key.pem`, ca: `${client}/cert.pem`,
      request_cert: true,
    };
    others = pem(makeCertificate(temporaryFolder(), { serial: 2 }));
    engine = await Engine.start({ tls: options }, { proof: pem(client) });
  });
  after(() => engine?.stop());

  for (const transports of [polling, websocket]) {
    it(`lets in who has it, by ${transports}`, async () => {
      const client = await engine.open(transports, {});
      client.send("hello");
      assert.deepEqual(await client.inbox.until(1), ["hello"]);
    });
    it(`keeps out who has none or another, by ${transports}`, async () => {
      for (const proof of [{ cert: undefined, key: undefined }, others]) {
        assert.equal(await engine.client(transports, {}, proof).closed, "transport error");
      }
    });
  }
});

describe("tls.min_version", { timeout: 60000 }, () => {
  it("keeps out who has only older ones", async () => {
    const dir = certificateFolder();
    const files = { cert: `${dir}/cert.pem`, key: `${dir}/key.pem` };
    const engine = await Engine.start({ tls: { ...files, min_version: "1.3" } });
    const connect = async (maxVersion) => {
      const { port, url } = engine.server;
      const socket = tls.connect({ port, host: "localhost", maxVersion, ...trustOf(url) });
      await once(socket, "secureConnect");
      socket.destroy();
    };
    try {
      await connect("TLSv1.3");
      await assert.rejects(connect("TLSv1.2"), /alert protocol version/);
    } finally {
      await engine.stop();
    }
  });
});

withEngine("cors", { cors: { origin: "http://good.com", credentials: true } }, {
  "fields come with errors": async (engine) => {
    const { status, headers } = await engine.ask({ transport: "websocket" },
      { headers: { Origin: "http://good.com" } });
    assert.equal(status, 400);
    assert.equal(headers["access-control-allow-origin"], "http://good.com");
    assert.equal(headers["access-control-allow-credentials"], "true");
  },
  "does not keep clients that send no Origin from talking": async (engine) => {
    const client = await engine.open(polling, {});
    client.send("holà");
    assert.deepEqual(await client.inbox.until(1), ["holà"]);
  },
});
