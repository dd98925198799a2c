-- SPDX-License-Identifier: MIT
-- How the objects that people touch find their methods and properties, and how they tell slips: a
-- call with a dot for the colon, a name in JavaScript's spelling.
--
-- Stands on error.lua; the modules with such objects call it. Invariant: the tables of methods stay
-- as they were written; what objects show are wrappers that check their self.

local errors = require "sio.error"

local class = {}

-- The same methods, checking their self; those in C do it themselves.
local function guarded(methods, mt, in_c)
  local face = {}
  for name, method in pairs(methods) do
    face[name] = method
    if debug.getinfo(method, "S").what ~= "C" then
      face[name] = function(self, ...)
        if getmetatable(self) ~= mt then errors.check_self(name, self, mt) end
        return method(self, ...)
      end
    end
    if in_c[name] then face[name] = in_c[name](face[name]) end
  end
  return face
end

-- Names that are more than spelt otherwise.
local others = {
  ["in"] = "to", ["local"] = "here", allSockets = "fetch_sockets",
  addListener = "on", removeListener = "off", removeAllListeners = "off",
}

-- "emitWithAck" -> "emit_with_ack", for all of them.
local function javascript_names(...)
  local names = {}
  for _, known in ipairs { ... } do
    for ours in pairs(known) do
      local theirs = ours:gsub("_(%l)", string.upper)
      if theirs ~= ours then names[theirs] = ours end
    end
    for theirs, ours in pairs(others) do
      if known[ours] then names[theirs] = ours end
    end
  end
  return names
end

--- For an __index, last: f(name) is nil, but for `socket.emitWithAck` it raises and says our name.
---@param methods table<string, any> complete when it is called first
---@param properties table<string, any>
---@return fun(name: any)
function class.missing(methods, properties)
  local names
  return function(name)
    names = names or javascript_names(methods, properties)
    if names[name] then errors.raise("%s: here it is called %s", name, names[name]) end
  end
end

--- Gives a metatable its __index: methods, then properties, which are functions of the object.
--- Returns the metatable.
---@param mt table with __name
---@param methods table<string, function> complete when the first object is used
---@param properties table<string, fun(self: table): any>
---@param in_c? table<string, fun(method: function): function> makes a method of one that is called
--- for what is not usual
---@return table
function class.index(mt, methods, properties, in_c)
  local face
  local missing = class.missing(methods, properties)
  mt.__index = function(self, name)
    face = face or guarded(methods, mt, in_c or {})
    local method = face[name]
    if method then return method end
    local property = properties[name]
    if property then return property(self) end
    return missing(name)
  end
  return mt
end

return class
