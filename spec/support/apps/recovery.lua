-- SPDX-License-Identifier: MIT
-- A server with connection state recovery, for the tests that cut clients off or kill their worker.
local sio = require("sio")

local dir = os.getenv("TLS_DIR")
local tls = dir and { cert = dir .. "/cert.pem", key = dir .. "/key.pem" } or nil

-- With MIDDLEWARES=1 recovered sockets pass them again, with RECOVERY=0 there are none. MISSED is
-- how many packets a client may miss, PING the interval of heartbeats.
local again = os.getenv("MIDDLEWARES") == "1"
local recovery = os.getenv("RECOVERY") ~= "0" and {
  skip_middlewares = not again, max_missed_packets = tonumber(os.getenv("MISSED")),
}
local app = sio.server({
  connection_state_recovery = recovery, tls = tls, parser = os.getenv("PARSER"),
  ping_interval = tonumber(os.getenv("PING")),
})

local passed, refusing, jobs = 0, false, {}

app:use(function()
  passed = passed + 1
  if refusing then return nil, "not now" end
end)

local function on_connection(socket)
  socket:on("state", function()
    return { recovered = socket.recovered, rooms = socket.rooms, data = socket.data,
      passed = passed }
  end)
  socket:on("refuse", function(yes) refusing = yes return true end)
  socket:on("volatile", function(value) app.volatile:emit("v", value) return true end)
  socket:on("tell", function(event, value) socket:emit(event, value) return true end)
  -- Work that outlives a connection: its outcome is sent when another client says so.
  socket:on("start job", function(name) jobs[name] = socket return true end)
  socket:on("end job", function(name, value) return jobs[name]:emit("done", value) end)
  socket:on("whoami", function()
    return { pid = sio.worker().pid, id = sio.worker().id, now = os.time() }
  end)
  socket:on("remember", function(value) socket.data.value = value return true end)
  socket:on("recall", function() return socket.data.value end)
  socket:on("join", function(room) socket:join(room) return true end)
  socket:on("leave", function(room) socket:leave(room) return true end)
  socket:on("publish", function(first, last)
    for n = first, last do app:emit("n", n) end
    return true
  end)
  -- Said again when its answer was lost, so the number is kept where all workers see it.
  socket:on("publish once", function(n)
    if n > (socket.data.said or 0) then
      socket.data.said = n
      app:emit("n", n)
    end
    return true
  end)
  socket:on("publish large", function(first, last, bytes)
    for n = first, last do app:emit("n", n, ("x"):rep(bytes)) end
    return true
  end)
  socket:on("try large", function(bytes)
    local _, err = pcall(app.emit, app, "n", 0, ("x"):rep(bytes))
    return tostring(err)
  end)
  socket:on("publish to", function(room, first, last)
    for n = first, last do app:to(room):emit("n", n) end
    return true
  end)
  socket:on("publish bytes", function(data) app:emit("bytes", data) return true end)
end

app:on("connection", on_connection)
app:of("/other"):on("connection", on_connection)

app:listen(3000)
