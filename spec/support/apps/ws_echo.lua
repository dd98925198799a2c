-- SPDX-License-Identifier: MIT
-- Engine.IO alone: echoes what comes, and tells a session that said "watch" how every other ended.
local sio = require("sio")

local dir = os.getenv "TLS_DIR"
local tls = dir and { cert = dir .. "/cert.pem", key = dir .. "/key.pem" } or nil

local takeover = os.getenv "DEFLATE" == "takeover"
local deflate = os.getenv "DEFLATE" and {
  threshold = 1,
  server_no_context_takeover = not takeover,
  client_no_context_takeover = not takeover,
} or false

local eio = sio.engine({
  path = "/engine.io",
  balance = "ip-hash", -- watchers and watched at one worker, however many there are
  upgrade_timeout = tonumber(os.getenv "UPGRADE_TIMEOUT"),
  message_timeout = tonumber(os.getenv "MESSAGE_TIMEOUT"),
  max_http_buffer_size = tonumber(os.getenv "MAX_SIZE"),
  per_message_deflate = deflate,
  tls = tls,
  max_buffered = 64 * 1024 * 1024, -- an echo may be as large as what came
})

local watchers = {}

eio:on("connection", function(session)
  session:on("message", function(data)
    if data == "watch" then
      watchers[session] = true
      session:send("watching")
    else
      session:send(data)
    end
  end)
  session:on("close", function(reason, detail)
    watchers[session] = nil
    for each in pairs(watchers) do each:send(reason .. (detail and "/" .. detail or "")) end
  end)
end)

eio:listen(3000)
