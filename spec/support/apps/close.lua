-- SPDX-License-Identifier: MIT
-- A server that closes when it is told to, from a handler of an event or of HTTP.
local sio = require("sio")

local app = sio.server({ ping_interval = 25 })
local hooks = 0

app:on("connection", function(socket)
  socket:on("close", function()
    app:close()
    app:close()
    socket:emit("too late?")
  end)
  socket:on("disconnect", function(reason)
    io.stderr:write(("gone: %s\n"):format(reason))
  end)
end)
app:get("/close", function()
  app:close(function() io.stderr:write("closed\n") end)
  return "bye"
end)
app:on_stop(function(reason)
  sio.sleep(0.05)
  hooks = hooks + 1
  local left = app.engine.clients_count
  io.stderr:write(("hook %d: %s, %d left\n"):format(hooks, reason, left))
end)

app:listen("127.0.0.1:0")
io.stderr:write("listen returned\n")
