-- SPDX-License-Identifier: MIT
-- Sockets with one closure each, for their memory: what app.lua does of it.
local sio = require "sio"

local app = sio.server {}

app:on("connection", function(socket)
  socket:join("room")
  socket:on("echo", function(value) return value end)
end)

app:listen(0)
