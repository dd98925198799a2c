-- SPDX-License-Identifier: MIT
-- The server of spec/client/http_files.test.mjs: a folder of large files, and routes that stream.
local sio = require("sio")

local app = sio.server({ body_timeout = 2, keep_alive_timeout = 30 })
local writing = 0 -- bodies that are being made

app:static("/files", os.getenv("FILES"))

app:get("/endless", function()
  return function(write)
    writing = writing + 1
    while write(("x"):rep(50000)) do end
    writing = writing - 1
  end
end)

app:get("/writing", function() return writing end)

app:post("/size", function(req) return #req.body end)

app:listen(3000)
