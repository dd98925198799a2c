-- SPDX-License-Identifier: MIT
-- What the operators share: broadcast.lua (many sockets) and single.lua (one). An operator says who
-- an emit is for; it is an immutable value that each method copies.
--
-- broadcast, volatile and here are properties of it; calling one (`socket:broadcast()`) gives it
-- too.

local class = require "sio.class"
local core = require "sio.core"
local errors = require "sio.error"

local operator = {}

local function returns_self(self)
  return self
end

--- The metatable of a class of operators: methods, then properties, which are functions of self.
---@param name string
---@param methods table<string, function>
---@param properties table<string, function>
---@param in_c? table<string, function> as for class.index
---@return table
function operator.class(name, methods, properties, in_c)
  return class.index({ __name = name, __call = returns_self }, methods, properties, in_c)
end

local function room_name(room, method)
  if type(room) == "string" then return room end
  if math.type(room) == "integer" then return tostring(room) end
  errors.raise("bad argument #1 to '%s' (room name or a list of them expected, got %s)", method,
    type(room))
end

local function list_of(names)
  if type(names) == "table" then return table.move(names, 1, #names, 1, {}) end
  return { names or nil }
end

--- Names and the rooms behind them: the only one, or a new list. Raises for what is no room.
---@param names string|string[]|nil
---@param method string for the error
---@param rooms string|integer|(string|integer)[]
---@param ... any there may be nothing more, not even nil
---@return string|string[]
function operator.with_rooms(names, method, rooms, ...)
  if select("#", ...) > 0 then
    errors.raise('bad argument #2 to \'%s\' (nothing expected, got %s; several rooms are a list: '
      .. '{ "a", "b" })', method, type((...)))
  end
  if type(rooms) ~= "table" then
    rooms = room_name(rooms, method)
    if not names then return rooms end
    rooms = { rooms }
  end
  local list = list_of(names)
  for _, room in ipairs(rooms) do list[#list + 1] = room_name(room, method) end
  -- To no room at all would be to everybody; to leave nobody out is what it says.
  if #rooms == 0 and (method == "to" or next(rooms) ~= nil) then
    errors.raise("bad argument #1 to '%s' (room name or a list of them expected, got %s)", method,
      next(rooms) == nil and "an empty list" or "a table that is no list")
  end
  return list
end

--- The flags for compress(yes).
---@param flags integer
---@param yes boolean
---@return integer
function operator.compressed(flags, yes)
  if type(yes) ~= "boolean" then
    errors.raise("bad argument #1 to 'compress' (boolean expected, got %s)", type(yes))
  end
  return yes and flags & ~core.PLAIN or flags | core.PLAIN
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
