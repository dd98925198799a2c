-- SPDX-License-Identifier: MIT
-- A client in a namespace, as handlers see it. How its events come in is in dispatch.lua.
--
-- The object is made by csrc/bind/socket.c with [1] (its handle), id and nsp when somebody is to
-- get it; everything else is made when it is asked for. After the disconnect its methods are
-- no-ops. Once it has a listener or a field of people's, it is kept until then; before, an object
-- that nobody holds is collected, and the next event brings another.

local broadcast = require "sio.broadcast"
local catch_all = require "sio.catch_all"
local class = require "sio.class"
local core = require "sio.core"
local dispatch = require "sio.dispatch" -- sets the hooks of events
local emitter = require "sio.emitter"
local errors = require "sio.error"
local single = require "sio.single"
local slip = require "sio.slip"
require "sio.session" -- sets the hooks of socket.conn

---@class sio.Socket : sio.Single
---@field id string
---@field nsp sio.Namespace
---@field data table kept with the session as JSON
---@field rooms string[] its own id first
---@field connected boolean
---@field disconnected boolean
---@field recovered boolean
---@field handshake sio.Handshake
---@field request table what hooks of the engine have left on the connection's first request, behind
---that the handshake: request.user, request.headers
---@field conn? sio.Session the connection that the client has, shared by its namespaces
---@field broadcast sio.Broadcast everybody else
---@field volatile sio.Single
---@field here sio.Broadcast everybody else on this worker
local Socket = {
  -- Methods in C: one call each. Their contracts are in meta.d.lua.
  emit = core.socket_emit,
  emit_with_ack = core.socket_emit_with_ack,
  join = core.socket_join,
  leave = core.socket_leave,
}

local properties = {
  data = core.socket_data,
  rooms = function(self) return slip.rooms(core.socket_rooms(self)) end,
  connected = core.socket_connected,
  recovered = core.socket_recovered,
}

-- Events that are told elsewhere; a socket that has them listened for is a slip.
local elsewhere = { connection = true, connect = true, connect_error = true }

local function check_event(event)
  if elsewhere[event] then
    errors.raise('a socket has no event "%s": it is what app:on("connection", fn) has told of',
      event)
  end
end

-- Most listeners are the first of their event: those are added in C.

--- Calls fn(...) for each event of that name. What it returns is the acknowledgement.
---@param event string
---@param fn async fun(...): ...
---@return sio.Socket
function Socket:on(event, fn)
  check_event(event)
  emitter.on(self, event, fn)
  core.socket_keep(self)
  return self
end

Socket.on = core.socket_on(Socket.on, elsewhere)

---@param event string
---@param fn async fun(...): ...
---@return sio.Socket
function Socket:once(event, fn)
  check_event(event)
  emitter.once(self, event, fn)
  core.socket_keep(self)
  return self
end

--- Removes one listener, or all of an event, or all.
---@param event? string
---@param fn? function
---@return sio.Socket
function Socket:off(event, fn)
  emitter.off(self, event, fn)
  return self
end

--- The functions that were given for an event, in the order in which they are called.
---@param event string
---@return function[]
function Socket:listeners(event)
  return emitter.listeners(self, event)
end

--- The events that it has listeners for, in alphabetical order.
---@return string[]
function Socket:event_names()
  return emitter.event_names(self)
end

--- Calls fn(event, ...) before an event's handlers; `return nil, err` drops the event, and the
--- socket's "error" listeners get err.
---@param fn async fun(event: string, ...): any, any
---@return sio.Socket
function Socket:use(fn)
  errors.check_argument("use", 1, "function", fn)
  core.socket_keep(self)
  rawset(self, "_uses", emitter.with(self._uses, fn))
  return dispatch.screen(self)
end

--- Sends the event "message".
---@param ... any
---@return true?, string?
function Socket:send(...)
  return self:emit("message", ...)
end

--- Ends the membership in this namespace; with `close` the client's whole connection.
---@param close? boolean
---@return sio.Socket
function Socket:disconnect(close)
  return core.socket_disconnect(self, close)
end

function properties.disconnected(self)
  return not core.socket_connected(self)
end

function properties.handshake(self)
  local handshake = core.socket_handshake(self)
  rawset(self, "handshake", handshake)
  return handshake
end

function properties.conn(self)
  local conn = core.socket_conn(self)
  if not conn then return nil end
  rawset(conn, "_of_socket", true)
  rawset(self, "conn", conn)
  return conn
end

-- A socket that has gone has no connection any more; its handshake stays.
function properties.request(self)
  local conn = self.conn
  local request = conn and conn.request or setmetatable({}, { __index = self.handshake })
  rawset(self, "request", request)
  return request
end

function properties.broadcast(self)
  return broadcast.others(self)
end

function properties.volatile(self)
  return single.of(self, core.VOLATILE)
end

function properties.here(self)
  return broadcast.others(self, core.HERE)
end

-- on_any, on_any_outgoing and their siblings.
for name, method in pairs(catch_all) do Socket[name] = method end

-- timeout, compress, to, except: an emit to this socket with that set.
for name, method in pairs(single.methods) do
  Socket[name] = Socket[name] or function(self, ...) return method(single.of(self), ...) end
end

local socket_mt = class.index({
  __name = "sio.Socket",
  __newindex = function(self, name, value)
    if name == "data" then return core.socket_set_data(self, value) end
    if properties[name] then errors.raise("%s: it can be read, not set", name) end
    core.socket_keep(self)
    rawset(self, name, value)
  end,
  __tostring = function(self) return "sio.Socket: " .. tostring(rawget(self, "id")) end,
}, Socket, properties)

core.set_hooks { socket_mt = socket_mt }

return Socket
