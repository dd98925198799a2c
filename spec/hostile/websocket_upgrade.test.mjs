// SPDX-License-Identifier: MIT
// From polling to WebSocket over real sockets, packet by packet: the dance, and all that a client
// can do wrong in it. Whatever it does to the probe, the session lives on where it was.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { RawConnection } from "../support/http.js";
import { RawWebSocket, closing, frame, op } from "../support/raw_websocket.js";
import { Witness, openSession, target } from "../support/witness.js";
import { startServer } from "../support/server.js";

const polling = "/engine.io/?EIO=4&transport=polling";
const upgradeTimeout = 1;
const text = (data) => frame(op.text, data);

// What ends a probe: [what, frame, payload of the close frame that comes back].
const wrong = [
  ["2", text("2"), closing()],
  ["3probe", text("3probe"), closing()],
  ["5 without a probe", text("5"), closing()], // U02
  ["a message", text("4hi"), closing()],
  ["bytes", frame(op.binary, "hi"), closing()],
  ["what is no packet", text("x"), closing()],
  ["a bad frame", frame(3), closing(1002)],
  ["text that is no UTF-8", frame(op.text, Buffer.from("ff", "hex")), closing(1007)],
  ["a close frame", frame(op.close, closing(1000)), closing(1000)],
];

describe("an upgrade", { timeout: 60000 }, () => {
  let server, witness;
  before(async () => {
    server = await startServer("ws_echo", { env: { UPGRADE_TIMEOUT: String(upgradeTimeout) } });
    witness = await Witness.open(server.port);
  });
  after(() => {
    witness?.close();
    return server?.stop();
  });

  // A polling session with a probe under way.
  class Upgrading {
    static async open() {
      const self = new Upgrading();
      self.connection = await RawConnection.open(server.port);
      self.sid = JSON.parse((await self.connection.get(polling)).body.slice(1)).sid;
      self.probe = await self.websocket();
      return self;
    }

    get path() {
      return `${polling}&sid=${this.sid}`;
    }

    websocket() {
      return RawWebSocket.open(server.port, `${target}&sid=${this.sid}`);
    }

    async say(...frames) {
      for (const each of frames) await this.probe.write(text(each));
    }

    async probed() {
      await this.say("2probe");
      assert.equal(await this.probe.text(), "3probe");
    }

    async upgraded() {
      await this.probed();
      await this.say("5");
      await this.echoes();
    }

    // Over WebSocket.
    async echoes() {
      await this.say("4over");
      assert.equal(await this.probe.text(), "4over");
    }

    // The session is on polling as ever; then it says goodbye.
    async leavePolling() {
      assert.equal((await this.connection.post(this.path, "4still")).body, "ok");
      assert.equal((await this.connection.get(this.path)).body, "4still");
      assert.equal((await this.connection.post(this.path, "1")).body, "ok");
      await this.gone("transport close");
    }

    async refuse() {
      const ws = await RawWebSocket.request(server.port, `${target}&sid=${this.sid}`);
      assert.equal((await ws.response()).status, 101);
      await ws.closed(closing());
      ws.destroy();
    }

    async gone(reason) {
      this.connection.close();
      this.probe.destroy();
      assert.equal(await witness.told(), reason);
      await witness.served();
    }
  }

  it("U01 releases the pending poll and takes over", async () => {
    const upgrading = await Upgrading.open();
    const poll = upgrading.connection.get(upgrading.path);
    await upgrading.probed();
    assert.equal((await poll).body, "6");
    await upgrading.say("5");
    await upgrading.echoes();
    const late = await upgrading.connection.get(upgrading.path);
    assert.deepEqual([late.status, late.body], [400, '{"code":3,"message":"Bad request"}']);
    await upgrading.echoes();
    await upgrading.gone("transport close");
  });

  for (const probed of [false, true]) {
    for (const [what, bad, goodbye] of wrong) {
      if (probed && what.startsWith("5")) continue;
      it(`U05 ${what} ${probed ? "behind" : "instead of"} the probe closes the probe`, async () => {
        const upgrading = await Upgrading.open();
        if (probed) await upgrading.probed();
        await upgrading.probe.write(bad);
        await upgrading.probe.closed(goodbye);
        await upgrading.leavePolling();
      });
    }
  }

  it("U08 three probes have three answers", async () => {
    const upgrading = await Upgrading.open();
    for (let i = 0; i < 3; i++) await upgrading.probed();
    await upgrading.say("5");
    await upgrading.echoes();
    await upgrading.gone("transport close");
  });

  it("U12 a probe behind the upgrade ends the session", async () => {
    const upgrading = await Upgrading.open();
    await upgrading.upgraded();
    await upgrading.say("2probe");
    await upgrading.probe.closed(closing());
    await upgrading.gone("transport error/invalid heartbeat direction");
  });

  it("U15 a second WebSocket is refused, the first goes on", async () => {
    const upgrading = await Upgrading.open();
    await upgrading.refuse();
    await upgrading.probed();
    await upgrading.refuse();
    await upgrading.say("5");
    await upgrading.echoes();
    await upgrading.refuse();
    await upgrading.echoes();
    await upgrading.gone("transport close");
  });

  it("U17 a WebSocket session is not taken over", async () => {
    const session = await openSession(server.port);
    const ws = await RawWebSocket.request(server.port, `${target}&sid=${session.sid}`, {
      behind: Buffer.concat([text("2probe"), text("5")]),
    });
    assert.equal((await ws.response()).status, 101);
    await ws.closed(closing());
    await session.write(text("4mine"));
    assert.equal(await session.text(), "4mine");
    session.destroy();
    assert.equal(await witness.told(), "transport close");
  });

  for (const how of ["end", "resetAndDestroy"]) {
    it(`a probe that breaks off (${how}) costs nothing`, async () => {
      const upgrading = await Upgrading.open();
      await upgrading.probed();
      upgrading.probe.socket[how]();
      await upgrading.leavePolling();
    });
  }

  for (const packet of [null, "2probe"]) {
    it(`TM8 an upgrade that stops behind ${packet ?? "the 101"} is closed in time`, async () => {
      const upgrading = await Upgrading.open();
      if (packet) await upgrading.probed();
      await upgrading.probe.closed(closing());
      await upgrading.leavePolling();
    });
  }
});
