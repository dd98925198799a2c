// SPDX-License-Identifier: MIT
// Official Engine.IO clients that talk: text and bytes both ways, limits, and all of it while the
// transport changes. See engine_open.test.mjs.

import assert from "node:assert/strict";
import http from "node:http";
import { once } from "node:events";
import { both, polling, websocket, withEngine } from "../support/engine.js";
import { RawConnection, request } from "../support/http.js";
import { Inbox, nextEvent } from "../support/wait.js";

const count = (n) => Array.from({ length: n }, (_, i) => String(i + 1));

for (const transports of [polling, websocket]) {
  withEngine(`messages by ${transports}`, {}, {
    "arrive in order, what was sent at once too": async (engine) => {
      const client = await engine.open(transports, { greet: "a,b,c" });
      for (const text of ["d", "e", "f"]) client.send(text);
      assert.deepEqual(await client.inbox.until(6), ["a", "b", "c", "d", "e", "f"]);
      client.send("last");
      assert.deepEqual((await client.inbox.until(7)).slice(6), ["last"]);
    },
    "may be in any script": async (engine) => {
      const texts = [".", "石室詩士施氏，嗜獅，誓食十獅。", "氏時時適市視獅。", "😀\u0000\u2028"];
      const client = await engine.open(transports, { greet: texts.slice(0, 3).join() });
      assert.deepEqual(await client.inbox.until(3), texts.slice(0, 3));
      for (const text of texts) client.send(text);
      assert.deepEqual((await client.inbox.until(7)).slice(3), texts);
    },
    "may be bytes of any kind": async (engine) => {
      const numbers = new Int32Array([0, 1, -2, 2 ** 31 - 1]);
      const kinds = {
        Int8Array: new Int8Array([0, 1, -2]), Int32Array: numbers, ArrayBuffer: numbers.buffer,
        Buffer: Buffer.from([0, 1, 2, 255]), "a part": Buffer.from([9, 8, 7, 6]).subarray(1, 3),
      };
      const client = await engine.open(transports, {});
      for (const bytes of Object.values(kinds)) client.send(bytes);
      const back = await client.inbox.until(Object.keys(kinds).length);
      for (const [i, [kind, bytes]] of Object.entries(kinds).entries()) {
        const sent = ArrayBuffer.isView(bytes)
          ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
          : Buffer.from(bytes);
        assert.ok(Buffer.isBuffer(back[i]), kind);
        assert.deepEqual(back[i], sent, kind);
      }
    },
    "are an ArrayBuffer for who asks for it": async (engine) => {
      const client = engine.client(transports, { bytes: "5" });
      client.binaryType = "arraybuffer";
      const [bytes] = await client.inbox.until(1);
      assert.ok(bytes instanceof ArrayBuffer);
      assert.deepEqual([...new Uint8Array(bytes)], [0, 1, 2, 3, 4]);
    },
    "are told to the client's callbacks in their order": async (engine) => {
      const client = await engine.open(transports, {});
      const called = [];
      for (const n of [1, 2, 3]) client.send(String(n), () => called.push(n));
      assert.deepEqual(await client.inbox.until(3), ["1", "2", "3"]);
      assert.deepEqual(called, [1, 2, 3]);
    },
    "leave the client's buffer when they were taken": async (engine) => {
      const client = await engine.open(transports, {});
      const drained = new Inbox(client, "drain");
      client.send("a");
      client.send("b");
      assert.equal(client.writeBuffer.length, 2);
      while (client.writeBuffer.length > 0) await drained.until(drained.items.length + 1);
      assert.deepEqual(await client.inbox.until(2), ["a", "b"]);
    },
  });
}

withEngine("a post", { max_http_buffer_size: 1e8 }, {
  "may be large": async (engine) => {
    const client = await engine.open(polling, {});
    const text = "a".repeat(1e6);
    client.send(text);
    assert.deepEqual(await client.inbox.until(1), [text]);
  },
  "may come in chunks": async (engine) => {
    const client = await engine.open(polling, {});
    const url = `${engine.server.url}/engine.io/?EIO=4&transport=polling&sid=${client.id}`;
    const post = http.request(url, { method: "POST" });
    for (const piece of ["41", "2", "3"]) post.write(piece);
    post.end();
    const [answer] = await once(post, "response");
    assert.equal(answer.statusCode, 200);
    answer.resume();
    assert.deepEqual(await client.inbox.until(1), ["123"]);
  },
  "may be cut within a character": async (engine) => {
    const client = await engine.open(polling, {});
    const connection = await RawConnection.open(engine.server.port);
    const body = Buffer.from("4詩😀");
    const head = `POST /engine.io/?EIO=4&transport=polling&sid=${client.id} HTTP/1.1\r\n` +
      `Host: localhost\r\nContent-Length: ${body.length}\r\n\r\n`;
    await connection.write(head, ...[...body].map((byte) => Buffer.of(byte)));
    assert.equal((await connection.response()).body, "ok");
    assert.deepEqual(await client.inbox.until(1), ["詩😀"]);
    connection.close();
  },
});

