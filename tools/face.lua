-- SPDX-License-Identifier: MIT
-- The public face of the library as the code has it: which names the objects of each class have.
-- For tools/api.lua; loads the modules on a fake core, so nothing needs to be built.
--
-- A class is a table with __name, reachable from the modules: as an upvalue, or inside a table that
-- is one. Its names are the keys of __index, or of the tables that the function __index looks into.

local face = {}

local function load_modules()
  package.path = "lua/?.lua;lua/?/init.lua;" .. package.path
  -- What the modules ask of the core when they are loaded is nothing to us.
  package.preload["sio.core"] = function()
    local core = setmetatable({}, { __index = function(_, name)
      return name:find "^%u" and 0 or function() end
    end })
    core.set_hooks = function(hooks) table.insert(core, hooks) end
    core.socket_on = function(in_lua) return in_lua end
    core.process = setmetatable({ realpath = function(path) return path end }, getmetatable(core))
    return core
  end
  require "sio"
end

local function names_of(source, names)
  for name in pairs(source) do
    if type(name) == "string" and not name:find "^_" then names[name] = true end
  end
end

-- A table of names in a class, not something else that its __index uses; a module may be a class.
local function holds_names(upvalue, value)
  if type(value) ~= "table" or getmetatable(value) or upvalue:find "^io_" then return false end
  for _, module in pairs(package.loaded) do
    if value == module then return upvalue == "methods" or upvalue:find "^%u" ~= nil end
  end
  return value ~= _G
end

local function class_names(mt)
  local names = {}
  if type(mt.__index) == "table" then names_of(mt.__index, names) end
  for i = 1, type(mt.__index) == "function" and 16 or 0 do
    local upvalue, value = debug.getupvalue(mt.__index, i)
    if not upvalue then break end
    if holds_names(upvalue, value) then names_of(value, names) end
  end
  return names
end

--- The names that objects have, by class ("sio.Socket").
---@return table<string, table<string, boolean>>
function face.classes()
  load_modules()
  local classes, seen = {}, {}
  local function visit(value)
    if type(value) ~= "table" and type(value) ~= "function" or seen[value] then return end
    seen[value] = true
    if type(value) == "function" then
      for i = 1, 64 do
        local upvalue, inner = debug.getupvalue(value, i)
        if not upvalue then break end
        if upvalue ~= "_ENV" then visit(inner) end
      end
      return
    end
    local class = rawget(value, "__name")
    if type(class) == "string" then classes[class] = class_names(value) end
    for _, inner in next, value do visit(inner) end
    visit(getmetatable(value))
  end
  for name, module in pairs(package.loaded) do
    if name:find "^sio" then visit(module) end
  end
  return classes
end

return face
