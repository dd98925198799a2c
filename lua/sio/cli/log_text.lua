-- SPDX-License-Identifier: MIT
-- A line of the log for people: what is JSON as the text that a terminal would have got, what is
-- text already as it is. Pure; sio-lua logs shows lines with it on a terminal.

local status_table = require "sio.cli.status_table"

local cjson = require("cjson").new()

local log_text = {}

local frame = { ts = true, level = true, worker = true, pid = true, msg = true, suppressed = true }

-- "2026-01-02T11:34:56.789Z" as the time of day here.
local function clock(ts)
  local year, month, day, hour, min, sec, rest =
    tostring(ts):match "^(%d+)-(%d+)-(%d+)T(%d+):(%d+):(%d+)(.*)Z$"
  if not year then return tostring(ts) end
  local taken_as_local = os.time {
    year = year, month = month, day = day, hour = hour, min = min, sec = sec, isdst = false,
  }
  local ahead = taken_as_local - os.time(os.date("!*t", taken_as_local))
  return os.date("%H:%M:%S", taken_as_local + ahead) .. rest
end

local function value_text(value)
  if type(value) == "string" and value:find "^[%w_./:@+-]+$" then return value end
  local encoded, text = pcall(cjson.encode, value)
  return encoded and text or tostring(value)
end

-- What a terminal would obey is shown; the lines of a text follow indented.
local function message_text(message)
  local lines = {}
  for line in (tostring(message) .. "\n"):gmatch "(.-)\n" do
    lines[#lines + 1] = status_table.plain(line:gsub("\t", "  "))
  end
  return table.concat(lines, "\n  ")
end

--- "12:34:56.789 warn [worker 2] message name=value (3 more held back)"
---@param line string
---@return string
function log_text.of(line)
  local decoded, fields = pcall(cjson.decode, line)
  if not decoded or type(fields) ~= "table" or not fields.msg then
    return status_table.plain(line)
  end
  local parts = { clock(fields.ts), tostring(fields.level) }
  if (tonumber(fields.worker) or 0) > 0 then
    parts[#parts + 1] = ("[worker %.0f]"):format(fields.worker)
  end
  parts[#parts + 1] = message_text(fields.msg)
  local names = {}
  for name in pairs(fields) do
    if not frame[name] then names[#names + 1] = name end
  end
  table.sort(names)
  for _, name in ipairs(names) do
    parts[#parts + 1] = status_table.plain(name .. "=" .. value_text(fields[name]))
  end
  if tonumber(fields.suppressed) then
    parts[#parts + 1] = ("(%.0f more held back)"):format(fields.suppressed)
  end
  return table.concat(parts, " ")
end

return log_text