withEngine("max_http_buffer_size", { max_http_buffer_size: 5, transports: both }, {
  "lets messages through that are short enough": async (engine) => {
    for (const [transports, text] of [[polling, "4444"], [websocket, "4444"]]) {
      const client = await engine.open(transports, { name: `short ${transports}` });
      client.send(text);
      assert.deepEqual(await client.inbox.until(1), [text]);
    }
  },
  "closes who sends more": async (engine) => {
    for (const transports of [polling, websocket]) {
      const name = `long ${transports}`;
      const client = await engine.open(transports, { name });
      client.send("55555");
      assert.match(await client.closed, /^transport (error|close)$/);
      assert.match((await engine.told(name, "close"))[0], /^transport (error|close)$/);
      assert.deepEqual(engine.said(name, "message"), []);
    }
  },
});

withEngine("a heartbeat", { transports: websocket, ping_interval: 0.1, ping_timeout: 1 }, {
  "goes on between many large messages": async (engine) => {
    const client = await engine.open(websocket, { name: "busy" });
    const pings = new Inbox(client, "ping");
    const text = "a".repeat(65535);
    for (let i = 0; i < 100; i++) client.send(`${text}${i}`);
    const back = await client.inbox.until(100);
    assert.deepEqual(back.map((each) => Number(each.slice(65535))), [...back.keys()]);
    await pings.until(3);
    assert.deepEqual(await engine.all("busy", "close"), []);
  },
  "is answered and is no message": async (engine) => {
    const client = await engine.open(websocket, { name: "idle" });
    await new Inbox(client, "ping").until(4); // the third would be missing without answers
    client.send("a");
    await client.inbox.until(1);
    assert.deepEqual(await engine.all("idle", "message"), [["a"]]);
  },
});

withEngine("an upgrade", {}, {
  "loses and swaps nothing, either way": async (engine) => {
    const client = engine.client(both, { name: "up", numbers: "50" });
    const sent = [];
    const send = () => {
      sent.push(`client ${sent.length + 1}`);
      client.send(sent.at(-1));
    };
    await nextEvent(client, "open");
    client.on("upgrading", () => {
      send();
      send();
    });
    const upgraded = nextEvent(client, "upgrade");
    while (sent.length < 50) {
      send();
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    assert.equal((await upgraded)[0].name, "websocket");
    client.send("transport");
    const got = await client.inbox.until(50 + sent.length + 1);
    assert.deepEqual(got.filter((text) => /^\d/.test(text)), count(50));
    assert.deepEqual(got.filter((text) => /^\D/.test(text)), [...sent, "websocket"]);
    const heard = (await engine.all("up", "message")).map(([text]) => text);
    assert.deepEqual(heard, [...sent, "transport"]);
    assert.deepEqual(await engine.told("up", "connection"), ["polling"]);
    assert.deepEqual(await engine.told("up", "upgrade"), ["websocket"]);
    client.close();
    assert.equal(await client.closed, "forced close");
    assert.deepEqual(await engine.told("up", "close"), ["transport close"]);
  },
  "delivers what the server sends meanwhile": async (engine) => {
    const client = engine.client(both, { numbers: "20", name: "window" });
    await nextEvent(client, "upgrade");
    assert.deepEqual(await client.inbox.until(20), count(20));
  },
  "beside another path's routes is its own": async (engine) => {
    await engine.upgraded({});
    assert.equal((await request(`${engine.server.url}/foo/?EIO=4&transport=polling`)).status, 404);
  },
});

withEngine("compression of WebSocket messages", { per_message_deflate: true }, {
  "changes nothing of them": async (engine) => {
    const client = await engine.open(websocket, { size: "5000", bytes: "3000" });
    const [bytes, text] = await client.inbox.until(2);
    assert.match(client.transport.ws.extensions, /^permessage-deflate/);
    assert.deepEqual([bytes.length, text], [3000, "x".repeat(5000)]);
  },
});
