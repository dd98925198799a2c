-- SPDX-License-Identifier: MIT
-- A server that says in which order its end comes: what handlers and hooks do goes to stderr.
local sio = require("sio")

local app = sio.server({ connection_state_recovery = {}, drain = tonumber(os.getenv("DRAIN")) })

local function say(text) io.stderr:write(text, "\n") end

app:on("connection", function(socket)
  socket:on("work", function()
    sio.sleep(0.3)
    say("worked")
  end)
  socket:on("whoami", function() return sio.worker().pid end)
  socket:on("disconnect", function(reason) say("left: " .. reason) end)
end)

app:get("/slow", function()
  say("asked")
  sio.sleep(0.3)
  say("answered")
  return "at last"
end)
app:get("/endless", function()
  return function(write)
    while write("more\n") do sio.sleep(0.05) end
    say("cut")
  end
end)
app:on_stop(function(reason)
  say("hook: " .. reason .. ", " .. app.engine.clients_count .. " clients")
end)

app:listen(3000)
