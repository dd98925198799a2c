-- SPDX-License-Identifier: MIT
-- Who lands where: an application that says which worker it runs in. With HELD=seconds handshakes
-- wait that long in a hook.
local sio = require("sio")

local dir = os.getenv("TLS_DIR")
local held = tonumber(os.getenv("HELD"))

local app = sio.server({
  tls = dir and { cert = dir .. "/cert.pem", key = dir .. "/key.pem" } or nil,
  allow_request = held and function()
    sio.sleep(held)
    return true
  end or nil,
})

app:on("connection", function(socket)
  socket:on("who", function() return sio.worker().pid end)
end)
app:get("/who", function() return { id = sio.worker().id, pid = sio.worker().pid } end)
app:on_event("hello", function(socket, n) socket:emit("hello", n) end)

app:listen(3000)
