// SPDX-License-Identifier: MIT
// The peer: Node's socket.io doing what apps/app.lua does, default options.
import { createServer } from "node:http";
import { Server } from "socket.io";

const http = createServer();
const io = new Server(http);
io.on("connection", (socket) => {
  socket.join("room");
  socket.on("echo", (value, ack) => ack(value));
  socket.on("say", (value) => io.to("room").emit("said", value));
});
http.listen(0, () => console.error(`http://localhost:${http.address().port}`));
