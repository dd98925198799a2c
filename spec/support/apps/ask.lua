-- SPDX-License-Identifier: MIT
-- The server of the tests that ask all workers: a client says what is asked about whom, and gets
-- what the handler got.
local sio = require("sio")

local app = sio.server()

-- whom: { to = rooms, except = rooms, here = true, timeout = seconds }
local function meant(whom)
  local all = whom.here and app.here or app:except({})
  if whom.to then all = all:to(whom.to) end
  if whom.except then all = all:except(whom.except) end
  if whom.timeout then all = all:timeout(whom.timeout) end
  return all
end

local function answer(value, err)
  return { value = value, err = err }
end

-- What a client can check of sockets, by id; remote: it is of another worker.
local function described(sockets)
  local by_id = sio.object({})
  for _, socket in ipairs(sockets) do
    by_id[socket.id] = {
      data = socket.data,
      rooms = socket.rooms,
      remote = tostring(socket):find("RemoteSocket") ~= nil,
      auth = socket.handshake.auth,
      agent = socket.handshake.headers["user-agent"],
      query = socket.handshake.query.q,
      address = socket.handshake.address,
      issued = math.type(socket.handshake.issued),
    }
  end
  return by_id
end

-- What this worker's adapter has told of the room "heard".
local heard = {}
for _, event in ipairs({ "create-room", "join-room", "leave-room", "delete-room" }) do
  app.adapter:on(event, function(room, sid)
    if room == "heard" then heard[#heard + 1] = { event, sid } end
  end)
end

app:on("connection", function(socket)
  socket:on("whoami", function() return { pid = sio.worker().pid, id = sio.worker().id } end)
  socket:on("join", function(rooms) return socket:join(rooms) end)
  socket:on("set", function(data) socket.data = data return true end)
  socket:on("my rooms", function() return socket.rooms end)
  socket:on("adapter", function()
    local adapter = app.adapter
    return { heard = heard, here = adapter.rooms.heard or {}, workers = adapter:server_count() }
  end)
  socket:on("count", function(whom) return answer(meant(whom):count()) end)
  socket:on("rooms", function(whom) return answer(meant(whom):rooms()) end)
  socket:on("fetch", function(whom)
    local sockets, err = meant(whom):fetch_sockets()
    return answer(described(sockets), err)
  end)
  socket:on("join all", function(whom, rooms)
    local all = meant(whom)
    return all:sockets_join(rooms), (all:to(rooms):count())
  end)
  socket:on("leave all", function(whom, rooms) return meant(whom):sockets_leave(rooms) end)
  socket:on("kick", function(whom, close) return meant(whom):disconnect_sockets(close) end)
  socket:on("question", function(id, seconds)
    local found = app:to(id):fetch_sockets()[1]
    if seconds ~= sio.null then found = found:timeout(seconds) end
    return answer(found:emit_with_ack("question", 1))
  end)
  socket:on("question with fn", function(id, seconds, ack)
    local found = app:to(id):fetch_sockets()[1]
    if seconds ~= sio.null then found = found:timeout(seconds) end
    found:emit("question", 1, function(...) ack({ ... }) end)
  end)
  -- The same of one socket, wherever it is.
  socket:on("with", function(id, method, args)
    local found = app:to(id):fetch_sockets()[1]
    found[method](found, table.unpack(args))
    return true
  end)
end)

app:listen(3000)
