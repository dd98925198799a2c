-- SPDX-License-Identifier: MIT
-- A log of packets to miss, for `node bench/scale.mjs recover`.
local sio = require "sio"

local app = sio.server { connection_state_recovery = true }
local text = ("x"):rep(40)

app:on("connection", function(socket)
  socket:on("enter", function(room)
    socket:join(room)
    return room
  end)
  socket:on("tell", function(room, n)
    for i = 1, n do app:to(room):emit("said", i) end
    return n
  end)
  -- To people who are not measured.
  socket:on("flood", function(n)
    for i = 1, n do app:to("other " .. i):emit("said", text) end
    return n
  end)
end)
app:listen(0)
