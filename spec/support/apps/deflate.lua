-- SPDX-License-Identifier: MIT
-- A Socket.IO server that compresses, for the tests with official clients. DEFLATE=takeover keeps
-- the context of both sides.
local sio = require("sio")

local takeover = os.getenv("DEFLATE") == "takeover"

local app = sio.server({
  per_message_deflate = {
    threshold = 100,
    server_no_context_takeover = not takeover,
    client_no_context_takeover = not takeover,
  },
})

app:on("connection", function(socket)
  socket:on("echo", function(...) socket:emit("echo", ...) end)
  socket:on("to all", function(...) app:emit("news", ...) end)
end)

app:listen()
