-- SPDX-License-Identifier: MIT
-- Two servers in one process. Each tells its name; the admin's closes the public one, or opens
-- another at its place.
local sio = require("sio")

local public, admin = sio.server({ connection_state_recovery = true }), sio.server()

local function serve(app, name)
  app:get("/name", function() return name end)
  app:on("connection", function(socket)
    socket:join("everybody")
    socket:on("name", function() return name, sio.worker().pid end)
    socket:on("ask all", function()
      local answers, err = app:timeout(5):emit_with_ack("question")
      return { answers = sio.array(answers), err = err, count = app:count() }
    end)
    socket:on("close here", function() app:close() end)
    socket:on("tell all", function(news) app:to("everybody"):emit("news", name, news) end)
  end)
end

serve(public, "public")
serve(admin, "admin")

local port
public:get("/port", function(req)
  port = tonumber(req.headers.host:match(":(%d+)$"))
  return port
end)
admin:get("/close", function()
  public:close(function()
    admin:emit("closed")
    public:close(function() admin:emit("closed again") end)
  end)
  return "closing"
end)
admin:get("/reopen", function()
  public = sio.server()
  serve(public, "reopened")
  public:listen({ host = "127.0.0.1", port = port })
  return "listening"
end)
admin:get("/close me", function()
  admin:close()
  return "bye"
end)

sio.listen({ public, "127.0.0.1:0" }, { admin, "127.0.0.1:0" })
