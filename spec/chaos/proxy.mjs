// SPDX-License-Identifier: MIT
// The network between clients and server, inside this process: a TCP proxy that can delay, take
// bytes one at a time, cut connections with a reset, and let them go silent without closing them.

import net from "node:net";
import { once } from "node:events";

const singleBytes = 200; // of each piece; the rest follows whole

class Direction {
  constructor(proxy, from, to) {
    Object.assign(this, { proxy, from, to, late: 0, delayMs: 0 });
    from.on("data", (data) => this.carry(() => this.write(data)));
    from.on("end", () => this.carry(() => to.end()));
  }

  // At once, or after the delay; nothing overtakes what was delayed before.
  carry(step) {
    if (this.proxy.delayMs > 0) this.delayMs = this.proxy.delayMs;
    else if (this.late === 0) return step();
    this.late++;
    setTimeout(() => {
      this.late--;
      step();
    }, this.delayMs);
  }

  write(data) {
    if (this.silent || this.to.destroyed || this.to.writableEnded) return;
    let at = 0;
    if (this.proxy.byteWise) {
      while (at < Math.min(singleBytes, data.length)) this.to.write(data.subarray(at, ++at));
    }
    if (at < data.length && !this.to.write(data.subarray(at))) this.hold();
  }

  // A reader that is slow is felt by the writer, as over a real network.
  hold() {
    this.from.pause();
    this.to.once("drain", () => this.from.resume());
  }
}

class Pair {
  constructor(proxy, client, port) {
    this.client = client;
    this.server = net.connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    this.ends = [client, this.server];
    for (const end of this.ends) end.setNoDelay(true);
    this.ways = [new Direction(proxy, client, this.server),
      new Direction(proxy, this.server, client)];
    client.on("error", () => {});
    this.server.on("error", (error) => {
      if (error.code === "ECONNREFUSED") proxy.refused++;
    });
    client.on("close", () => this.ways[0].carry(() => this.closed(this.server)));
    this.server.on("close", () => this.ways[1].carry(() => this.closed(client)));
  }

  // One end has gone. Over a silent connection the other one does not hear of it.
  closed(other) {
    if (this.isSilent) return;
    if (other.writableEnded) other.destroySoon();
    else other.resetAndDestroy();
  }

  cut() {
    for (const end of this.ends) end.resetAndDestroy();
  }

  silence() {
    this.isSilent = true;
    for (const way of this.ways) way.silent = true;
    for (const end of this.ends) {
      end.removeAllListeners("end");
      end.on("end", () => end.destroy());
      end.resume();
    }
  }
}

export class Proxy {
  static async start(port) {
    const proxy = new Proxy(port);
    proxy.listener.listen(0, "127.0.0.1");
    await once(proxy.listener, "listening");
    proxy.port = proxy.listener.address().port;
    return proxy;
  }

  constructor(port) {
    this.pairs = new Set();
    this.delayMs = 0;
    this.byteWise = false;
    this.refused = 0; // connections that the server did not take
    this.listener = net.createServer({ allowHalfOpen: true }, (client) => {
      const pair = new Pair(this, client, port);
      this.pairs.add(pair);
      for (const end of pair.ends) {
        end.on("close", () => {
          if (pair.ends.every(({ destroyed }) => destroyed)) this.pairs.delete(pair);
        });
      }
    });
  }

  some(share, random) {
    return random.shuffle([...this.pairs]).slice(0, Math.ceil(this.pairs.size * share));
  }

  close() {
    this.listener.close();
    for (const pair of this.pairs) pair.cut();
  }
}
