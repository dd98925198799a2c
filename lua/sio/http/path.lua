-- SPDX-License-Identifier: MIT
-- Paths of routes: "/users/:id", "/flights/:from-:to", "/files/*rest".
--
-- A path is split at its slashes before it is decoded, so that "%2F" in a part stays in that part.

local errors = require "sio.error"
local percent = require "sio.http.percent"

local path = {}

local names_max = 2 -- in one part; with more of them a long one takes cubic time to fail
local part_max = 1024 -- bytes of a part that two names share, for the same reason

--- The raw parts between the slashes; nil for what does not begin with one ("*", an authority).
---@param raw string
---@return string[]?
function path.split(raw)
  if raw:sub(1, 1) ~= "/" then return nil end
  local parts = {}
  for part in raw:sub(2):gmatch "[^/]*" do parts[#parts + 1] = part end
  return parts
end

-- ":from-:to" -> { pattern, names }; text without names stays text.
local function compile_part(text)
  local names = {}
  local quoted = text:gsub("[%^%$%(%)%%%.%[%]%*%+%-%?]", "%%%0")
  local pattern = quoted:gsub(":([%a_][%w_]*)", function(name)
    names[#names + 1] = name
    return "(.+)"
  end)
  if #names == 0 then return text end
  if #names > names_max then
    errors.raise("a path has at most %d names between two slashes: %q", names_max, text)
  end
  return { pattern = "^" .. pattern .. "$", names = names }
end

--- What path.match takes. Raises for what no path can be.
---@param text string
---@return table
function path.compile(text)
  local parts = path.split(text)
  if not parts then errors.raise "a path begins with '/'" end
  local tail = parts[#parts]:match "^%*([%a_][%w_]*)$"
  if tail then parts[#parts] = nil end
  for i, part in ipairs(parts) do
    if part:find("*", 1, true) then
      errors.raise("'*name' stands for the rest of a path, at its end: %q", text)
    end
    parts[i] = compile_part(part)
  end
  return { parts = parts, tail = tail }
end

local function match_part(wanted, raw, params)
  local part = percent.decode(raw)
  if type(wanted) == "string" then return part == wanted end
  if #wanted.names > 1 and #part > part_max then return false end
  local found = table.pack(part:match(wanted.pattern))
  if found[1] == nil then return false end
  for i, name in ipairs(wanted.names) do params[name] = found[i] end
  return true
end

--- The values of the names; nil when it does not match.
---@param compiled table
---@param parts string[] of path.split
---@return table<string, string>?
function path.match(compiled, parts)
  local n = #compiled.parts
  if #parts < n or (#parts == n) ~= (compiled.tail == nil) then return nil end
  local params = {}
  for i, wanted in ipairs(compiled.parts) do
    if not match_part(wanted, parts[i], params) then return nil end
  end
  if compiled.tail then
    params[compiled.tail] = percent.decode(table.concat(parts, "/", n + 1))
  end
  return params
end

return path
