-- SPDX-License-Identifier: MIT
-- An emit to one socket, with flags and a timeout.
--
--     socket.volatile:emit("cursor", 1, 2)
--     socket:timeout(5):emit_with_ack("ready?")
--
-- Stands on core.socket_emit_flagged and socket_emit_wait; socket.lua makes them.

local broadcast = require "sio.broadcast"
local core = require "sio.core"
local operator = require "sio.operator"

local single = {}

---@class sio.Single
---@field broadcast sio.Broadcast everybody but this socket
---@field volatile sio.Single
---@field here sio.Broadcast
local Single = {}

local properties = {}
local single_mt = operator.class("sio.Single", Single, properties)

local function new(socket, flags, seconds)
  return setmetatable({ _socket = socket, _flags = flags, _seconds = seconds }, single_mt)
end

--- Sends an event to the socket. A function at the end is called with the answer; after timeout()
--- its first argument is an error ("timeout", "disconnected") or nil.
---@param event string
---@param ... any
---@return true?, string?
function Single:emit(event, ...)
  return core.socket_emit_flagged(self._socket, self._flags, self._seconds, event, ...)
end

--- Sends an event and waits for the answer.
---@async
---@param event string
---@param ... any
---@return any answer, string? err "timeout" or "disconnected"
function Single:emit_with_ack(event, ...)
  local flags = self._flags & core.PLAIN -- an answer is wanted, so it is not volatile
  return core.socket_emit_wait(self._socket, flags, self._seconds or 0, event, ...)
end

--- How long to wait for an answer.
---@param seconds number
---@return sio.Single
function Single:timeout(seconds)
  operator.check_timeout(seconds)
  return new(self._socket, self._flags, seconds)
end

--- Whether the event may be compressed, where per_message_deflate and http_compression are on.
---@param yes boolean
---@return sio.Single
function Single:compress(yes)
  return new(self._socket, operator.compressed(self._flags, yes), self._seconds)
end

--- Everybody else in these rooms.
---@param rooms string|string[]
---@return sio.Broadcast
function Single:to(rooms, ...)
  return broadcast.others(self._socket, self._flags, self._seconds):to(rooms, ...)
end

--- Everybody else who is not in these rooms.
---@param rooms string|string[]
---@return sio.Broadcast
function Single:except(rooms, ...)
  return broadcast.others(self._socket, self._flags, self._seconds):except(rooms, ...)
end

function properties.volatile(self)
  return new(self._socket, self._flags | core.VOLATILE, self._seconds)
end

function properties.broadcast(self)
  return broadcast.others(self._socket, self._flags, self._seconds)
end

function properties.here(self)
  return broadcast.others(self._socket, self._flags | core.HERE, self._seconds)
end

--- One socket, with flags.
---@param socket sio.Socket
---@param flags? integer
---@return sio.Single
function single.of(socket, flags)
  return new(socket, flags or 0)
end

single.methods = Single

return single
