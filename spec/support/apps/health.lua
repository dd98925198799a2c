-- SPDX-License-Identifier: MIT
-- A server with a health check, which is still there for a moment when it stops.
local sio = require("sio")

local app = sio.server()
app:health("/health")
app:on_stop(function() sio.sleep(0.5) end)
app:listen(3000)
