-- SPDX-License-Identifier: MIT
-- A server whose workers are replaced under load: everybody gets every number, and its sockets have
-- a name and a room of their own, which they keep.
local sio = require("sio")

local dir = os.getenv("TLS_DIR")
local tls = dir and { cert = dir .. "/cert.pem", key = dir .. "/key.pem" } or nil
local app = sio.server({ connection_state_recovery = {}, tls = tls })

app:on("connection", function(socket)
  if not socket.recovered then
    socket.data.name = socket.handshake.auth.name
    socket:join("of " .. socket.data.name)
  end
  socket:on("whoami", function()
    return { name = socket.data.name, rooms = socket.rooms, pid = sio.worker().pid }
  end)
end)

app:post("/publish", function(req)
  for n = req.json.first, req.json.last do app:emit("n", n) end
  return "published"
end)
app:get("/ping", function() return "pong" end)

app:listen(3000)
