-- SPDX-License-Identifier: MIT
-- Who an emit is for, when it is for many: rooms, except, flags.
--
--     app:to("room"):except("muted"):emit("hi")
--
-- Stands on csrc/bind/broadcast.c, which makes the objects: to and emit are one call into C each.
-- The methods here are those of namespaces and the server as well, which are a broadcast to
-- everybody (namespace.lua).

local core = require "sio.core"
local operator = require "sio.operator"

local broadcast = { methods_in_c = { to = core.broadcast_to } }

---@class sio.Broadcast
---@field broadcast sio.Broadcast
---@field volatile sio.Broadcast may be dropped for clients that cannot take it now
---@field here sio.Broadcast this worker's sockets only
local Broadcast = {
  emit = core.broadcast_emit, -- a method in C; see meta.d.lua
}

local properties = {}
local broadcast_mt = operator.class("sio.Broadcast", Broadcast, properties, broadcast.methods_in_c)

-- What it was made of, and one made of that: nsp, rooms, except, flags, seconds.
local fields, new = core.broadcast_fields, core.broadcast_new

local function with_flags(self, flags)
  local nsp, rooms, except, _, seconds = fields(self)
  return new(nsp, rooms, except, flags, seconds)
end

--- Adds rooms; whoever is in any of them is meant.
---@param rooms string|string[]
---@param ... nil nothing: several rooms are a list
---@return sio.Broadcast
function Broadcast:to(rooms, ...)
  local nsp, before, except, flags, seconds = fields(self)
  return new(nsp, operator.with_rooms(before, "to", rooms, ...), except, flags, seconds)
end

--- Leaves out whoever is in any of these rooms.
---@param rooms string|string[]
---@param ... nil nothing: several rooms are a list
---@return sio.Broadcast
function Broadcast:except(rooms, ...)
  local nsp, to, before, flags, seconds = fields(self)
  return new(nsp, to, operator.with_rooms(before, "except", rooms, ...), flags, seconds)
end

--- How long to wait for answers; else 5 seconds.
---@param seconds number
---@return sio.Broadcast
function Broadcast:timeout(seconds)
  operator.check_timeout(seconds)
  local nsp, rooms, except, flags = fields(self)
  return new(nsp, rooms, except, flags, seconds)
end

--- Whether the event may be compressed, where per_message_deflate and http_compression are on.
---@param yes boolean
---@return sio.Broadcast
function Broadcast:compress(yes)
  local _, _, _, flags = fields(self)
  return with_flags(self, operator.compressed(flags, yes))
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
  local nsp, rooms, except, flags, seconds = fields(self)
  return core.nsp_emit_wait(nsp, rooms, except, flags, seconds, event, ...)
end

local function with_flag(flag)
  return function(self)
    local _, _, _, flags = fields(self)
    return with_flags(self, flags | flag)
  end
end

properties.volatile = with_flag(core.VOLATILE)
properties.here = with_flag(core.HERE)
function properties.broadcast(self)
  return self
end

local EVERYBODY = 2 -- the field of an object where C looks for it as well
broadcast.EVERYBODY = EVERYBODY

--- Everybody in a namespace: one object for each, for it is what all its broadcasts begin with.
---@param nsp sio.Namespace
---@return sio.Broadcast
function broadcast.all(nsp)
  local all = rawget(nsp, EVERYBODY)
  if not all then
    all = new(nsp, nil, nil, 0)
    rawset(nsp, EVERYBODY, all)
  end
  return all
end

--- Everybody in a namespace but one socket.
---@param socket sio.Socket
---@param flags? integer
---@param seconds? number how long to wait for answers
---@return sio.Broadcast
function broadcast.others(socket, flags, seconds)
  return new(socket.nsp, nil, socket.id, flags or 0, seconds)
end

core.set_hooks { broadcast_mt = broadcast_mt }

broadcast.methods = Broadcast
broadcast.properties = properties
broadcast.fields = fields

return broadcast
