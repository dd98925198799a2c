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
  socket.on("shout", (name, value) => io.to(name).emit("said", value));
  socket.on("join", (name, ack) => {
    socket.leave("room");
    socket.join(name);
    ack();
  });
});
http.listen(0, () => console.error(`http://localhost:${http.address().port}`));
