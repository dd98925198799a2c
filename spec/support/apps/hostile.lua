-- SPDX-License-Identifier: MIT
-- The server that spec/hostile attacks. A client that said { watch = true } is told what the
-- others' handlers saw: "told" with the other's name, what happened, and its arguments.
-- HOSTILE holds options for the server, as JSON.
local sio = require("sio")

local app = sio.server(sio.json.decode(os.getenv("HOSTILE") or "{}"))

-- Both count what they got: a smuggled request would be answered too.
app:get("/", function(req) return "GET " .. #req.body end)
app:post("/", function(req) return "POST " .. #req.body end)
app:get("/sessions", function() return { count = app.engine.clients_count } end)

app:on("connection", function(socket)
  local auth = socket.handshake.auth
  local function tell(...) app:to("watchers"):emit("told", auth.name or sio.null, ...) end

  if auth.watch then socket:join("watchers") end
  socket:on("echo", function(...)
    if auth.name then
      tell("heard", ...)
      socket:emit("echo", ...)
    end
    return ...
  end)
  socket:on("mark", function(what) tell("mark", what) end)
  socket:on("take", function() end)
  socket:on("join", function(rooms) socket:join(rooms) end)
  socket:on("disconnect", function(reason, detail) tell("left", reason, detail or sio.null) end)
end)

app:listen(3000)
