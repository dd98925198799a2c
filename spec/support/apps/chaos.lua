-- SPDX-License-Identifier: MIT
-- What spec/chaos runs against: rooms that clients join and leave, and messages to them that are
-- acknowledged when they have been emitted. Heartbeats are quick, so that a dead connection is
-- noticed within a fault.
local sio = require("sio")

local app = sio.server({
  ping_interval = 1,
  ping_timeout = 1.5,
  connection_state_recovery = {
    max_disconnection_duration = 60,
    max_missed_packets = 100000,
    max_missed_bytes = 64 * 1024 * 1024,
  },
})

app:on_event("join", function(socket, room) socket:join(room) return true end)
app:on_event("leave", function(socket, room) socket:leave(room) return true end)

-- An emit that is refused has reached nobody, and the answer says so.
app:on_event("send", function(_, room, payload)
  local emitted, err = pcall(function() app:to(room):emit("m", payload) end)
  return emitted or { refused = tostring(err) }
end)

-- To whoever asks, not by way of a room.
app:on_event("echo", function(socket, payload)
  local emitted, err = pcall(function() socket:emit("m", payload) end)
  return emitted or { refused = tostring(err) }
end)

app:listen(3000)
