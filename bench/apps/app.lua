-- SPDX-License-Identifier: MIT
-- What every server of the bench does, as one would write it: handlers are closures of a socket's.
-- Default options; BENCH_TLS (a folder with cert.pem and key.pem) and BENCH_DEFLATE turn on those.
local sio = require "sio"

local tls = os.getenv "BENCH_TLS"
local app = sio.server {
  tls = tls and { cert = tls .. "/cert.pem", key = tls .. "/key.pem" },
  per_message_deflate = os.getenv "BENCH_DEFLATE" ~= nil,
}

app:on("connection", function(socket)
  local room = "room"
  socket:join(room)
  socket:on("echo", function(value) return value end)
  socket:on("say", function(value) app:to("room"):emit("said", value) end)
  socket:on("shout", function(name, value) app:to(name):emit("said", value) end)
  socket:on("join", function(name)
    socket:leave(room)
    socket:join(name)
    room = name
  end)
end)

app:listen(0)
