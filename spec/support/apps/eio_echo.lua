-- SPDX-License-Identifier: MIT
-- Engine.IO alone, with no Socket.IO on top: what the v4 protocol suite talks to. Text comes in as
-- a string and bytes as sio.binary, and both go back as what they were.
local sio = require("sio")

local dir = os.getenv("TLS_DIR")
local tls = dir and { cert = dir .. "/cert.pem", key = dir .. "/key.pem" } or nil

local eio = sio.engine({
  path = "/engine.io",
  ping_interval = 0.3,
  ping_timeout = tonumber(os.getenv("PING_TIMEOUT")) or 0.6, -- the official suites want 0.2
  max_http_buffer_size = 1e6,
  tls = tls,
})

eio:on("connection", function(session)
  session:on("message", function(data) session:send(data) end)
end)

eio:listen(3000)
