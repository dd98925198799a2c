-- SPDX-License-Identifier: MIT
-- The server of the tests that ask all workers: a client says what is asked about whom, and gets
-- what the handler got.
local sio = require("sio")

local app = sio.server()

-- whom: { to = rooms, except = rooms, here = true, timeout = seconds }
local function meant(whom)
  local all = whom.here and app.here or app:except({})
  if whom.to then all = all:to(whom.to) end
  if whom.except then all = all:except(whom.except) end
  if whom.timeout then all = all:timeout(whom.timeout) end
  return all
end

local function answer(value, err)
  return { value = value, err = err }
end

app:on("connection", function(socket)
  socket:on("whoami", function() return { pid = sio.worker().pid, id = sio.worker().id } end)
  socket:on("join", function(rooms) return socket:join(rooms) end)
  socket:on("count", function(whom) return answer(meant(whom):count()) end)
  socket:on("rooms", function(whom) return answer(meant(whom):rooms()) end)
end)

app:listen(3000)
