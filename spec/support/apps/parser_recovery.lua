-- SPDX-License-Identifier: MIT
-- A server with connection state recovery and the parser that PARSER names: "msgpack", or "json",
-- which is that of socket.io-json-parser, in Lua.
local sio = require("sio")

local parser = os.getenv("PARSER")
if parser == "json" then parser = { encode = sio.json.encode, decode = sio.json.decode } end

local app = sio.server({ connection_state_recovery = true, parser = parser })

app:on("connection", function(socket)
  socket:on("publish", function(first, last)
    for n = first, last do app:emit("n", n) end
    return true
  end)
  socket:on("publish bytes", function(data) app:emit("bytes", data) return true end)
end)

app:listen(3000)
