// SPDX-License-Identifier: MIT
// Official clients of examples/behind/app.lua. They differ in their address, as visitors of a proxy
// do, and keep their cookies, each its own.

import http from "node:http";
import { Clients, upgraded } from "./clients.js";
import { Inbox } from "./wait.js";

export class Visitors extends Clients {
  // A client from 127.0.n.1 that was welcomed. `welcomes` has what each of its servers said,
  // `said` what it heard, `lost` why it was disconnected.
  async visit(mode, n, options = {}) {
    const agent = new http.Agent({ localAddress: `127.0.${n}.1` });
    const client = this.make(mode, { agent, withCredentials: true, ...options });
    // Without the offset that comes with each event.
    client.welcomes = new Inbox(client, "welcome", (welcome) => welcome);
    client.said = new Inbox(client, "said", (name, text) => [name, text]);
    client.lost = new Inbox(client, "disconnect", (reason) => reason);
    client.on("connect_error", (error) => this.mishaps.push(`${mode}: ${error.message}`));
    await client.welcomes.until(1);
    await upgraded(client, mode);
    return client;
  }
}

// The name of the server that a client has now.
export const home = (client) => client.welcomes.items.at(-1).name;

export const say = (client, text) => client.timeout(10000).emitWithAck("say", text);
