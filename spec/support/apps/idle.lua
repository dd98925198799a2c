-- SPDX-License-Identifier: MIT
-- For memory of idle sockets: namespaces with handlers of their own, and one with a listener per
-- socket. What Lua holds is said to whoever asks.
local sio = require "sio"
local core = require "sio.core"

local app = sio.server { serve_client = false, connect_timeout = 60, ping_interval = 300 }

app:of("/shared"):on_event("echo", function(_, ...) return ... end)
app:of("/shared"):on_event("disconnect", function() end)

app:of("/closure"):on("connection", function(socket)
  socket:join("room")
  socket:on("echo", function(...) return ... end)
end)

app:get("/lua", function()
  collectgarbage()
  collectgarbage()
  local anchored, callbacks, objects = core.handle_count()
  return { bytes = collectgarbage "count" * 1024, anchored = anchored, callbacks = callbacks,
    objects = objects, clients = app.engine.clients_count }
end)

app:listen(3000)
