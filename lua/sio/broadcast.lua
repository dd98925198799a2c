-- SPDX-License-Identifier: MIT
-- Who an emit is for, when it is for many: rooms, except, flags.
--
--     app:to("room"):except("muted"):emit("hi")
--
-- Stands on core.nsp_emit: one C call per emit, arguments are encoded there. The methods here are
-- those of namespaces and the server as well, which are a broadcast to everybody (namespace.lua).

local core = require "sio.core"
local operator = require "sio.operator"

local broadcast = {}

---@class sio.Broadcast
---@field broadcast sio.Broadcast
---@field volatile sio.Broadcast may be dropped for clients that cannot take it now
---@field here sio.Broadcast this worker's sockets only
local Broadcast = {}

local properties = {}
local broadcast_mt = operator.class("sio.Broadcast", Broadcast, properties)

local function new(nsp, rooms, except, flags, seconds)
  local fields = { _nsp = nsp, _rooms = rooms, _except = except, _flags = flags }
  if seconds then fields._seconds = seconds end -- most have none, and are smaller for it
  return setmetatable(fields, broadcast_mt)
end

-- A copy with one field changed. Fields that are not there are asked for with rawget, here and in
-- emit: else the class is searched for a method of that name.
local function with(self, name, value)
  local copy = new(self._nsp, rawget(self, "_rooms"), rawget(self, "_except"), self._flags,
    rawget(self, "_seconds"))
  copy[name] = value
  return copy
end

--- Adds rooms; whoever is in any of them is meant.
---@param rooms string|string[]
---@return sio.Broadcast
function Broadcast:to(rooms, ...)
  return with(self, "_rooms", operator.with_rooms(rawget(self, "_rooms"), "to", rooms, ...))
end

--- Leaves out whoever is in any of these rooms.
---@param rooms string|string[]
---@return sio.Broadcast
function Broadcast:except(rooms, ...)
  return with(self, "_except", operator.with_rooms(rawget(self, "_except"), "except", rooms, ...))
end

--- How long to wait for answers; else 5 seconds.
---@param seconds number
---@return sio.Broadcast
function Broadcast:timeout(seconds)
  operator.check_timeout(seconds)
  return with(self, "_seconds", seconds)
end

--- Whether the event may be compressed, where per_message_deflate and http_compression are on.
---@param yes boolean
---@return sio.Broadcast
function Broadcast:compress(yes)
  return with(self, "_flags", operator.compressed(self._flags, yes))
end

--- Sends an event. Raises for what cannot be encoded; nil and why when a limit is reached. A
--- function at the end is called with err and the list of the clients' answers, see emit_with_ack.
---@param event string
---@param ... any
---@return true?, string?
function Broadcast:emit(event, ...)
  local n = select("#", ...)
  if n > 0 and type((select(n, ...))) == "function" then
    return core.nsp_emit_callback(self._nsp, self._rooms, self._except, self._flags,
      self._seconds, event, ...)
  end
  return core.nsp_emit(self._nsp, rawget(self, "_rooms"), rawget(self, "_except"), self._flags,
    event, ...)
end

--- Sends an event and waits until every client has answered or left, on all workers: the list of
--- their answers, in the order in which they came. err, when some are missing: "timeout" (after
--- timeout(), else 5 seconds), "missing 1 of 4 workers"; the list has the others then.
---
---     local votes, err = app:to("jury"):timeout(10):emit_with_ack("vote?")
---
---@async
---@param event string
---@param ... any
---@return any[] answers, string? err
function Broadcast:emit_with_ack(event, ...)
  return core.nsp_emit_wait(self._nsp, self._rooms, self._except, self._flags, self._seconds,
    event, ...)
end

local function with_flag(flag)
  return function(self)
    return with(self, "_flags", self._flags | flag)
  end
end

properties.volatile = with_flag(core.VOLATILE)
properties.here = with_flag(core.HERE)
function properties.broadcast(self)
  return self
end

--- Everybody in a namespace: one object for each, for it is what all its broadcasts begin with.
---@param nsp sio.Namespace
---@return sio.Broadcast
function broadcast.all(nsp)
  local all = rawget(nsp, "_all")
  if not all then
    all = new(nsp, nil, nil, 0)
    rawset(nsp, "_all", all)
  end
  return all
end

--- Everybody in a namespace but one socket.
---@param socket sio.Socket
---@param flags? integer
---@param seconds? number how long to wait for answers
---@return sio.Broadcast
function broadcast.others(socket, flags, seconds)
  return new(socket.nsp, nil, { socket.id }, flags or 0, seconds)
end

broadcast.methods = Broadcast
broadcast.properties = properties

return broadcast
