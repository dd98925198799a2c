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

local function new(nsp, rooms, except, flags)
  local fields = { _nsp = nsp, _rooms = rooms, _except = except, _flags = flags }
  return setmetatable(fields, broadcast_mt)
end

--- Adds rooms; whoever is in any of them is meant.
---@param rooms string|string[]
---@return sio.Broadcast
function Broadcast:to(rooms)
  return new(self._nsp, operator.with_rooms(self._rooms, rooms, "to"), self._except, self._flags)
end

--- Leaves out whoever is in any of these rooms.
---@param rooms string|string[]
---@return sio.Broadcast
function Broadcast:except(rooms)
  local except = operator.with_rooms(self._except, rooms, "except")
  return new(self._nsp, self._rooms, except, self._flags)
end

--- Whether the event may be compressed, where per_message_deflate and http_compression are on.
---@param yes boolean
---@return sio.Broadcast
function Broadcast:compress(yes)
  return new(self._nsp, self._rooms, self._except, operator.compressed(self._flags, yes))
end

--- Sends an event. Raises for what cannot be encoded; nil and why when a limit is reached.
---@param event string
---@param ... any
---@return true?, string?
function Broadcast:emit(event, ...)
  return core.nsp_emit(self._nsp, self._rooms, self._except, self._flags, event, ...)
end

local function with_flag(flag)
  return function(self)
    return new(self._nsp, self._rooms, self._except, self._flags | flag)
  end
end

properties.volatile = with_flag(core.VOLATILE)
properties.here = with_flag(core.HERE)
function properties.broadcast(self)
  return self
end

--- Everybody in a namespace.
---@param nsp sio.Namespace
---@param flags? integer
---@return sio.Broadcast
function broadcast.all(nsp, flags)
  return new(nsp, nil, nil, flags or 0)
end

--- Everybody in a namespace but one socket.
---@param socket sio.Socket
---@param flags? integer
---@return sio.Broadcast
function broadcast.others(socket, flags)
  return new(socket.nsp, nil, { socket.id }, flags or 0)
end

broadcast.methods = Broadcast
broadcast.properties = properties

return broadcast
