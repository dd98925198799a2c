// SPDX-License-Identifier: MIT
// node-eiows: Node's socket.io on the C++ engine, which prepare.mjs tries to build.
import { createRequire } from "node:module";
import { Server } from "socket.io";
import { serve } from "./app.mjs";
import { createServer, listen, options } from "./http.mjs";

const require = createRequire(`${process.env.BENCH_EIOWS}/package.json`);
const server = createServer();
serve(new Server(server, { ...options, wsEngine: require("eiows").Server }));
listen(server);
