-- SPDX-License-Identifier: MIT
-- One of several servers behind a balancer. SIO_NAME is its name, ORIGIN the pages of which other
-- origin may use it.

local sio = require "sio"

local name = os.getenv "SIO_NAME" or "one"
local origin = os.getenv "ORIGIN"

local app = sio.server {
  trust_proxy = { "loopback", "private" }, -- whose X-Forwarded-For is believed
  proxy_protocol = os.getenv "PROXY_PROTOCOL" == "1",
  connection_state_recovery = true, -- within one server, whichever worker dies
  cookie = true, -- "io", which HAProxy uses
  keep_alive_timeout = tonumber(os.getenv "KEEP_ALIVE"), -- longer than the balancer's; 5
  cors = origin and { origin = origin, credentials = true },
}

app:static("/", "public")

-- `touch off-one`: the balancer sends nobody new to "one", until the file is gone again.
app:health("/health", function()
  local file = io.open("off-" .. name)
  if not file then return true end
  file:close()
  return nil, "taken out"
end)

app:on("connection", function(socket)
  local handshake = socket.handshake
  socket:emit("welcome", {
    name = name, worker = sio.worker().id, address = handshake.address, secure = handshake.secure,
    recovered = socket.recovered,
  })
  socket:on("say", function(text)
    if type(text) ~= "string" then return end
    app:emit("said", name, text)
    return #text
  end)
end)

app:listen(3001)
