-- SPDX-License-Identifier: MIT
-- A server with connection state recovery, for the tests that cut clients off or kill their worker.
local sio = require("sio")

local dir = os.getenv("TLS_DIR")
local tls = dir and { cert = dir .. "/cert.pem", key = dir .. "/key.pem" } or nil

local app = sio.server({
  connection_state_recovery = true, tls = tls, parser = os.getenv("PARSER"),
})

app:on("connection", function(socket)
  socket:on("whoami", function() return { pid = sio.worker().pid, id = sio.worker().id } end)
  socket:on("remember", function(value) socket.data.value = value return true end)
  socket:on("recall", function() return socket.data.value end)
  socket:on("join", function(room) socket:join(room) return true end)
  socket:on("leave", function(room) socket:leave(room) return true end)
  socket:on("publish", function(first, last)
    for n = first, last do app:emit("n", n) end
    return true
  end)
  socket:on("publish to", function(room, first, last)
    for n = first, last do app:to(room):emit("n", n) end
    return true
  end)
  socket:on("publish bytes", function(data) app:emit("bytes", data) return true end)
end)

app:listen(3000)
