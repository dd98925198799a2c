-- SPDX-License-Identifier: MIT
-- sio.log (and app.log): lines in the same log as the core's, with fields as key=value.
--
--     app.log:info("bye", { sid = socket.id, reason = reason })
--
-- Stands on sio.core's log, which has level, time and tag. A call never raises for its fields.

local core = require "sio.core"
local errors = require "sio.error"

---@class sio.Log
local Log = {}
Log.__index = Log
Log.__name = "sio.log"

local function format_value(value)
  if type(value) == "string" and value:find "^[%w_./:@+-]+$" then return value end
  return core.json_encode(value) or tostring(value)
end

local function format_fields(fields)
  local names = {}
  for name in pairs(fields) do names[#names + 1] = tostring(name) end
  table.sort(names)
  for i, name in ipairs(names) do
    local value = fields[name]
    if value == nil then value = fields[tonumber(name)] end
    names[i] = name .. "=" .. format_value(value)
  end
  return table.concat(names, " ")
end

local function write(level, self, message, fields)
  errors.check_self(level, self, Log)
  local text = tostring(message)
  if type(fields) == "table" and next(fields) ~= nil then
    text = text .. " " .. format_fields(fields)
  end
  core.log(level, text)
end

--- Shown with --log-level debug only.
---@param message any
---@param fields? table<string, any>
function Log:debug(message, fields)
  write("debug", self, message, fields)
end

---@param message any
---@param fields? table<string, any>
function Log:info(message, fields)
  write("info", self, message, fields)
end

---@param message any
---@param fields? table<string, any>
function Log:warn(message, fields)
  write("warn", self, message, fields)
end

---@param message any
---@param fields? table<string, any>
function Log:error(message, fields)
  write("error", self, message, fields)
end

return setmetatable({}, Log)
