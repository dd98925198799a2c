// SPDX-License-Identifier: MIT
// A process that opens many WebSockets at once, for client/herd.test.mjs: what it needs itself must
// not hold up who measures. `node herd.js PORT COUNT`, started by fork(); sends { seconds, sids,
// failed } when each is in the main namespace, or has failed, and stays until it is killed.

import net from "node:net";
import { frame, op, upgradeRequest } from "./raw_websocket.js";

const [port, count] = process.argv.slice(2).map(Number);
const hello = upgradeRequest("/socket.io/?EIO=4&transport=websocket");
const connect = frame(op.text, "40");

// Resolves with the session's id when this client is in. A socket's bytes come in any pieces.
function join() {
  const socket = net.connect({ port, host: "127.0.0.1", noDelay: true });
  socket.write(hello);
  let text = "";
  return new Promise((resolve, reject) => {
    let sid;
    socket.on("data", (data) => {
      text += data.toString("latin1");
      if (!sid && text.includes('"maxPayload"')) {
        sid = /"sid":"([^"]*)"/.exec(text)[1];
        socket.write(connect);
      } else if (text.includes('40{"sid"')) {
        resolve(sid);
      }
    });
    socket.on("error", reject);
    socket.on("close", () => reject(new Error(`closed behind "${text.slice(0, 60)}"`)));
  });
}

const then = performance.now();
const how = await Promise.allSettled(Array.from({ length: count }, join));
process.send({
  seconds: (performance.now() - then) / 1000,
  sids: how.filter(({ status }) => status === "fulfilled").map(({ value }) => value),
  failed: how.filter(({ status }) => status !== "fulfilled").map(({ reason }) => `${reason}`),
});
