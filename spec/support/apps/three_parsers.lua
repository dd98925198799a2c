-- SPDX-License-Identifier: MIT
-- Three servers in one process, each with a parser of its own.
local sio = require("sio")

local json = { encode = sio.json.encode, decode = sio.json.decode } -- as socket.io-json-parser

for _, parser in ipairs({ "default", "msgpack", json }) do
  local app = sio.server({ parser = parser })
  app:on("connection", function(socket)
    socket:on("ack", function(...) return ... end)
    socket:on("close", function() app:close() end)
  end)
  app:listen(0)
end
