-- SPDX-License-Identifier: MIT
-- Middlewares of namespaces: each does what the client's auth asks for, and notes that it ran.
local sio = require("sio")

local app = sio.server({ connect_timeout = tonumber(os.getenv("CONNECT_TIMEOUT") or 45) })

local seen = {}
local function note(...) seen[#seen + 1] = table.concat({ ... }, " ") end

app:get("/seen", function()
  local list = seen
  seen = {}
  return sio.array(list)
end)

local running = 0 -- coroutines that are in a middleware
local releases = 0

app:get("/release", function()
  releases = releases + 1
  return {}
end)

app:get("/running", function() return { running = running } end)

local function first(socket)
  local auth = socket.handshake.auth
  running = running + 1
  note("first", tostring(socket.connected))
  socket.ran = "first"
  if auth.wait then sio.sleep(auth.wait) end
  if auth.hold then
    local mine = releases
    while releases == mine do sio.sleep(0.002) end
  end
  running = running - 1
  if auth.say then socket:emit("early", auth.say) end
  if auth.join then socket:join(auth.join) end
  if auth.kick then socket:disconnect() end
  if auth.error then error("this middleware fails on purpose") end
  if auth.refuse then return nil, auth.refuse end
  if auth.refuse_badly then return nil, { message = "no", data = print } end
  if auth.add then app:use(function() note("added later") end) end
end

local function second(socket)
  note("second", socket.ran)
  if socket.handshake.auth.wait then sio.sleep(0.01) end
  return true
end

app:use(first):use(second)
app:on("connection", function(socket)
  note("connection", socket.ran, tostring(socket.connected))
  socket:on("count", function()
    local n = 0
    for _ in pairs(app.sockets) do n = n + 1 end
    return n, socket.rooms
  end)
  socket:on("to room", function(room, text) app:to(room):emit("news", text) return true end)
end)

-- In order, each waiting; those of "/" do not count here.
local chat = app:of("/chat")
for i = 1, 3 do
  chat:use(function()
    note("chat", i)
    sio.sleep(0.01)
  end)
end
chat:on("connection", function() note("in chat") end)

app:listen(3000)
