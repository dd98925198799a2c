-- SPDX-License-Identifier: MIT
-- A little of everything that is counted.

local sio = require "sio"

local app = sio.server { connection_state_recovery = {} }

app:on("connection", function(socket)
  socket:join "everybody"
  socket:on("echo", function(value) return value end)
  socket:on("whoami", function() return sio.worker() end)
  socket:on("fail", function() error "counted" end)
  socket:on("flood me", function(n, bytes)
    for _ = 1, n do
      socket:emit("flood", ("x"):rep(bytes))
      sio.sleep(0)
    end
  end)
  socket:on("tell all", function() app:emit("all") end)
  socket:on("ask me", function()
    socket:timeout(0.05):emit_with_ack("question")
    socket:emit("late")
  end)
end)

app:listen()
