-- SPDX-License-Identifier: MIT
-- Fields that are collected for an answer: set, get, remove, by names in any case.
--
-- Stands on core.header_allowed. What is collected goes to the core as a flat list: name, value,
-- name, value.

local core = require "sio.core"
local errors = require "sio.error"

---@class sio.Headers
local Headers = {}
Headers.__index = Headers
Headers.__name = "sio.Headers"

local headers = {}

---@return sio.Headers
function headers.new()
  return setmetatable({ names = {}, values = {} }, Headers)
end

-- What is wrong with one field, or nil.
local function problem_of(name, value)
  if type(value) ~= "string" and type(value) ~= "number" then
    return "string or list of strings expected, got " .. type(value)
  elseif not core.header_allowed(name, tostring(value)) then
    return ("%q: no header of an answer can be set to %q"):format(name, value)
  end
end

local function as_list(value)
  return type(value) == "table" and value or { value }
end

--- What is wrong with a name and value, or nil.
---@param name any
---@param value any
---@return string?
function headers.problem(name, value)
  if type(name) ~= "string" then return "header name expected, got " .. type(name) end
  for _, each in ipairs(as_list(value)) do
    local problem = problem_of(name, each)
    if problem then return problem end
  end
end

--- A table for people to fill, in which a name in any case is one field. Nothing is checked.
---@return table<string, any>
function headers.open()
  local values = {} -- by name in lower case: { name, value }
  local function key_of(name) return type(name) == "string" and name:lower() or name end
  return setmetatable({}, {
    __index = function(_, name)
      local field = values[key_of(name)]
      return field and field[2]
    end,
    __newindex = function(_, name, value)
      values[key_of(name)] = value ~= nil and { name, value } or nil
    end,
    __pairs = function()
      local key, field
      return function()
        key, field = next(values, key)
        if field then return field[1], field[2] end
      end
    end,
  })
end

--- Replaces a field; a list gives several.
---@param name string
---@param value string|number|string[]
---@param method? string for messages
function Headers:set(name, value, method)
  local problem = headers.problem(name, value)
  if problem then errors.raise("bad argument to '%s' (%s)", method or "set", problem) end
  self.names[name:lower()] = name
  self.values[name:lower()] = value
end

---@param name string
---@return string|string[]|nil
function Headers:get(name)
  return self.values[name:lower()]
end

---@param name string
function Headers:remove(name)
  self.values[name:lower()] = nil
  self.names[name:lower()] = nil
end

--- Adds to Vary unless it is there.
---@param name string
function Headers:vary(name)
  local value = self.values.vary
  if type(value) == "table" then value = table.concat(value, ", ") end
  for each in (value or ""):gmatch "[^,%s]+" do
    if each == "*" or each:lower() == name:lower() then return end
  end
  self:set("Vary", value and value .. ", " .. name or name)
end

--- For the core.
---@return string[]
function Headers:flat()
  local list = {}
  for key, value in pairs(self.values) do
    for _, each in ipairs(as_list(value)) do
      list[#list + 1] = self.names[key]
      list[#list + 1] = tostring(each)
    end
  end
  return list
end

return headers
