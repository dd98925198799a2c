-- SPDX-License-Identifier: MIT
-- What app.lua does with handlers of the namespace: a socket has none of its own, so an idle one
-- costs no Lua memory.
local sio = require "sio"

local app = sio.server {}

app:on("connection", function(socket) socket:join("room") end)
app:on_event("echo", function(_, value) return value end)
app:on_event("say", function(_, value) app:to("room"):emit("said", value) end)
app:on_event("shout", function(_, name, value) app:to(name):emit("said", value) end)
app:on_event("join", function(socket, name)
  for i, room in ipairs(socket.rooms) do
    if i > 1 then socket:leave(room) end -- the first is its own
  end
  socket:join(name)
end)

app:listen(0)
