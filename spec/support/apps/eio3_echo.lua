-- SPDX-License-Identifier: MIT
-- Engine.IO alone, which also speaks v3: what the v3 protocol suite talks to. See eio_echo.lua.
local sio = require("sio")

local dir = os.getenv("TLS_DIR")
local tls = dir and { cert = dir .. "/cert.pem", key = dir .. "/key.pem" } or nil

local eio = sio.engine({
  path = "/engine.io",
  ping_interval = 0.3,
  ping_timeout = tonumber(os.getenv("PING_TIMEOUT")) or 0.6, -- the official suites want 0.2
  max_http_buffer_size = 1e6,
  tls = tls,
  allow_eio3 = true,
})

eio:on("connection", function(session)
  session:on("message", function(data) session:send(data) end)
end)

eio:listen(3000)
