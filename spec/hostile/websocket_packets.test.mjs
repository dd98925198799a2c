// SPDX-License-Identifier: MIT
// Socket.IO over WebSocket, frame by frame: what is wrong above Engine.IO, and clients that say too
// little. The reason is the one that the application hears. With four workers the connections are
// given to others, with all that came on them.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { RawWebSocket, closing, frame, op } from "../support/raw_websocket.js";
import { nextPacket } from "../support/witness.js";
import { Victim } from "./victim.js";

const target = "/socket.io/?EIO=4&transport=websocket";
const text = (data) => frame(op.text, data);
const bytes = (data) => frame(op.binary, data);
const options = { connect_timeout: 0.8, ping_interval: 0.5, ping_timeout: 0.6 };

// [id, what, frames, the reason]; the server says goodbye without a code.
const rows = [
  ["E00", "a packet of no type", [text("7")], "parse error"],
  ["E04", "a ping of the client", [text("2")], "transport error/invalid heartbeat direction"],
  ["E14.1", "base64 of nothing where no bytes are due", [text("b")], "forced close"],
  ["E14.2", "base64 where no bytes are due", [text("bAAEC")], "forced close"],
  ["E14.3", "what is no base64", [text("b!!!!")], "parse error"],
  ["F31", "a NUL inside of a JSON string", [text('42["echo","\0"]')], "forced close"],
  ["F44.1", "an empty text", [text("")], "parse error"],
  ["F44.2", "empty bytes where none are due", [bytes("")], "forced close"],
  ["F44.3", "bytes where none are due", [bytes("\x01\x02")], "forced close"],
  ["C15.1", "text where bytes are due",
    [text('451-["echo",{"_placeholder":true,"num":0}]'), text('42["echo",1]')], "forced close"],
  ["S105", "eleven attachments", [text('4511-["echo"]')], "forced close"],
];

for (const workers of [1, 4]) {
  describe(`hostile packets, ${workers} worker(s)`, { timeout: 60000 }, () => {
    let victim;
    before(async () => (victim = await Victim.start(options, { workers })));
    after(() => victim?.stop());

    const open = async (more) => {
      const ws = await RawWebSocket.open(victim.port, target, more);
      assert.match(await ws.text(), /^0{"sid":/);
      return ws;
    };
    const join = async (name, behind = []) => {
      const ws = await open();
      await ws.write(Buffer.concat([text(`40${JSON.stringify({ name })}`), ...behind]));
      assert.match(await nextPacket(ws), /^40{"sid":/);
      return ws;
    };
    const left = async (name, reason) => {
      const told = await victim.watcher.until(name, "left");
      const [, why, detail] = told.find(([what]) => what === "left");
      assert.equal(detail ? `${why}/${detail}` : why, reason);
      await victim.watcher.echo();
    };

    for (const [id, what, frames, reason] of rows) {
      it(`${id} ${what}: ${reason}`, async () => {
        const ws = await join(id, frames);
        await ws.closed(closing());
        await left(id, reason);
      });
    }

    it("C15.2 a pong between a packet and its bytes", async () => {
      const placeholder = '451-["nothing",{"_placeholder":true,"num":0}]';
      const whole = [text(placeholder), text("3"), bytes("\x01\x02"), text('42["echo",1]')];
      const ws = await join("C15.2", whole);
      assert.equal(await nextPacket(ws), '42["echo",1]');
      ws.destroy();
      await left("C15.2", "transport close");
    });

    it("W31 CONNECT and an event in one write with the upgrade request", async () => {
      const behind = Buffer.concat([text('40{"name":"W31"}'), text('42["echo","early"]')]);
      const ws = await open({ behind });
      assert.match(await nextPacket(ws), /^40{"sid":/);
      assert.equal(await nextPacket(ws), '42["echo","early"]');
      await ws.write(frame(op.close, closing(1000)));
      await ws.closed(closing(1000));
      await left("W31", "transport close");
    });

    it("W31 60 KB in one write with the upgrade request", async () => {
      const word = "w".repeat(60000);
      const behind = Buffer.concat([text("40"), text(`420["echo","${word}"]`)]);
      const ws = await open({ behind });
      assert.match(await nextPacket(ws), /^40{"sid":/);
      assert.equal(await nextPacket(ws), `430["${word}"]`);
      ws.destroy();
      await victim.watcher.echo();
    });

    it("U01 a probe in one write with its upgrade request", async () => {
      const session = await victim.session("U01");
      const sid = session.path.split("sid=")[1];
      const ws = await RawWebSocket.open(victim.port, `${target}&sid=${sid}`, {
        behind: text("2probe"),
      });
      assert.equal(await ws.text(), "3probe");
      await ws.write(Buffer.concat([text("5"), text('42["echo","over"]')]));
      assert.equal(await nextPacket(ws), '42["echo","over"]');
      session.own.close();
      ws.destroy();
      await left("U01", "transport close");
    });

    it("TM9 a client that joins no namespace is closed in time", async () => {
      const ws = await open();
      assert.equal(await ws.text(), "2");
      await ws.write(text("3")); // it answers pings, but says nothing else
      await ws.closed(closing());
      await victim.watcher.echo();
    });

    it("TM10 a client that answers no ping is closed in time", async () => {
      const ws = await join("TM10.1");
      assert.equal(await ws.text(), "2");
      await ws.closed(closing());
      await left("TM10.1", "ping timeout");
    });

    it("TM10 a client that sends events instead of pongs is alive, until it stops", async () => {
      const ws = await join("TM10.2");
      const until = Date.now() + 1300; // more than interval and timeout
      let pings = 0;
      while (Date.now() < until) {
        await ws.write(Buffer.concat([text('42["nothing"]'), frame(op.ping, "read?")]));
        for (let got = {}; got.op !== op.pong; got = await ws.frame()) pings += got.op === op.text;
      }
      assert.equal(pings, 1);
      assert.deepEqual(victim.watcher.of("TM10.2"), []);
      await ws.closed(closing());
      await left("TM10.2", "ping timeout");
    });
  });
}
