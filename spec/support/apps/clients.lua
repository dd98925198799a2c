-- SPDX-License-Identifier: MIT
-- The server of the tests with official clients: every event does one thing a client can check.
local sio = require("sio")

local dir = os.getenv("TLS_DIR")
local tls = dir and { cert = dir .. "/cert.pem", key = dir .. "/key.pem" } or nil

local json = { encode = sio.json.encode, decode = sio.json.decode } -- as socket.io-json-parser
local parser = os.getenv("PARSER")
if parser == "json" then parser = json end

local app = sio.server({ connect_timeout = 2, tls = tls, parser = parser })

app:get("/whoami", function()
  return { pid = sio.worker().pid, id = sio.worker().id }
end)

local function origin(of)
  return { secure = of.secure, loopback = of.address == "127.0.0.1" or of.address == "::1" }
end

app:get("/origin", origin)

app:post("/echo", function(req)
  return req.body
end)

app:use(function(socket)
  local token = socket.handshake.auth.token
  if token == "expired" then return nil, { message = "unauthorized", data = { code = 401 } } end
  if token == "short" then return nil, "no entry" end
  if token == "broken" then error("this middleware is broken on purpose") end
  if token == "slow" then sio.sleep(0.02) end
end)

local function talk(socket)
  socket:on("echo", function(...) socket:emit("echo", ...) end)
  socket:on("ack", function(...) return ... end)
  socket:on("ack later", function(value, ack)
    sio.after(0.01, function() ack(value, "later") end)
  end)
  socket:on("no ack", function() end)
  socket:on("ask", function(question, seconds)
    local answer, err = socket:timeout(seconds):emit_with_ack("question", question)
    return answer, err
  end)
  socket:on("whoami", function() return { pid = sio.worker().pid, id = sio.worker().id } end)
  socket:on("origin", function() return origin(socket.handshake) end)
  socket:on("error please", function() error("this handler is broken on purpose") end)
  socket:on("kick", function(close) socket:disconnect(close) end)
  socket:on("bytes", function(data) return #data, data:sub(1, 2) end)
end

local function overhear(socket)
  local overheard = sio.array {}
  local function listener(...) table.insert(overheard, { ... }) end
  socket:on("overhear", function() socket:on_any_outgoing(listener) return true end)
  socket:on("overheard", function()
    socket:off_any_outgoing(listener)
    return overheard
  end)
end

local function rooms(socket)
  socket:on("join", function(room) socket:join(room) return true end)
  socket:on("leave", function(room) socket:leave(room) return true end)
  socket:on("to all", function(news) app:emit("news", news) return true end)
  socket:on("to others", function(news) socket.broadcast:emit("news", news) return true end)
  socket:on("to room", function(room, news) app:to(room):emit("news", news) return true end)
  socket:on("to others in room", function(room, news)
    socket:to(room):emit("news", news)
    return true
  end)
  socket:on("to all except", function(room, news)
    app:except(room):emit("news", news)
    return true
  end)
end

app:on("connection", function(socket)
  talk(socket)
  rooms(socket)
  overhear(socket)
  socket:on("disconnect", function(reason)
    app:to("watchers"):emit("left", socket.handshake.auth.name or sio.null, reason)
  end)
end)

for _, name in ipairs({ "/chat", "/game" }) do
  app:of(name):on("connection", function(socket)
    socket:on("where", function() return socket.nsp.name end)
    socket:on("to all", function(news) socket.nsp:emit("news", news) return true end)
  end)
end

app:listen(3000)
