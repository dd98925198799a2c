// SPDX-License-Identifier: MIT
// permessage-deflate with npm's ws on the other side, which has an inflater of its own: the
// official client in Node.js, and bare sockets with the parameters of the extension.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, afterEach, before, describe, it } from "node:test";
import { WebSocket } from "ws";
import { Clients } from "../support/clients.js";
import { startServer } from "../support/server.js";
import { Inbox, nextEvent } from "../support/wait.js";

const long = "a text that says the same again and again, ".repeat(100);

for (const mode of ["alone", "takeover"]) {
  describe(`permessage-deflate, ${mode}`, { timeout: 60000 }, () => {
    let server, clients;
    const sockets = [];

    before(async () => {
      server = await startServer("deflate", { env: { DEFLATE: mode } });
      clients = new Clients(server.url);
    });
    afterEach(() => {
      assert.deepEqual(clients?.mishaps, []);
      clients?.close();
      for (const socket of sockets.splice(0)) socket.terminate();
    });
    after(() => server?.stop());

    const bare = (offer) => {
      const url = `${server.url.replace("http", "ws")}/socket.io/?EIO=4&transport=websocket`;
      const socket = new WebSocket(url, { perMessageDeflate: offer });
      sockets.push(socket);
      return socket;
    };

    // A bare socket that has joined the namespace "/"; its messages are in the inbox.
    const joined = async (offer) => {
      const socket = bare(offer);
      const inbox = new Inbox(socket, "message", (data) => data.toString());
      await nextEvent(socket, "open");
      socket.send("40");
      await inbox.until(2);
      inbox.items.length = 0;
      return { socket, inbox };
    };

    it("carries what the official client sends and gets", async () => {
      for (const travel of ["websocket", "upgrade"]) {
        const options = { perMessageDeflate: { threshold: 1 } };
        const socket = await clients.connect(travel, options);
        const back = new Inbox(socket, "echo");
        const values = ["", "x", long, "☃".repeat(5000), { list: Array(200).fill(long) }];
        for (const value of values) socket.emit("echo", value);
        assert.deepEqual(await back.until(values.length), values);
        const { params } = socket.io.engine.transport.ws._extensions["permessage-deflate"];
        assert.equal(params.server_no_context_takeover ?? false, mode === "alone");
        assert.equal(params.client_no_context_takeover ?? false, mode === "alone");
      }
    });

    it("carries binary, also what cannot be compressed", async () => {
      const options = { perMessageDeflate: { threshold: 1 } };
      const socket = await clients.connect("websocket", options);
      const back = new Inbox(socket, "echo");
      const values = [Buffer.alloc(50000), randomBytes(50000), Buffer.alloc(0)];
      for (const value of values) socket.emit("echo", value);
      assert.deepEqual(await back.until(values.length), values);
    });

    for (const offer of [
      { serverMaxWindowBits: 8 },
      { serverMaxWindowBits: 9 },
      { clientMaxWindowBits: 9 },
      { serverNoContextTakeover: true },
      { clientNoContextTakeover: true },
    ]) {
      it(`keeps to the parameters ${JSON.stringify(offer)}`, async () => {
        const { socket, inbox } = await joined({ threshold: 0, ...offer });
        const event = JSON.stringify(["echo", long + randomBytes(600).toString("hex") + long]);
        for (let n = 0; n < 3; n++) socket.send("42" + event);
        const got = await inbox.until(3);
        assert.deepEqual(got.slice(0, 3), Array(3).fill("42" + event));
      });
    }

    it("gives a broadcast to those who inflate and those who do not", async () => {
      const all = await Promise.all([joined(true), joined(true), joined(false)]);
      const event = JSON.stringify(["news", long]);
      const before = all.map(({ socket }) => socket._socket.bytesRead);
      all[0].socket.send(`42${JSON.stringify(["to all", long])}`);
      for (const { inbox } of all) assert.deepEqual(await inbox.until(1), ["42" + event]);
      const read = all.map(({ socket }, n) => socket._socket.bytesRead - before[n]);
      assert.ok(read[0] < long.length / 5 && read[1] < long.length / 5, `read ${read}`);
      assert.ok(read[2] > long.length, `read ${read}`);
    });

    it("closes a bomb with 1009, and serves the next", async () => {
      const { socket } = await joined({ threshold: 0 });
      const closed = nextEvent(socket, "close");
      socket.send(`42${JSON.stringify(["echo", "0".repeat(20e6)])}`);
      assert.equal((await closed)[0], 1009);
      const { socket: next, inbox } = await joined(true);
      next.send(`42${JSON.stringify(["echo", 1])}`);
      assert.deepEqual(await inbox.until(1), ['42["echo",1]']);
    });
  });
}
