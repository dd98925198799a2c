-- SPDX-License-Identifier: MIT
-- Many rooms, for `node bench/scale.mjs join` and `call`: sockets that fill them, and some that go
-- from room to room.
local sio = require "sio"

local app = sio.server {}
app:on("connection", function(socket)
  local room
  socket:on("fill", function(first, n)
    for i = first, first + n - 1 do socket:join("room " .. i) end
    return n
  end)
  socket:on("join", function(name)
    if room then socket:leave(room) end
    socket:join(name)
    room = name
    return name
  end)
  -- The stride is a prime, so no room comes twice within a round.
  socket:on("hop", function(first, n, rooms)
    for i = first, first + n - 1 do
      local name = "room " .. i * 7919 % rooms
      socket:join(name)
      socket:leave(name)
    end
    return n
  end)
end)
app:listen(0)
