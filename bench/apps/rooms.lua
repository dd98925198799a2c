-- SPDX-License-Identifier: MIT
-- Many rooms, for `node bench/scale.mjs join`: sockets that fill them, and one that goes from room
-- to room.
local sio = require "sio"

local app = sio.server {}
app:on("connection", function(socket)
  socket:on("fill", function(first, n)
    for i = first, first + n - 1 do socket:join("room " .. i) end
    return n
  end)
  -- The stride is a prime, so no room comes twice within a round.
  socket:on("hop", function(first, n, rooms)
    for i = first, first + n - 1 do
      local room = "room " .. i * 7919 % rooms
      socket:join(room)
      socket:leave(room)
    end
    return n
  end)
end)
app:listen(0)
