-- SPDX-License-Identifier: MIT
-- Engine.IO alone, for the tests that follow the official server's: ENGINE has the options as JSON,
-- with true for those that are functions. What a session's query says is done when it opens, and a
-- message may be a command; all others are echoed. One that came with watch=1 is told what happens
-- to the others: [name, event, ...].
local sio = require("sio")

local options = sio.json.decode(os.getenv "ENGINE" or "{}")
if options.allow_request then
  options.allow_request = function(req)
    sio.sleep(0.001)
    return not req.query.refuse, req.query.refuse
  end
end
if options.generate_id then
  options.generate_id = function(req)
    sio.sleep(0.001)
    return req.query.id, "nope"
  end
end

-- Watchers and watched at one worker, however many there are.
options.balance = options.balance or "ip-hash"
local eio = sio.engine(options)
local watchers = {}

local function tell(name, ...)
  for each in pairs(watchers) do each:send(sio.json.encode { name or sio.null, ... }) end
end

local commands = {
  count = function(session) session:send(tostring(eio.clients_count)) end,
  close = function(session) session:close() end,
  stop = function() eio:close() end,
  transport = function(session) session:send(session.transport) end,
  who = function(session) session:send(sio.json.encode(session.handshake)) end,
}

-- What the query asks for, in this order.
local function greet(session, query)
  for text in (query.greet or ""):gmatch "[^,]+" do session:send(text) end
  if query.bytes then
    local bytes = {}
    for i = 0, query.bytes - 1 do bytes[#bytes + 1] = string.char(i % 255) end
    session:send(sio.binary(table.concat(bytes)))
  end
  if query.size then session:send(("x"):rep(tonumber(query.size))) end
  if query.close then session:close() end
  if query.stop then eio:close() end
  for i = 1, tonumber(query.numbers or 0) do
    session:send(tostring(i))
    sio.sleep(0.002)
  end
end

eio:on("connection", function(session)
  local query = session.handshake.query
  session:on("message", function(data)
    if query.name then tell(query.name, "message", data) end
    if commands[data] then commands[data](session) else session:send(data) end
  end)
  session:on("upgrade", function() tell(query.name, "upgrade", session.transport) end)
  session:on("close", function(reason, detail)
    watchers[session] = nil
    tell(query.name, "close", reason, detail)
  end)
  if query.watch then watchers[session] = true end
  tell(query.name, "connection", session.transport)
  greet(session, query)
end)

eio:on("connection_error", function(e)
  tell(e.req.query.name, "connection_error", e.code, e.message, e.context)
end)
eio:on("initial_headers", function(headers, req)
  if req.query.initial then headers["X-Initial"], headers["Set-Cookie"] = "1", { "mine=456" } end
  tell(req.query.name, "initial_headers", req.method)
end)
eio:on("headers", function(headers, req)
  if req.query.each then headers["X-Each"], headers["Set-Cookie"] = "1", { "mine=456" } end
  tell(req.query.name, "headers", req.method)
end)

eio:listen(3000)
