-- SPDX-License-Identifier: MIT
-- A socket's catch-all listeners: for every event that comes in, and for every event that it is
-- sent, by an emit or by a broadcast.
--
-- dispatch.lua calls them. The lists are in `_any` and `_any_outgoing`; they are replaced, never
-- changed.

local core = require "sio.core"
local dispatch = require "sio.dispatch"
local emitter = require "sio.emitter"
local errors = require "sio.error"

---@class sio.Socket
local CatchAll = {}

local function add(self, field, method, fn, first)
  errors.check_argument(method, 1, "function", fn)
  core.socket_keep(self)
  rawset(self, field, emitter.with(rawget(self, field), fn, first))
  return self
end

local function remove(self, field, fn)
  rawset(self, field, fn and emitter.without(rawget(self, field), fn) or nil)
  return self
end

local function copy(self, field)
  return emitter.with(rawget(self, field))
end

--- Calls fn(event, ...) for every event that comes in, before the middlewares; an acknowledgement
--- that was asked for is the last argument.
---@param fn async fun(event: string, ...)
---@return sio.Socket
function CatchAll:on_any(fn)
  return dispatch.screen(add(self, "_any", "on_any", fn))
end

--- The same, before those that are there already.
---@param fn async fun(event: string, ...)
---@return sio.Socket
function CatchAll:prepend_any(fn)
  return dispatch.screen(add(self, "_any", "prepend_any", fn, true))
end

--- Removes one of them, or all.
---@param fn? function
---@return sio.Socket
function CatchAll:off_any(fn)
  return dispatch.screen(remove(self, "_any", fn))
end

---@return function[] in the order in which they are called
function CatchAll:listeners_any()
  return copy(self, "_any")
end

-- C tells what was sent only of sockets that have such listeners.
local function tell(self)
  core.socket_set_outgoing(self, rawget(self, "_any_outgoing") ~= nil)
  return self
end

--- Calls fn(event, ...) for every event that the socket is sent, acknowledgements aside, right
--- after it was handed over; also for a volatile one that is dropped. What another worker sent, and
--- what waits for an acknowledgement, is told at the end of the tick.
---@param fn async fun(event: string, ...)
---@return sio.Socket
function CatchAll:on_any_outgoing(fn)
  return tell(add(self, "_any_outgoing", "on_any_outgoing", fn))
end

--- The same, before those that are there already.
---@param fn async fun(event: string, ...)
---@return sio.Socket
function CatchAll:prepend_any_outgoing(fn)
  return tell(add(self, "_any_outgoing", "prepend_any_outgoing", fn, true))
end

--- Removes one of them, or all.
---@param fn? function
---@return sio.Socket
function CatchAll:off_any_outgoing(fn)
  return tell(remove(self, "_any_outgoing", fn))
end

---@return function[] in the order in which they are called
function CatchAll:listeners_any_outgoing()
  return copy(self, "_any_outgoing")
end

return CatchAll
