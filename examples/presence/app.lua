-- SPDX-License-Identifier: MIT
local sio = require "sio"

local places = { lobby = true, garden = true, kitchen = true, library = true }

local app = sio.server()
app:static("/", "public")

app:use(function(socket)
  local name = socket.handshake.auth.name
  if type(name) ~= "string" or #name > 20 or not name:find "^%w[%w ]*$" then
    return nil, "up to 20 letters, please"
  end
  socket.data.name = name
end)

-- Whoever is anywhere hears how many are where.
local function tell_count(place)
  app:emit("count", place, app:to(place):count() or sio.null)
end

local function leave(socket)
  for _, place in ipairs(socket.rooms) do
    if places[place] then
      socket:to(place):emit("left", socket.id)
      socket:leave(place)
      tell_count(place)
    end
  end
end

app:on_event("go", function(socket, place)
  if type(place) ~= "string" or not places[place] then return { error = "no such place" } end
  leave(socket)
  socket:join(place)
  socket:to(place):emit("came", socket.id, socket.data.name)
  tell_count(place)
  local people = sio.object {}
  for _, each in ipairs(app:to(place):fetch_sockets() or {}) do -- on all workers
    people[each.id] = each.data.name
  end
  return { people = people }
end)

-- While it disconnects a socket is still in its rooms.
app:on_event("disconnecting", function(socket) leave(socket) end)

app:on("connection", function(socket)
  local counts = sio.object {}
  for room, n in pairs(app:rooms() or {}) do counts[room] = n end
  socket:emit("counts", counts)
end)

app:listen(3000)
