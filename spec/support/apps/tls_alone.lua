-- SPDX-License-Identifier: MIT
-- The smallest server with TLS, for plain Lua: the port is in the environment.
local sio = require("sio")

local dir = os.getenv("TLS_DIR")
local app = sio.server({ tls = { cert = dir .. "/cert.pem", key = dir .. "/key.pem" } })

app:listen()
