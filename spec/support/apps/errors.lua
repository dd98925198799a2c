-- SPDX-License-Identifier: MIT
-- Handlers that fail, are slow, or leave: what is logged of them, and who notices.

local sio = require "sio"

local app = sio.server { slow_handler = 0.1 }
local chat = app:of "/chat"

local function say(text) io.stderr:write("said ", text, "\n") end

local function busy(text)
  local last = os.clock() + 0.4
  while os.clock() < last do end
  say(text)
end

app:on_error(function(message, context)
  say(("hook what=%s event=%s sid=%s nsp=%s: %s"):format(context.what, context.event, context.sid,
    context.nsp, message:match "^[^\n]*"))
end)

chat:use(function(socket)
  if socket.handshake.auth.slow then busy "end of middleware" end
  if socket.handshake.auth.fail then error "in a middleware" end
end)

chat:on("connection", function(socket)
  socket:on("echo", function(value) return value end)
  socket:on("fail", function() error "in a handler" end)
  socket:on("fail later", function()
    sio.sleep(0.01)
    error "behind a wait"
  end)
  socket:on("ask and fail", function()
    socket:emit("q", function() error "in an answer" end)
  end)
  socket:on("slow", function() busy "end of event" end)
  socket:on("whoami", function() return sio.worker().pid end)
  socket:on("exit", function(code, close) os.exit(code, close == true) end)
end)

app:get("/fail", function() error "in a request" end)
app:get("/slow", function()
  busy "end of request"
  return "slow"
end)

app:listen()
