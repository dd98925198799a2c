-- SPDX-License-Identifier: MIT
-- Namespaces that are there, that are made by a pattern or a function, and their middlewares.
local core = require("sio.core")
local sio = require("sio")

local app = sio.server({
  connect_timeout = tonumber(os.getenv("CONNECT_TIMEOUT") or 45),
  cleanup_empty_child_namespaces = os.getenv("KEEP_CHILDREN") == nil,
  connection_state_recovery = os.getenv("RECOVERY") ~= nil,
})

-- What happened, for tests to look at; one list per worker.
local seen = {}
local function note(...) seen[#seen + 1] = table.concat({ ... }, " ") end

app:get("/seen", function()
  local list = seen
  seen = {}
  return sio.array(list)
end)

-- What of this worker holds namespaces.
app:get("/held", function()
  collectgarbage()
  collectgarbage()
  local n = 0
  for _ in pairs(app._children) do n = n + 1 end
  local file <close> = io.open("/proc/self/status")
  local resident = file and tonumber(file:read("a"):match("RssAnon:%s+(%d+)")) or 0
  return {
    children = n, handles = (core.handle_count()), memory = collectgarbage("count"),
    resident = resident, -- KiB
  }
end)

app:on("new_namespace", function(nsp) note("new", nsp.name) end)

local games -- the parent by pattern

local function told(socket, what) note(what, socket.nsp.name) end

local function talk(socket)
  socket:on("to all games", function(values)
    games:emit("news", table.unpack(values))
    return true
  end)
  socket:on("where", function() return socket.nsp.name, socket.nsp.captures or sio.null end)
  socket:on("whoami", function() return { pid = sio.worker().pid } end)
  socket:on("join", function(room) socket:join(room) return true end)
  socket:on("emit", function(name, ev, value) app:of(name):emit(ev, value) return true end)
  socket:on("emit except", function(name, room, ev)
    app:of(name):except(room):emit(ev)
    return true
  end)
  socket:on("emit loud", function(name, value) app:of(name):emit("ev", value) end)
  socket:on("emit plain", function(name, value) app:of(name):compress(false):emit("ev", value) end)
  socket:on("emit volatile", function(name, firmly)
    sio.sleep(0.01) -- nothing is on its way to the client by then
    if firmly then app:of(name):emit("ev", "firm") end
    app:of(name).volatile:emit("ev", "volatile")
    app:of(name):emit("ev", "last")
  end)
  socket:on("close", function() socket:disconnect(true) end)
  socket:on("disconnecting", function(reason)
    note("disconnecting", socket.nsp.name, reason, #socket.rooms)
  end)
  socket:on("disconnect", function(reason)
    note("disconnect", socket.nsp.name, reason, #socket.rooms)
  end)
  socket:on("local names", function(name, room)
    local list = sio.array({})
    for id, member in pairs(app:of(name).sockets) do
      local inside = type(room) ~= "string"
      for _, each in ipairs(member.rooms) do inside = inside or each == room end
      if inside then list[#list + 1] = id end
    end
    return list
  end)
end

app:of("/", talk)
for _, name in ipairs({ "/chat", "/news" }) do app:of(name):on("connection", talk) end
app:of("chat"):on("connect", function(socket) told(socket, "connect") end)
app:of("chat"):on("connection", function(socket) told(socket, "connection") end)
for _ = 1, 2 do app:of("/both"):on("connection", function(socket) told(socket, "both") end) end
app:of("/nämlich ☃", talk)

-- ---- parents ----------------------------------------------------------------------------------

games = app:of("^/game%-(%d+)$")
games:on("connection", function(socket)
  talk(socket)
  note("connection", socket.nsp.name)
  socket:on("to room of games", function(room, news)
    games:to(room):emit("news", news)
    return true
  end)
  socket:on("ask all games", function(question)
    local answers, err = games:timeout(5):emit_with_ack("question", question)
    return { answers = answers, err = err }
  end)
  socket:on("find all games", function(room)
    local found, err = games:to(room):fetch_sockets()
    local list = sio.array({})
    for i, each in ipairs(found) do
      list[i] = each.id
      each:emit("news", "found")
    end
    return { list = list, err = err, n = games:count(), rooms = games:rooms() }
  end)
  socket:on("keep", function(value) socket.nsp.value = value return true end)
  socket:on("kept", function() return socket.nsp.value or sio.null end)
  socket:on("later", function()
    local nsp = socket.nsp
    socket:disconnect()
    sio.sleep(0.02) -- by then it is gone
    nsp:emit("news", "nobody hears it")
    note("later", nsp.name, tostring(next(nsp.sockets)))
  end)
end)
games:use(function(socket)
  local auth = socket.handshake.auth
  if auth.wait then sio.sleep(auth.wait) end
  if auth.refuse then
    return nil, { message = "You shall not pass", data = { why = auth.refuse } }
  end
end)

local waiting = {}
app:of(function(name, auth)
  if auth.fail then error("this function fails on purpose") end
  if name == "/gate" then -- opens when two are there
    waiting[#waiting + 1] = name
    while #waiting < 2 do sio.sleep(0.005) end
    return true
  end
  if auth.wait then sio.sleep(auth.wait) end
  return name == "/by-function" and auth.key == "open"
end):on("connection", function(socket)
  talk(socket)
  note("function", socket.nsp.name)
end)

app:listen(3000)
