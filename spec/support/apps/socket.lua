-- SPDX-License-Identifier: MIT
-- One client and the server: what socket.test.mjs and reasons.test.mjs look at. OPTIONS (JSON) are
-- options of the server. Clients with a name in their auth leave lines under it: GET /lines?name=.
local sio = require "sio"

local app = sio.server(sio.json.decode(os.getenv "OPTIONS" or "{}"))

local lines = {}

local function note(socket, ...)
  local name = socket.handshake and socket.handshake.auth.name or socket.name
  if not name then return end
  lines[name] = lines[name] or sio.array {}
  table.insert(lines[name], { ... })
end

app:get("/lines", function(req) return lines[req.query.name] or sio.array {} end)

-- What is heard is said back, and noted; an acknowledgement is left alone.
local function hear(socket)
  socket:on_any(function(event, ...)
    local n = select("#", ...)
    if n > 0 and type((select(n, ...))) == "function" then return end
    note(socket, event, ...)
    socket:emit("heard", event, ...)
  end)
end

local function ask(socket)
  socket:on("ask back", function(...)
    local arguments = table.pack(...)
    arguments[arguments.n + 1] = function(...) socket:emit("answered", select("#", ...), ...) end
    socket:emit("hi", table.unpack(arguments, 1, arguments.n + 1))
  end)
  socket:on("send please", function(who)
    if who == "socket" then return socket:send("a", 1) end
    return (who == "server" and app or socket.nsp):send("a", 1)
  end)
  socket:on("packed", function(text, yes) socket:compress(yes):emit("packed", text) end)
  socket:on("big", function(value) socket:emit("big", value) end)
end

-- In a namespace that says nothing else.
local function volatile(socket)
  local all = socket.nsp
  local function say(what) return function(...) what(...) socket:emit "end" end end
  socket:on("regular first", say(function(round)
    socket:emit("ev", round, "regular")
    socket.volatile:emit("ev", round, "volatile")
    socket:emit("ev", round, "regular again")
  end))
  socket:on("two volatile", say(function(round, from)
    local operator = from == "server" and all.volatile or socket.volatile
    operator:emit("ev", round, "first")
    operator:emit("ev", round, "second")
  end))
  socket:on("two volatile with bytes", say(function(round, from)
    local operator = from == "server" and all.volatile or socket.volatile
    operator:emit("ev", round, "first", sio.binary "\1\2\3")
    operator:emit("ev", round, "second", sio.binary "\4\5\6")
  end))
end

local function facts(socket)
  socket:on("facts", function()
    local h = socket.handshake
    return {
      url = h.url, query = h.query, auth = h.auth, headers = h.headers, address = h.address,
      xdomain = h.xdomain, secure = h.secure, issued = h.issued, time = h.time,
      transport = socket.conn.transport, conn = socket.conn.id, id = socket.id, pid = socket.pid,
      nsp = socket.nsp.name, rooms = socket.rooms, connected = socket.connected,
      disconnected = socket.disconnected, recovered = socket.recovered,
    }
  end)
  socket:on("reserved", function(names)
    local messages = sio.array {}
    for i, name in ipairs(names) do
      messages[i] = select(2, pcall(socket.emit, socket, name))
    end
    return messages
  end)
  socket:on("kick", function(close) socket:disconnect(close) end)
end

for _, name in ipairs { "/", "/foo", "/bar", "/chat" } do
  app:of(name):on("connection", function(socket)
    socket.name = socket.handshake.auth.name
    note(socket, "connection")
    for _, act in ipairs { hear, ask, facts } do act(socket) end
  end)
  for _, event in ipairs { "error", "disconnecting", "disconnect" } do
    app:of(name):on_event(event, function(socket, ...)
      note(socket, event, ...)
      if event == "disconnect" then print(event, socket.name, ...) end
    end)
  end
end

app:of("/volatile"):on("connection", volatile)

app:listen(3000)
