-- SPDX-License-Identifier: MIT
-- A namespace: who connects to it, who may, and emits to all of it.
--
-- Stands on core.nsp_*; server.lua makes them. `_uses` is a list that is replaced, never changed: a
-- chain of middlewares that waits goes on with the one it started with.

local adapter = require "sio.adapter"
local broadcast = require "sio.broadcast"
local class = require "sio.class"
local core = require "sio.core"
local emitter = require "sio.emitter"
local errors = require "sio.error"
local gate = require "sio.gate"
local server_side = require "sio.server_side"
local slip = require "sio.slip"
require "sio.crowd" -- methods of broadcasts
require "sio.socket" -- sets the hooks through which sockets come

---@class sio.Namespace : sio.Broadcast, sio.ServerSide
---@field name string
---@field parent? sio.Parent of one that was made because its name matched
---@field captures? any[] what the parent's pattern captured in the name
---@field server sio.Server
---@field adapter sio.Adapter this worker's rooms, and events of them
---@field sockets table<string, sio.Socket> this worker's connected sockets by id, a snapshot
local Namespace = {
  emit = core.nsp_emit_all, -- a method in C; see meta.d.lua
}

local properties = {
  sockets = function(self) return slip.sockets(core.nsp_sockets(self)) end,
}

for name, method in pairs(server_side.methods) do Namespace[name] = method end

-- A namespace is a broadcast to everybody in it: nsp:to(), nsp.volatile, ...
for name, method in pairs(broadcast.methods) do
  Namespace[name] = Namespace[name] or function(self, ...)
    return method(broadcast.all(self), ...)
  end
end
for name, property in pairs(broadcast.properties) do
  properties[name] = function(self) return property(broadcast.all(self)) end
end

--- The app's listeners of "new_namespace" hear of it, once.
---@param nsp sio.Namespace
local function announce(nsp)
  local root = nsp.server._root
  if rawget(nsp, "_announced") or not root then return end
  rawset(nsp, "_announced", true)
  if root._on and root._on.new_namespace then
    core.spawn(emitter.dispatch, root, "new_namespace", nil, nsp)
  end
end

-- A child that the app gives something stays until its last socket has left. One that has gone is
-- over: what a late handler leaves on it brings nothing back.
local function keep(self)
  if not rawget(self, "parent") or rawget(self, "_over") then return end
  if not core.nsp_open(self) then errors.raise "there are too many namespaces" end
  announce(self)
end

function properties.adapter(self)
  return adapter.of(self, keep)
end

local namespace_mt = class.index({
  __name = "sio.Namespace",
  -- Fields of the app's.
  __newindex = function(self, name, value)
    keep(self)
    rawset(self, name, value)
  end,
  __tostring = function(self) return "sio.Namespace: " .. self.name end,
}, Namespace, properties, broadcast.methods_in_c)

-- ---- who is listened to ---------------------------------------------------------------------

-- What C has to call; for a socket that nobody listens to it makes no object.
local function tell_wants(self)
  local wants = 0
  if self._uses then wants = core.WANT_MIDDLEWARES end
  local on = rawget(self, "_on")
  if on and (on.connection or on.connect) then wants = wants | core.WANT_CONNECTION end
  local events = self._events and self._events._on
  if events then
    wants = wants | core.WANT_EVENTS
    if events.disconnect or events.disconnecting then wants = wants | core.WANT_GOODBYE end
  end
  core.nsp_set_wants(self, wants)
end

local events = { connection = true, connect = true }
local of_sockets = { disconnect = true, disconnecting = true, error = true, connect_error = true }

local function check_event(self, event)
  if events[event] then return end
  if event == "new_namespace" then
    if self == self.server._root then return end
    errors.raise '"new_namespace" is an event of the server: app:on("new_namespace", fn)'
  end
  if gate.events[event] then
    errors.raise('"%s" is an event of app.engine: app.engine:on("%s", fn)', event, event)
  end
  if type(event) == "string" and not of_sockets[event] then return end
  errors.raise('a namespace has the event "connection" and those of server_side_emit, not %s '
    .. "(events of clients are received with socket:on, or with on_event of the namespace)",
    type(event) == "string" and '"' .. event .. '"' or type(event))
end

--- Calls fn(socket) for each client that connects; the server's "new_namespace" with each namespace
--- that is made. Any other event is one that another worker sends with server_side_emit: what
--- fn(...) returns is its answer.
---@param event "connection"|"connect"|"new_namespace"|string
---@param fn async fun(...): ...
---@return sio.Namespace
function Namespace:on(event, fn)
  check_event(self, event)
  keep(self)
  emitter.on(self, event, fn)
  tell_wants(self)
  return self
end

---@param event "connection"|"connect"|"new_namespace"|string
---@param fn async fun(...): ...
---@return sio.Namespace
function Namespace:once(event, fn)
  check_event(self, event)
  keep(self)
  emitter.once(self, event, fn)
  tell_wants(self)
  return self
end

---@param event? "connection"|"connect"|"new_namespace"|string
---@param fn? function
---@return sio.Namespace
function Namespace:off(event, fn)
  emitter.off(self, event, fn)
  tell_wants(self)
  return self
end

