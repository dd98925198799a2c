-- SPDX-License-Identifier: MIT
-- What spec/chaos runs against: rooms that clients join and leave, and messages to them that are
-- acknowledged when they have been emitted. Heartbeats are quick, so that a dead connection is
-- noticed within a fault. From the environment: PING_TIMEOUT, where it is to be noticed later;
-- MISSED and AWAY, how many packets are kept for who is away, and for how many seconds.
local sio = require("sio")

local dir = os.getenv("TLS_DIR")

local app = sio.server({
  tls = dir and { cert = dir .. "/cert.pem", key = dir .. "/key.pem" } or nil,
  ping_interval = 1,
  ping_timeout = tonumber(os.getenv("PING_TIMEOUT")) or 2,
  connection_state_recovery = {
    max_disconnection_duration = tonumber(os.getenv("AWAY")) or 60,
    max_missed_packets = math.tointeger(tonumber(os.getenv("MISSED"))) or 100000,
    max_missed_bytes = 64 * 1024 * 1024,
  },
})

-- How often this client has asked, in all its connections: the answer shows that its data is whole.
local function count(socket)
  local asked = (socket.data.asked or 0) + 1
  socket.data.asked = asked
  return asked
end

app:on_event("join", function(socket, room) socket:join(room) return count(socket) end)
app:on_event("leave", function(socket, room) socket:leave(room) return count(socket) end)

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
