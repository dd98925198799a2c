-- SPDX-License-Identifier: MIT
-- For clients who come and leave in a herd: each has listeners of its own. Which mode the collector
-- of garbage is in is said to whoever asks.
local sio = require "sio"

local app = sio.server { serve_client = false }

app:on("connection", function(socket)
  local room = "room " .. socket.id
  socket:join(room)
  for i = 1, 8 do
    socket:on("event " .. i, function() return room end)
  end
end)

app:get("/mode", function()
  local mode = collectgarbage "incremental"
  collectgarbage(mode)
  return mode
end)

app:listen(3000)
