-- SPDX-License-Identifier: MIT
-- What the Socket.IO v5 protocol suite talks to: two namespaces, one of which answers.
local sio = require("sio")

local dir = os.getenv("TLS_DIR")
local tls = dir and { cert = dir .. "/cert.pem", key = dir .. "/key.pem" } or nil

local app = sio.server({
  ping_interval = 0.3,
  ping_timeout = tonumber(os.getenv("PING_TIMEOUT")) or 0.6, -- the official suites want 0.2
  max_http_buffer_size = 1e6,
  tls = tls,
  connect_timeout = tonumber(os.getenv("CONNECT_TIMEOUT")) or 3, -- they want 1
})

-- Nothing sent is {} in JavaScript, and an empty Lua table would go out as [].
local function auth_of(socket)
  local auth = socket.handshake.auth
  return next(auth) and auth or sio.object({})
end

app:on("connection", function(socket)
  socket:emit("auth", auth_of(socket))
  socket:on("message", function(...) socket:emit("message-back", ...) end)
  socket:on("message-with-ack", function(...) return ... end)
end)

app:of("/custom"):on("connection", function(socket)
  socket:emit("auth", auth_of(socket))
end)

app:listen(3000)
