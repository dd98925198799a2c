-- SPDX-License-Identifier: MIT
-- What apps/peer.mjs does, default options.
local sio = require "sio"

local app = sio.server {}
app:on("connection", function(socket)
  socket:join("room")
  socket:on("echo", function(value) return value end)
  socket:on("say", function(value) app:to("room"):emit("said", value) end)
  socket:on("shout", function(name, value) app:to(name):emit("said", value) end)
  socket:on("join", function(name)
    socket:leave("room")
    socket:join(name)
  end)
end)
app:listen(0)
