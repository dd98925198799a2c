// SPDX-License-Identifier: MIT
// bun: socket.io on Bun's own HTTP server and @socket.io/bun-engine.
import { Server as Engine } from "@socket.io/bun-engine";
import { Server } from "socket.io";
import { serve } from "./app.mjs";
import { say } from "./http.mjs";

const folder = process.env.BENCH_TLS;
const io = new Server();
const engine = new Engine({ path: "/socket.io/" });
io.bind(engine);
serve(io);
const server = Bun.serve({
  ...engine.handler(),
  port: 0,
  tls: folder && { cert: Bun.file(`${folder}/cert.pem`), key: Bun.file(`${folder}/key.pem`) },
});
say(server.port);
