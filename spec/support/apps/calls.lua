-- SPDX-License-Identifier: MIT
-- Messages to rooms, for the tests of who is woken for them.
local sio = require("sio")

local app = sio.server()

app:on("connection", function(socket)
  socket:on("whoami", function() return { pid = sio.worker().pid, id = sio.worker().id } end)
  socket:on("join", function(room)
    socket:join(room)
    return true
  end)
  socket:on("leave", function(room)
    socket:leave(room)
    return true
  end)
  socket:on("to room", function(room, what)
    app:to(room):emit("news", what)
    return true
  end)
  socket:on("to all", function(what)
    app:emit("news", what)
    return true
  end)
end)

app:listen(3000)
