-- SPDX-License-Identifier: MIT
-- What clients of soak.test.mjs live through, and how much of everything is left behind. With
-- RECOVERY=seconds sessions may come back for so long.

local core = require "sio.core"
local sio = require "sio"

local seconds = tonumber(os.getenv "RECOVERY")
local app = sio.server {
  connection_state_recovery = seconds and { max_disconnection_duration = seconds } or false,
}
local seen = { disconnected = 0, other = 0, recovered = 0 }

app:use(function(socket)
  socket.data.auth = socket.handshake.auth.name
end)

app:on("connection", function(socket)
  if socket.recovered then seen.recovered = seen.recovered + 1 end
  socket:join { "everybody", "room " .. socket.id, "user " .. socket.data.auth }
  socket:on_any(function(event) socket.data.last = event end)
  -- Wrappers of once stand in a weak table, which stays as large as it ever was.
  if not seconds then socket:once("once", function() end) end
  socket:on("talk", function(text)
    app:to("room " .. socket.id):emit("to one", text)
    socket:emit("plain", text)
    socket:emit("asked", text, function() end)
    if app:to("room " .. socket.id):count() ~= 1 then seen.other = seen.other + 1 end
    sio.spawn(function()
      local answer, err = socket:timeout(100):emit_with_ack "never answered"
      local outcome = answer == nil and err == "disconnected" and err or "other"
      seen[outcome] = seen[outcome] + 1
    end)
    return text
  end)
  socket:on("bye", function() socket:disconnect(true) end)
  socket:on("disconnect", function() socket:emit "too late" end)
end)

app:get("/census", function()
  for _ = 1, 12 do collectgarbage() end -- the table of strings is halved each time
  local census = core.census(app)
  census.lua = math.floor(collectgarbage "count" * 1024)
  for name, n in pairs(seen) do census[name] = n end
  return sio.object(census)
end)

app:listen()
