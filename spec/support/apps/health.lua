-- SPDX-License-Identifier: MIT
-- A server with a health check, whose stop waits until it is told to go, a second at most.
local sio = require("sio")

local app = sio.server()
local asked = false

app:health("/health")

app:get("/go", function()
  asked = true
  return "going"
end)

app:on_stop(function()
  for _ = 1, 100 do
    if asked then return end
    sio.sleep(0.01)
  end
end)

app:listen(3000)
