-- SPDX-License-Identifier: MIT
-- nsp.adapter: which rooms there are on this worker, and who is in them; and events of them.
--
--     app.adapter:on("join-room", function(room, sid) ... end)
--
-- Stands on csrc/bind/adapter.c; namespace.lua makes one when it is asked for. Invariant: the core
-- notes the events that `_on` has listeners for, so rooms cost nothing where nobody listens.

local class = require "sio.class"
local core = require "sio.core"
local emitter = require "sio.emitter"
local errors = require "sio.error"

---@class sio.Adapter
---@field nsp sio.Namespace
---@field rooms table<string, string[]> the ids of who is in them; this worker's, a snapshot
---@field sids table<string, string[]> the rooms of each socket, likewise
local Adapter = {}

local properties = {}

local events = {
  ["create-room"] = true, ["delete-room"] = true, ["join-room"] = true, ["leave-room"] = true,
}

local function check_event(event)
  if events[event] then return end
  local is_name = type(event) == "string"
  local meant = is_name and errors.suggest(event, events)
  errors.raise('an adapter has the events "create-room", "join-room", "leave-room" and '
    .. '"delete-room", not %s%s', is_name and '"' .. event .. '"' or type(event),
    meant and (' (did you mean "%s"?)'):format(meant) or "")
end

-- A namespace that is over has a successor of its name, whose events these are not.
local function tell_core(self)
  if not rawget(self.nsp, "_over") then core.nsp_watch(self.nsp, self._on) end
end

local function listen(self, event, fn, add)
  check_event(event)
  add(self, event, fn)
  self._keep(self.nsp)
  tell_core(self)
  return self
end

--- Calls fn for what becomes of rooms through sockets of this worker: "create-room" and
--- "delete-room" with the room, "join-room" and "leave-room" with the room and the socket's id. A
--- socket's own id is a room too. At the end of the tick, in the order of the changes.
---@param event "create-room"|"delete-room"|"join-room"|"leave-room"
---@param fn async fun(room: string, sid?: string)
---@return sio.Adapter
function Adapter:on(event, fn)
  return listen(self, event, fn, emitter.on)
end

---@param event "create-room"|"delete-room"|"join-room"|"leave-room"
---@param fn async fun(room: string, sid?: string)
---@return sio.Adapter
function Adapter:once(event, fn)
  return listen(self, event, fn, emitter.once)
end

---@param event? "create-room"|"delete-room"|"join-room"|"leave-room"
---@param fn? function
---@return sio.Adapter
function Adapter:off(event, fn)
  if event ~= nil then check_event(event) end
  emitter.off(self, event, fn)
  tell_core(self)
  return self
end

--- The rooms of one socket, its own id first; nil when it is not on this worker.
---@param id string
---@return string[]?
function Adapter:socket_rooms(id)
  errors.check_argument("socket_rooms", 1, "string", id)
  return core.nsp_socket_rooms(self.nsp, id)
end

--- How many workers serve clients now; does not wait.
---@return integer
function Adapter:server_count()
  return core.nsp_workers(self.nsp)
end

function properties.sids(self)
  return core.nsp_sids(self.nsp)
end

function properties.rooms(self)
  local rooms = {}
  for id, names in pairs(core.nsp_sids(self.nsp)) do
    for _, room in ipairs(names) do
      rooms[room] = rooms[room] or {}
      table.insert(rooms[room], id)
    end
  end
  return rooms
end

local adapter_mt = class.index({
  __name = "sio.Adapter",
  __tostring = function(self) return "sio.Adapter: " .. self.nsp.name end,
}, Adapter, properties)

-- The last listener may have been one of `once`, which nobody told the core.
local function on_room(nsp, event, ...)
  local adapter = rawget(nsp, "_adapter")
  if not adapter then return end
  if adapter._on and adapter._on[event] then return emitter.dispatch(adapter, event, nil, ...) end
  tell_core(adapter)
end

core.set_hooks { room = on_room }

local adapter = {}

--- For namespace.lua: the namespace's one. keep(nsp) is called when it gets a listener.
---@param nsp sio.Namespace
---@param keep fun(nsp: sio.Namespace)
---@return sio.Adapter
function adapter.of(nsp, keep)
  local own = rawget(nsp, "_adapter")
  if not own then
    own = setmetatable({ nsp = nsp, _keep = keep }, adapter_mt)
    rawset(nsp, "_adapter", own)
  end
  return own
end

return adapter
