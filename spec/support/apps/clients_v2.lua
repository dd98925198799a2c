-- SPDX-License-Identifier: MIT
-- The server of the tests with clients of Socket.IO v2: every event does one thing a client can
-- check. Clients of newer versions are welcome too. Those of v2 keep a timer of both ping times
-- after their end, so these are short.
local sio = require("sio")

local app = sio.server({
  allow_eio3 = true,
  parser = os.getenv("PARSER"),
  connect_timeout = 2,
  ping_interval = 1,
  ping_timeout = 3,
})

local function talk(socket)
  socket:on("echo", function(...) socket:emit("echo", ...) end)
  socket:on("ack", function(...) return ... end)
  socket:on("ask", function(question) return (socket:emit_with_ack("question", question)) end)
  socket:on("who", function()
    return { id = socket.id, nsp = socket.nsp.name, query = socket.handshake.query.token,
      auth = sio.object(socket.handshake.auth) }
  end)
  socket:on("join", function(room) socket:join(room) return true end)
  socket:on("to room", function(room, news) app:to(room):emit("news", news) return true end)
  socket:on("to all", function(news) app:emit("news", news) return true end)
  socket:on("kick", function(close) socket:disconnect(close) end)
end

app:on("connection", function(socket)
  talk(socket)
  socket:emit("welcome", socket.id)
  socket:on("disconnect", function(reason) app:to("watchers"):emit("left", socket.id, reason) end)
end)

local guarded = app:of("/guarded")
guarded:use(function(socket)
  local token = socket.handshake.auth.token
  if token == "expired" then return nil, { message = "unauthorized", data = { code = 401 } } end
  if not token then return nil, "no entry" end
end)
guarded:on("connection", talk)

app:listen(3000)
