// SPDX-License-Identifier: MIT
// node-ws: Node's socket.io as it is installed.
import { Server } from "socket.io";
import { serve } from "./app.mjs";
import { createServer, listen, options } from "./http.mjs";

const server = createServer();
serve(new Server(server, options));
listen(server);
