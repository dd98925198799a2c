-- SPDX-License-Identifier: MIT
-- Who an emit is for: immutable values that each method copies.
--
--     app:to("room"):except("muted"):emit("hi")      a Broadcast: rooms, except, flags
--     socket.volatile:emit("cursor", 1, 2)           a Single: one socket, flags, timeout
--
-- Stands on core.nsp_emit and core.socket_emit_flagged: one C call per emit, arguments are encoded
-- there. Sockets, namespaces and the server make them. broadcast, volatile and here are properties;
-- calling one (`socket:broadcast()`) gives it too.

local core = require "sio.core"
local errors = require "sio.error"

local operator = {}

---@class sio.Broadcast
---@field broadcast sio.Broadcast
---@field volatile sio.Broadcast may be dropped for clients that cannot take it now
---@field here sio.Broadcast this worker's sockets only
local Broadcast = {}

---@class sio.Single
---@field broadcast sio.Broadcast everybody but this socket
---@field volatile sio.Single
---@field here sio.Broadcast
local Single = {}

local function returns_self(self)
  return self
end

-- Looks a name up among methods, then calls a property's function.
local function index(methods, properties)
  return function(self, name)
    local method = methods[name]
    if method then return method end
    local property = properties[name]
    return property and property(self)
  end
end

local function room_name(room, method)
  if math.type(room) == "integer" then room = tostring(room) end
  if type(room) == "string" then return room end
  errors.raise("bad argument #1 to '%s' (room name or a list of them expected, got %s)", method,
    type(room))
end

-- Names and the rooms behind them as a new list.
local function with_rooms(names, rooms, method)
  local list = names and table.move(names, 1, #names, 1, {}) or {}
  if type(rooms) ~= "table" then
    list[#list + 1] = room_name(rooms, method)
    return list
  end
  for _, room in ipairs(rooms) do list[#list + 1] = room_name(room, method) end
  -- To no room at all would be to everybody; to leave nobody out is what it says.
  if #rooms == 0 and (method == "to" or next(rooms) ~= nil) then
    errors.raise("bad argument #1 to '%s' (room name or a list of them expected, got %s)", method,
      next(rooms) == nil and "an empty list" or "a table that is no list")
  end
  return list
end

-- The flags for compress(yes).
local function compressed(flags, yes)
  if type(yes) ~= "boolean" then
    errors.raise("bad argument #1 to 'compress' (boolean expected, got %s)", type(yes))
  end
  return yes and flags & ~core.PLAIN or flags | core.PLAIN
end

-- ---- Broadcast ------------------------------------------------------------------------------

local broadcast_properties = {}
local broadcast_mt = {
  __name = "sio.Broadcast",
  __index = index(Broadcast, broadcast_properties),
  __call = returns_self,
}

local function broadcast(nsp, rooms, except, flags)
  local fields = { _nsp = nsp, _rooms = rooms, _except = except, _flags = flags }
  return setmetatable(fields, broadcast_mt)
end

--- Adds rooms; whoever is in any of them is meant.
---@param rooms string|string[]
---@return sio.Broadcast
function Broadcast:to(rooms)
  return broadcast(self._nsp, with_rooms(self._rooms, rooms, "to"), self._except, self._flags)
end

--- Leaves out whoever is in any of these rooms.
---@param rooms string|string[]
---@return sio.Broadcast
function Broadcast:except(rooms)
  return broadcast(self._nsp, self._rooms, with_rooms(self._except, rooms, "except"), self._flags)
end

--- Whether the event may be compressed, where per_message_deflate and http_compression are on.
---@param yes boolean
---@return sio.Broadcast
function Broadcast:compress(yes)
  return broadcast(self._nsp, self._rooms, self._except, compressed(self._flags, yes))
end

--- Sends an event. Raises for what cannot be encoded; nil and why when a limit is reached.
---@param event string
---@param ... any
---@return true?, string?
function Broadcast:emit(event, ...)
  return core.nsp_emit(self._nsp, self._rooms, self._except, self._flags, event, ...)
end

local function broadcast_flag(flag)
  return function(self)
    return broadcast(self._nsp, self._rooms, self._except, self._flags | flag)
  end
end

broadcast_properties.volatile = broadcast_flag(core.VOLATILE)
broadcast_properties.here = broadcast_flag(core.HERE)
broadcast_properties.broadcast = returns_self

--- Everybody in a namespace.
---@param nsp sio.Namespace
---@param flags? integer
---@return sio.Broadcast
function operator.all(nsp, flags)
  return broadcast(nsp, nil, nil, flags or 0)
end

--- Everybody in a namespace but one socket.
---@param socket sio.Socket
---@param flags? integer
---@return sio.Broadcast
function operator.others(socket, flags)
  return broadcast(socket.nsp, nil, { socket.id }, flags or 0)
end

-- ---- Single ---------------------------------------------------------------------------------

local single_properties = {}
local single_mt = {
  __name = "sio.Single",
  __index = index(Single, single_properties),
  __call = returns_self,
}

--- One socket, with flags and a timeout in seconds.
---@param socket sio.Socket
---@param flags integer
---@param seconds? number
---@return sio.Single
function operator.single(socket, flags, seconds)
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
  return operator.single(self._socket, self._flags, seconds)
end

--- Whether the event may be compressed, where per_message_deflate and http_compression are on.
---@param yes boolean
---@return sio.Single
function Single:compress(yes)
  return operator.single(self._socket, compressed(self._flags, yes), self._seconds)
end

--- Everybody else in these rooms.
---@param rooms string|string[]
---@return sio.Broadcast
function Single:to(rooms)
  return operator.others(self._socket, self._flags):to(rooms)
end

--- Everybody else who is not in these rooms.
---@param rooms string|string[]
---@return sio.Broadcast
function Single:except(rooms)
  return operator.others(self._socket, self._flags):except(rooms)
end

function single_properties.volatile(self)
  return operator.single(self._socket, self._flags | core.VOLATILE, self._seconds)
end

function single_properties.broadcast(self)
  return operator.others(self._socket, self._flags)
end

function single_properties.here(self)
  return operator.others(self._socket, self._flags | core.HERE)
end

--- Raises unless it is a sensible timeout.
---@param seconds any
function operator.check_timeout(seconds)
  if type(seconds) ~= "number" or seconds <= 0 then
    errors.raise "bad argument #1 to 'timeout' (more than 0 seconds expected)"
  end
  local problem = errors.seconds_problem(seconds)
  if problem then errors.raise("timeout: %s", problem) end
end

return operator
