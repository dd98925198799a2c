-- SPDX-License-Identifier: MIT
-- A socket of another worker, as fetch_sockets found it: what was known of it then, and a broadcast
-- to the room of its id for what is to become of it.
--
-- Stands on core.remote_*, which read its bytes when somebody looks.

local broadcast = require "sio.broadcast"
local class = require "sio.class"
local core = require "sio.core"
local operator = require "sio.operator"
local slip = require "sio.slip"

local remote = {}

---@class sio.RemoteSocket
---@field id string
---@field nsp sio.Namespace
---@field rooms string[] its own id first; as they were
---@field data any as it was; changing it changes nothing
---@field handshake sio.Handshake
local RemoteSocket = {}

local properties = {}

-- Read when somebody looks, once.
for name, read in pairs {
  rooms = function(bytes) return slip.rooms(core.remote_rooms(bytes)) end,
  data = core.remote_data,
  handshake = core.remote_handshake,
} do
  properties[name] = function(self)
    local value = read(rawget(self, "_bytes"))
    rawset(self, name, value)
    return value
  end
end

local remote_mt = class.index({
  __name = "sio.RemoteSocket",
  __tostring = function(self) return "sio.RemoteSocket: " .. self.id end,
}, RemoteSocket, properties)

local function room(self, seconds)
  local to = broadcast.all(self.nsp):to(self.id)
  return seconds and to:timeout(seconds) or to
end

-- For the list of answers: the one that there is. As for a socket's emit: without a timeout the
-- function is called with an answer or not at all.
local function with_first(fn, timed)
  return function(err, answers)
    local answer = answers and answers[1]
    if not timed then
      if answer ~= nil then fn(answer) end
    elseif answer ~= nil then
      fn(nil, answer)
    else
      fn(err or "disconnected")
    end
  end
end

local function emit(self, seconds, event, ...)
  local n = select("#", ...)
  local last = n > 0 and (select(n, ...))
  if type(last) ~= "function" then return room(self):emit(event, ...) end
  local args = { ... }
  args[n] = with_first(last, seconds ~= nil)
  return room(self, seconds):emit(event, table.unpack(args, 1, n))
end

local function emit_with_ack(self, seconds, event, ...)
  local answers, err = room(self, seconds):emit_with_ack(event, ...)
  if answers and answers[1] ~= nil then return answers[1] end
  return nil, err or "disconnected"
end

---@class sio.RemoteTimeout
---@field _socket sio.RemoteSocket
---@field _seconds number
local Timed = {}
local timed_mt = class.index({ __name = "sio.RemoteTimeout" }, Timed, {})

--- Sends an event. A function at the end is called with an error ("timeout", "disconnected") or
--- nil, and the answer.
---@param event string
---@param ... any
---@return true?, string?
function Timed:emit(event, ...)
  return emit(self._socket, self._seconds, event, ...)
end

--- Sends an event and waits for the answer.
---@async
---@param event string
---@param ... any
---@return any answer, string? err "timeout" or "disconnected"
function Timed:emit_with_ack(event, ...)
  return emit_with_ack(self._socket, self._seconds, event, ...)
end

--- Sends an event to this client. A function at the end is called with the answer.
---@param event string
---@param ... any
---@return true?, string?
function RemoteSocket:emit(event, ...)
  return emit(self, nil, event, ...)
end

--- Sends an event and waits for the answer, 5 seconds at most.
---@async
---@param event string
---@param ... any
---@return any answer, string? err "timeout" or "disconnected"
function RemoteSocket:emit_with_ack(event, ...)
  return emit_with_ack(self, nil, event, ...)
end

--- How long to wait for an answer.
---@param seconds number
---@return sio.RemoteTimeout
function RemoteSocket:timeout(seconds)
  operator.check_timeout(seconds)
  return setmetatable({ _socket = self, _seconds = seconds }, timed_mt)
end

--- Joins a room or several.
---@param rooms string|string[]
---@return true?, string?
function RemoteSocket:join(rooms, ...)
  return room(self):sockets_join(rooms, ...)
end

---@param rooms string|string[]
---@return true?, string?
function RemoteSocket:leave(rooms, ...)
  return room(self):sockets_leave(rooms, ...)
end

--- Ends the membership in this namespace; with `close` the client's whole connection.
---@param close? boolean
---@return sio.RemoteSocket
function RemoteSocket:disconnect(close)
  room(self):disconnect_sockets(close)
  return self
end

--- For broadcast.lua.
---@param nsp sio.Namespace
---@param bytes string
---@return sio.RemoteSocket
function remote.new(nsp, bytes)
  return setmetatable({ id = core.remote_id(bytes), nsp = nsp, _bytes = bytes }, remote_mt)
end

return remote
