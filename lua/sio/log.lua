-- SPDX-License-Identifier: MIT
-- sio.log (and app.log): lines in the same log as the core's, with fields: key=value in text, and
-- members of the object in JSON.
--
--     app.log:info("bye", { sid = socket.id, reason = reason })
--
-- Stands on sio.core's log, which has level, time and worker. A call never raises for its fields.

local core = require "sio.core"
local errors = require "sio.error"

---@class sio.Log
local Log = {}
Log.__index = Log
Log.__name = "sio.log"

-- What JSON cannot hold is shown as Lua would, and bytes that are no UTF-8 as question marks.
local function encode(value)
  local json = core.json_encode(value)
  if json then return json end
  local ran, text = pcall(tostring, value)
  return core.json_encode((ran and text or type(value)):gsub("[\128-\255]", "?"))
end

-- The fields by name, as the core takes them: name, JSON, name, JSON ...
local function list_of(fields)
  local list, values = {}, {}
  for name, value in pairs(fields) do
    name = tostring(name)
    if values[name] == nil then list[#list + 1] = name end
    values[name] = value
  end
  table.sort(list)
  for i = #list, 1, -1 do
    list[2 * i - 1], list[2 * i] = list[i], encode(values[list[i]])
  end
  return list
end

local function write(level, self, message, fields)
  errors.check_self(level, self, Log)
  local list = type(fields) == "table" and next(fields) ~= nil and list_of(fields) or nil
  core.log(level, tostring(message), list)
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
