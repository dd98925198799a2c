-- SPDX-License-Identifier: MIT
-- Who an emit is for, when it is for many: rooms, except, flags.
--
--     app:to("room"):except("muted"):emit("hi")
--
-- Stands on csrc/bind/broadcast.c: an emit is one call into C, where arguments are encoded. The
-- methods here are those of namespaces and the server as well, which are a broadcast to everybody
-- (namespace.lua).

local core = require "sio.core"
local operator = require "sio.operator"

local broadcast = {}

---@class sio.Broadcast
---@field broadcast sio.Broadcast
---@field volatile sio.Broadcast may be dropped for clients that cannot take it now
---@field here sio.Broadcast this worker's sockets only
local Broadcast = {
  emit = core.broadcast_emit, -- a method in C; see meta.d.lua
}

local properties = {}
local broadcast_mt = operator.class("sio.Broadcast", Broadcast, properties)

-- The fields, as C has them. They have numbers because each broadcast makes a table or two of them:
-- a list is smaller, and quicker to fill. What is not given is false; for nil the class would be
-- searched.
local NSP <const>, ROOMS <const>, EXCEPT <const>, FLAGS <const>, TIMEOUT <const> = 1, 2, 3, 4, 5

local function new(nsp, rooms, except, flags, seconds)
  return setmetatable({ nsp, rooms, except, flags, seconds }, broadcast_mt)
end

local function with_flags(self, flags)
  return new(self[NSP], self[ROOMS], self[EXCEPT], flags, self[TIMEOUT])
end

--- Adds rooms; whoever is in any of them is meant.
---@param rooms string|string[]
---@param more? nil several rooms are a list
---@return sio.Broadcast
function Broadcast:to(rooms, more)
  return new(self[NSP], operator.with_rooms(self[ROOMS], "to", rooms, more), self[EXCEPT],
    self[FLAGS], self[TIMEOUT])
end

--- Leaves out whoever is in any of these rooms.
---@param rooms string|string[]
---@param more? nil several rooms are a list
---@return sio.Broadcast
function Broadcast:except(rooms, more)
  return new(self[NSP], self[ROOMS], operator.with_rooms(self[EXCEPT], "except", rooms, more),
    self[FLAGS], self[TIMEOUT])
end

--- How long to wait for answers; else 5 seconds.
---@param seconds number
---@return sio.Broadcast
function Broadcast:timeout(seconds)
  operator.check_timeout(seconds)
  return new(self[NSP], self[ROOMS], self[EXCEPT], self[FLAGS], seconds)
end

--- Whether the event may be compressed, where per_message_deflate and http_compression are on.
---@param yes boolean
---@return sio.Broadcast
function Broadcast:compress(yes)
  return with_flags(self, operator.compressed(self[FLAGS], yes))
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
  return core.nsp_emit_wait(self[NSP], self[ROOMS], self[EXCEPT], self[FLAGS], self[TIMEOUT],
    event, ...)
end

local function with_flag(flag)
  return function(self)
    return with_flags(self, self[FLAGS] | flag)
  end
end

properties.volatile = with_flag(core.VOLATILE)
properties.here = with_flag(core.HERE)
function properties.broadcast(self)
  return self
end

--- Everybody in a namespace: one object for each, for it is what all its broadcasts begin with.
---@param nsp sio.Namespace
---@return sio.Broadcast
function broadcast.all(nsp)
  local all = rawget(nsp, "_all")
  if not all then
    all = new(nsp, false, false, 0, false)
    rawset(nsp, "_all", all)
  end
  return all
end

--- Everybody in a namespace but one socket.
---@param socket sio.Socket
---@param flags? integer
---@param seconds? number how long to wait for answers
---@return sio.Broadcast
function broadcast.others(socket, flags, seconds)
  return new(socket.nsp, false, socket.id, flags or 0, seconds or false)
end

--- For crowd.lua, in the order in which core.nsp_* wants them.
---@param self sio.Broadcast
---@return sio.Namespace nsp, string|string[]|false rooms, string|string[]|false except
---@return integer flags, number|false seconds
function broadcast.fields(self)
  return table.unpack(self, 1, TIMEOUT)
end

core.set_hooks { broadcast_mt = broadcast_mt }

broadcast.methods = Broadcast
broadcast.properties = properties

return broadcast
