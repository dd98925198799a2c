-- SPDX-License-Identifier: MIT
-- What bench/apps/app.lua does, for the load generator's own tests; and it deflates for who asks.
local sio = require("sio")

local dir = os.getenv("TLS_DIR")
local tls = dir and { cert = dir .. "/cert.pem", key = dir .. "/key.pem" } or nil

local app = sio.server({ per_message_deflate = { threshold = 1 }, tls = tls })

app:on("connection", function(socket)
  socket:join("room")
  socket:on("echo", function(value) return value end)
  socket:on("say", function(value) app:to("room"):emit("said", value) end)
  socket:on("shout", function(name, value) app:to(name):emit("said", value) end)
  socket:on("join", function(name)
    socket:leave("room")
    socket:join(name)
  end)
end)

app:listen()
