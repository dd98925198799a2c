-- SPDX-License-Identifier: MIT
-- A server with a parser of its own: a packet is one text, with the number of its binaries, and a
-- message for each of these. It misbehaves when a packet asks for that.
local sio = require("sio")

local app
local encoded = 0

-- A copy of the value in which each binary has become { ["$"] = its number }.
local function lift(value, bytes)
  if sio.is_binary(value) then
    bytes[#bytes + 1] = value
    return { ["$"] = #bytes }
  elseif type(value) ~= "table" then
    return value
  end
  local copy = setmetatable({}, getmetatable(value))
  for key, item in pairs(value) do copy[key] = lift(item, bytes) end
  return copy
end

local function put_back(value, bytes)
  if type(value) ~= "table" then return value end
  if value["$"] then return bytes[value["$"]] end
  for key, item in pairs(value) do value[key] = put_back(item, bytes) end
  return value
end

local mischief = {
  raise = function() error("raised on purpose") end,
  wait = function() sio.sleep(1) end,
  meddle = function() app:emit("meddled") end,
  number = function() return 5 end,
  refuse = function() return nil, "refused on purpose" end,
  ["no type"] = function(packet) packet.type = nil return packet end,
  ["no nsp"] = function(packet) packet.nsp = 7 return packet end,
  ["bad id"] = function(packet) packet.id = -1 return packet end,
  ["bad data"] = function(packet) packet.data = {} return packet end,
  reserved = function(packet) packet.data[1] = "disconnect" return packet end,
  unsayable = function(packet) packet.data[2] = print return packet end,
  ["bad text"] = function() return "\xff" end,
  ["bad list"] = function() return {} end,
  ["too many"] = function()
    local list = {}
    for i = 1, 70 do list[i] = "x" end
    return list
  end,
}

local function encode(packet)
  encoded = encoded + 1
  local trick = packet.type == 2 and packet.data[1] == "trick" and mischief[packet.data[2]]
  if trick then return trick(packet) end
  local bytes = {}
  local head = lift(packet, bytes)
  head.n = #bytes
  return { sio.json.encode(head), table.unpack(bytes) }
end

local function decoder()
  local packet, bytes
  return function(message)
    if sio.is_binary(message) then
      if not packet then return nil, "bytes without a packet" end
      bytes[#bytes + 1] = message
    else
      local why
      packet, why = sio.json.decode(message)
      if not packet then return nil, why end
      bytes = {}
    end
    if #bytes < packet.n then return nil end
    local whole = put_back(packet, bytes)
    packet = nil
    local trick = whole.type == 2 and whole.data[1] == "trick" and mischief[whole.data[2]]
    if trick then return trick(whole) end
    return whole
  end
end

app = sio.server({ parser = { encode = encode, decoder = decoder } })

app:on("connection", function(socket)
  socket:on("echo", function(...) socket:emit("echo", ...) end)
  socket:on("ack", function(...) return ... end)
  socket:on("say", function(what)
    local ok, err = socket:emit("trick", what)
    return ok or sio.null, err
  end)
  socket:on("say to all", function(what)
    local ok, err = app:emit("trick", what)
    return ok or sio.null, err
  end)
  socket:on("news", function(news)
    local before = encoded
    app:emit("news", news)
    return encoded - before
  end)
  socket:on("error", function(message) app:to("watchers"):emit("told", message) end)
  socket:on("disconnect", function(reason) app:to("watchers"):emit("left", reason) end)
  socket:on("handles", function() return select(2, require("sio.core").handle_count()) end)
  socket:on("watch", function() socket:join("watchers") return true end)
end)

app:listen(3000)
