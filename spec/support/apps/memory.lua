-- SPDX-License-Identifier: MIT
-- Echoes, and has a handler that wants more memory than there is.

local sio = require "sio"

local app = sio.server {}

app:on("connection", function(socket)
  socket:on("echo", function(...) return ... end)
  socket:on("greedy", function() return #("x"):rep(1 << 30) end)
end)

app:get("/page", function() return "page" end)

app:listen()
