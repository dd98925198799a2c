-- SPDX-License-Identifier: MIT
-- How what happens to a socket finds its handlers: the hooks that csrc/bind/socket.c calls. Events
-- with one listener and nothing in front of it do not come here (csrc/bind/listener.c).
--
--     catch-all listeners ─► middlewares ─► the socket's listeners ─► the namespace's (on_event)
--
-- An event whose middlewares waited is dropped when the socket has gone meanwhile. All listeners of
-- an event run in coroutines of their own, in this order, each up to where it waits; the last one
-- has the coroutine that the event came with.

local core = require "sio.core"
local emitter = require "sio.emitter"

local dispatch = {}

--- Tells C whether there is something in front of a socket's listeners: with that, all of its
--- events come here. Returns the socket.
---@param socket sio.Socket
---@return sio.Socket
function dispatch.screen(socket)
  core.socket_set_screened(socket, rawget(socket, "_any") ~= nil or rawget(socket, "_uses") ~= nil)
  return socket
end

-- The object that has the on_event listeners of a namespace, when there are any for this event.
local function listening(nsp, event)
  local events = nsp and rawget(nsp, "_events")
  local on = events and events._on
  return on and on[event] and events
end

local told = {} -- events that were listened for in the wrong place, and said so

-- app:on("chat message", fn) waits for other workers, not for clients.
local function nobody(nsp, event)
  local on = nsp and rawget(nsp, "_on")
  if not on or not on[event] or told[event] then return end
  told[event] = true
  core.log("warn", ('a client has sent "%s", which only nsp:on listens for; that is for '
    .. "server_side_emit: use socket:on or nsp:on_event"):format(event))
end

-- The listeners of an event: the socket's, those of the namespace's parent and the namespace's,
-- which get the socket first.
local function deliver(socket, event, ack, ...)
  local nsp = socket.nsp
  local first, last = listening(rawget(nsp, "parent"), event), listening(nsp, event)
  local own = rawget(socket, "_on")
  if not first and not last then
    if not own or not own[event] then return nobody(nsp, event) end
    return emitter.dispatch(socket, event, ack, ...)
  end
  if own and own[event] then core.spawn(emitter.dispatch, socket, event, ack, ...) end
  if first and last then core.spawn(emitter.dispatch, first, event, ack, socket, ...) end
  return emitter.dispatch(last or first, event, ack, socket, ...)
end

-- False when a middleware refuses the event.
local function passes(socket, uses, event, ...)
  for _, fn in ipairs(uses) do
    local pass, err = fn(event, ...)
    if not pass and err ~= nil then
      deliver(socket, "error", nil, err)
      return false
    end
  end
  return core.socket_connected(socket) -- they may have waited
end

local function on_event(socket, ack, event, ...)
  local any, uses = rawget(socket, "_any"), rawget(socket, "_uses")
  if any then
    for _, fn in ipairs(any) do core.spawn(fn, event, ...) end
  end
  if uses and not passes(socket, uses, event, ...) then return end
  return deliver(socket, event, ack, ...)
end

local function on_outgoing(socket, event, ...)
  for _, fn in ipairs(rawget(socket, "_any_outgoing") or {}) do core.spawn(fn, event, ...) end
end

core.set_hooks {
  event = on_event,
  outgoing = on_outgoing,
  socket_error = function(socket, message) deliver(socket, "error", nil, message) end,
  disconnecting = function(socket, reason, detail)
    deliver(socket, "disconnecting", nil, reason, detail)
  end,
  disconnect = function(socket, reason, detail)
    deliver(socket, "disconnect", nil, reason, detail)
  end,
}

return dispatch
