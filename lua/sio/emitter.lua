-- SPDX-License-Identifier: MIT
-- Listeners by event name, for sockets, namespaces and sessions: a table in the field `_on` of the
-- object, made with the first listener. The only listener of an event stands there itself, as most
-- do; several are a list.
--
-- Invariant: a list of listeners is never changed, only replaced; who is calling its members keeps
-- the one it started with. Every listener but the last runs in a coroutine of its own, so that one
-- that waits does not hold up the others.

local core = require "sio.core"
local errors = require "sio.error"

local emitter = {}

-- A wrapper made by once -> the function that was given.
local originals = setmetatable({}, { __mode = "k" })

local function check(method, event, fn)
  if type(event) ~= "string" then
    errors.raise("bad argument #1 to '%s' (event name expected, got %s)%s", method, type(event),
      type(event) == "function" and "; methods are called with a colon" or "")
  end
  errors.check_argument(method, 2, "function", fn)
end

--- The list with one more item (or none), as a new one.
---@generic T
---@param list? T[]
---@param item? T
---@param first? boolean in front
---@return T[]
function emitter.with(list, item, first)
  if not list then return { item } end
  local longer = table.move(list, 1, #list, first and 2 or 1, {})
  longer[first and 1 or #longer + 1] = item
  return longer
end

--- The list without an item's first occurrence, as a new one; nil when nothing is left.
---@generic T
---@param list? T[]
---@param item T
---@return T[]?
function emitter.without(list, item)
  local rest, found = {}, false
  for _, each in ipairs(list or {}) do
    if each == item and not found then found = true else rest[#rest + 1] = each end
  end
  return #rest > 0 and rest or nil
end

--- The functions that are called for an event, in this order: those that were given, or the
--- wrappers of `once`.
---@param object table
---@param event string
---@return function[]
function emitter.called(object, event)
  local on = object._on
  local found = on and on[event]
  if type(found) == "table" then return found end
  return { found }
end

local function set(on, event, list)
  on[event] = list and (#list > 1 and list or list[1])
end

local function add(object, event, fn)
  local on = rawget(object, "_on")
  if not on then
    on = {}
    rawset(object, "_on", on)
  end
  set(on, event, emitter.with(on[event] and emitter.called(object, event), fn))
end

---@param object table
---@param event string
---@param fn function
---@param method? string that was called, for errors
function emitter.on(object, event, fn, method)
  check(method or "on", event, fn)
  add(object, event, fn)
end

---@param object table
---@param event string
---@param fn function
function emitter.once(object, event, fn)
  check("once", event, fn)
  local function wrapper(...)
    if not originals[wrapper] then return end -- called twice before it was removed
    emitter.off(object, event, wrapper)
    originals[wrapper] = nil
    return fn(...)
  end
  originals[wrapper] = fn
  add(object, event, wrapper)
end

--- The functions that were given for an event, in the order in which they are called.
---@param object table
---@param event string
---@return function[]
function emitter.listeners(object, event)
  local list = {}
  for i, fn in ipairs(emitter.called(object, event)) do list[i] = originals[fn] or fn end
  return list
end

--- The events that there are listeners for, in alphabetical order.
---@param object table
---@return string[]
function emitter.event_names(object)
  local names = {}
  for name in pairs(object._on or {}) do names[#names + 1] = name end
  table.sort(names)
  return names
end

-- The first listener for which fn was given.
local function given_as(list, fn)
  for _, listener in ipairs(list) do
    if listener == fn or originals[listener] == fn then return listener end
  end
end

--- Removes one listener, or all of an event, or all.
---@param object table
---@param event? string
---@param fn? function
function emitter.off(object, event, fn)
  local on = object._on
  if not on then return end
  if event == nil then
    rawset(object, "_on", nil)
  elseif fn == nil then
    on[event] = nil
  else
    local list = emitter.called(object, event)
    set(on, event, emitter.without(list, given_as(list, fn)))
  end
  if next(on) == nil then rawset(object, "_on", nil) end
end

-- What a handler returns is the acknowledgement, if it returns anything and one was asked for.
-- `return ...` echoes the client's arguments: ack, which stands behind them, is not one of them.
local function answer(ack, ...)
  local n = ack and select("#", ...) or 0
  if n == 0 then return end
  if select(n, ...) ~= ack then return ack(...) end
  local values = { ... }
  return ack(table.unpack(values, 1, n - 1))
end

local function run(fn, ack, ...)
  return answer(ack, fn(...))
end

--- Calls the listeners of an event.
---@async
---@param object table
---@param event string
---@param ack? function
---@param ... any
function emitter.dispatch(object, event, ack, ...)
  local list = object._on
  list = list and list[event]
  if not list then return end
  if type(list) == "function" then return run(list, ack, ...) end
  local n = #list
  for i = 1, n - 1 do core.spawn(run, list[i], ack, ...) end
  return run(list[n], ack, ...)
end

return emitter
