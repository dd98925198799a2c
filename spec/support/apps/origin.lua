-- SPDX-License-Identifier: MIT
-- The server of the tests about where clients come from: it says what it believes. TRUST_PROXY (a
-- list with commas) and PROXY_PROTOCOL are its options; LISTEN is where it listens (such a list).
local sio = require("sio")

local function list(name)
  local words = {}
  for word in (os.getenv(name) or ""):gmatch("[^,]+") do words[#words + 1] = word end
  return #words > 0 and words or nil
end

local dir = os.getenv "TLS_DIR"

local app = sio.server {
  tls = dir and { cert = dir .. "/cert.pem", key = dir .. "/key.pem" } or nil,
  trust_proxy = list "TRUST_PROXY",
  proxy_protocol = os.getenv "PROXY_PROTOCOL" == "1",
}

app:get("/origin", function(req)
  return { address = req.address, secure = req.secure, pid = sio.worker().pid }
end)

app:on("connection", function(socket)
  socket:on("origin", function()
    local h = socket.handshake
    return { address = h.address, secure = h.secure, pid = sio.worker().pid }
  end)
end)

app:listen(list "LISTEN")
