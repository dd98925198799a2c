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

app:get("/who", function() return { id = sio.worker().id, pid = sio.worker().pid } end)
app:on_event("who", function() return sio.worker().id end)
app:on_event("tell all", function(_, text) app:emit("told", text) end)

app:listen(3000)
