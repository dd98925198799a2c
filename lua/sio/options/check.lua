-- SPDX-License-Identifier: MIT
-- Checks of option tables: names, types, values, and the sentence about what is wrong.
--
-- A table of known options is { name = { type(s), default, problem } }: types as Lua names them,
-- with "or" between ("number or string"); problem(value) answers nil or what was expected instead.
-- Stands on error.lua; the tables are in this folder.

local errors = require "sio.error"

local check = {}

local last_second = 253402300799 -- of the year 9999: dates have no more digits

--- A timeout that may not be 0, nor milliseconds by mistake.
---@param value number
---@return string?
function check.positive_seconds(value)
  local problem = errors.seconds_problem(value)
  if problem then return problem end
  if value == 0 then return "more than 0 seconds expected" end
  if value < 0.001 then return "at least 0.001 seconds expected, got " .. value end
end

--- Whole seconds, as they go into headers.
---@param value number
---@return string?
function check.whole_seconds(value)
  local seconds = math.tointeger(value)
  if not seconds or seconds < 0 or seconds > last_second then
    return "a whole number of seconds expected, got " .. value
  end
end

--- How long something may be away: nights count, milliseconds still do not pass.
---@param value number
---@return string?
function check.absence(value)
  return errors.seconds_problem(value, 24)
end

--- A limit: a whole number from 1 to 2^31.
---@param value number
---@return string?
function check.count(value)
  if value < 1 or value ~= math.floor(value) or value > 2 ^ 31 then
    return "a whole number from 1 expected, got " .. value
  end
end

--- A check for one of some words, which suggests the nearest.
---@param what string "method"
---@param words string[] in the order in which they are listed
---@return fun(value: string): string?
function check.one_of(what, words)
  local known = {}
  for _, word in ipairs(words) do known[word] = true end
  return function(value)
    if known[value] then return nil end
    local near = errors.suggest(value, known)
    return ('unknown %s "%s"%s'):format(what, value, near and ' (did you mean "' .. near .. '"?)'
      or " (" .. table.concat(words, ", ") .. ")")
  end
end

-- "number or string" has "number"
local function has_type(types, value)
  for each in types:gmatch "%a+" do
    if each ~= "or" and each == type(value) then return true end
  end
  return false
end

-- "origin" is "cors.origin"; nil when no nested table has that, or several have.
local function find_nested(name, nested)
  local found
  for outer, fields in pairs(nested or {}) do
    if fields[name] then
      if found then return nil end
      found = outer .. "." .. name
    end
  end
  return found
end

local function suggestion(name, known, nested)
  if type(name) ~= "string" then return "" end
  local near = find_nested(errors.snake(name), nested) or errors.suggest(name, known)
  return near and (" (did you mean '%s'?)"):format(near) or ""
end

--- Raises for an option that is unknown, of the wrong type or of a wrong value.
---@param given table
---@param known table<string, table>
---@param prefix string "" or "tls."
---@param nested? table<string, table> what nested tables know, for suggestions
function check.fields(given, known, prefix, nested)
  for name, value in pairs(given) do
    local option = known[name]
    if not option then
      errors.raise("unknown option '%s%s'%s", prefix, tostring(name),
        suggestion(name, known, nested))
    elseif not has_type(option[1], value) then
      errors.raise("option '%s%s': %s expected, got %s", prefix, name, option[1], type(value))
    end
    local problem = option[3] and option[3](value)
    if problem then errors.raise("option '%s%s': %s", prefix, name, problem) end
  end
end

--- The checked options with their defaults, as a new table.
---@param given table
---@param known table<string, table>
---@param prefix? string
---@param nested? table<string, table>
---@return table
function check.with_defaults(given, known, prefix, nested)
  check.fields(given, known, prefix or "", nested)
  local result = {}
  for name, option in pairs(known) do
    if given[name] ~= nil then result[name] = given[name] else result[name] = option[2] end
  end
  return result
end

return check
