// SPDX-License-Identifier: MIT
// What apps/app.lua does, for every server that is Node's socket.io with something exchanged below.
export function serve(io) {
  io.on("connection", (socket) => {
    let room = "room";
    socket.join(room);
    socket.on("echo", (value, ack) => ack(value));
    socket.on("say", (value) => io.to("room").emit("said", value));
    socket.on("shout", (name, value) => io.to(name).emit("said", value));
    socket.on("join", (name, ack) => {
      socket.leave(room);
      socket.join(name);
      room = name;
      ack();
    });
  });
}
