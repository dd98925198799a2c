-- SPDX-License-Identifier: MIT
-- The server of client/gate.test.mjs: everything that can be hooked into a request is.
local sio = require("sio")

local ids = 0

local app = sio.server({
  cors = { origin = "http://good.example", credentials = true },
  cookie = { name = "sticky" },
  initial_packet = '2["first"]',
  allow_request = function(req)
    local wait = tonumber(req.query.wait)
    if wait then sio.sleep(wait) end
    return req.query.token ~= "bad", "bad token"
  end,
  generate_id = function(req)
    ids = ids + 1
    if req.query.id == "none" then return nil, "no ids today" end
    return ("%s-%d-%d"):format(req.query.id or "s", sio.worker().id, ids)
  end,
})

local refused = {}
app.engine:on("connection_error", function(e)
  local name = e.context.name or e.context.message or e.message
  refused[name] = (refused[name] or 0) + 1
end)

app.engine:use(function(req, res)
  if req.query.slow then sio.sleep(tonumber(req.query.slow)) end
  res:set("X-Worker", sio.worker().id)
  req.user = req.query.id
end)
app.engine:on("headers", function(headers, req) headers["X-Method"] = req.method end)

app:get("/state", function()
  return { worker = sio.worker().id, clients = app.engine.clients_count, refused = refused }
end)

app:on("connection", function(socket)
  socket:on("echo", function(...) return ... end)
  socket:on("who", function() return socket.request.user end)
end)

app:listen(3000)