--- The functions that were given for an event, in the order in which they are called.
---@param event "connection"|"connect"|"new_namespace"|string
---@return function[]
function Namespace:listeners(event)
  return emitter.listeners(self, event)
end

--- Calls fn(socket, ...) for each event of that name, of any socket in here, behind the listeners
--- that the socket itself has. What it returns is the acknowledgement. "disconnecting",
--- "disconnect" and "error" too. A socket that needs no listener of its own costs no Lua memory
--- while it says nothing.
---@param event string
---@param fn async fun(socket: sio.Socket, ...): ...
---@return sio.Namespace
function Namespace:on_event(event, fn)
  keep(self)
  self._events = self._events or {}
  emitter.on(self._events, event, fn, "on_event")
  tell_wants(self)
  return self
end

--- Removes one of those listeners, or all of an event, or all.
---@param event? string
---@param fn? function
---@return sio.Namespace
function Namespace:off_event(event, fn)
  if self._events then emitter.off(self._events, event, fn) end
  tell_wants(self)
  return self
end

--- Sends the event "message" to everybody in the namespace.
---@param ... any
---@return true?, string?
function Namespace:send(...)
  return self:emit("message", ...)
end

--- Calls fn(socket) before a client is let in. `return nil, err` refuses: err is a message or
--- {message=, data=}. May wait.
---@param fn async fun(socket: sio.Socket): any, any
---@return sio.Namespace
function Namespace:use(fn)
  errors.check_argument("use", 1, "function", fn)
  keep(self)
  rawset(self, "_uses", emitter.with(self._uses, fn))
  tell_wants(self)
  return self
end

-- ---- hooks ----------------------------------------------------------------------------------

local function send_refusal(socket, err)
  local packet = type(err) == "table" and err or { message = tostring(err) }
  core.socket_refuse(socket, { message = packet.message or "refused", data = packet.data })
end

local function refuse(socket, err)
  local ok, why = pcall(send_refusal, socket, err)
  if ok then return end
  errors.report("middleware", why, socket.nsp.server, socket.id, socket.nsp.name)
  core.socket_refuse(socket, { message = "internal error" })
end

-- False when one of them has refused.
local function run_middlewares(uses, nsp, socket)
  for _, fn in ipairs(uses or {}) do
    local ran, pass, err = xpcall(fn, errors.traceback, socket, slip.next)
    if not ran then
      errors.report("middleware", pass, nsp.server, socket.id, nsp.name)
      core.socket_refuse(socket, { message = "internal error" })
      return false
    elseif not pass and err ~= nil then
      refuse(socket, err)
      return false
    end
  end
  return true
end

local function on_connecting(nsp, socket)
  local parent = rawget(nsp, "parent")
  local first, second = parent and rawget(parent, "_uses"), rawget(nsp, "_uses")
  if run_middlewares(first, nsp, socket) and run_middlewares(second, nsp, socket) then
    core.socket_accept(socket)
  end
end

local function tell_connection(nsp, socket)
  local on = rawget(nsp, "_on")
  if not on then return end
  if on.connect and on.connection then
    core.spawn(emitter.dispatch, nsp, "connect", nil, socket)
    return emitter.dispatch(nsp, "connection", nil, socket)
  end
  return emitter.dispatch(nsp, on.connect and "connect" or "connection", nil, socket)
end

local function on_connection(nsp, socket)
  local parent = rawget(nsp, "parent")
  if parent then
    if not rawget(nsp, "_on") then return tell_connection(parent, socket) end
    core.spawn(tell_connection, parent, socket)
  end
  return tell_connection(nsp, socket)
end

-- A child is not there any more. When it has had sockets, or listeners, its life is over: what was
-- put on it goes, and the next of its name is another object. Who holds this one may go on to speak
-- through it to whoever has that name.
local lasting = { [1] = true, name = true, server = true, parent = true, captures = true }

local function on_gone(nsp)
  if not rawget(nsp, "_announced") then return end
  for key in next, nsp do
    if not lasting[key] then rawset(nsp, key, nil) end
  end
  rawset(nsp, "_over", true)
  nsp.server._children[nsp.name] = nil
end

core.set_hooks { nsp_gone = on_gone, connecting = on_connecting, connection = on_connection }

-- methods, properties: for the server, whose clients are those of "/".
local namespace = { methods = Namespace, properties = properties, announce = announce }

--- For server.lua: makes the namespace of that name.
---@param app sio.Server
---@param name string
---@return sio.Namespace
function namespace.new(app, name)
  local nsp = setmetatable({ name = name, server = app }, namespace_mt)
  core.nsp_new(app, name, nsp)
  return nsp
end

--- For parent.lua: the object of a child, nil when there are too many. The namespace behind it is
--- made again when it has gone and the object is used.
---@param parent sio.Parent
---@param name string
---@param captures? any[]
---@return sio.Namespace?
function namespace.child(parent, name, captures)
  local known = parent.server._children
  local nsp = known[name]
  if nsp and nsp.parent == parent then return nsp end
  local fields = { name = name, server = parent.server, parent = parent, captures = captures }
  nsp = core.nsp_child(parent.server, setmetatable(fields, namespace_mt))
  known[name] = nsp
  return nsp
end

return namespace
