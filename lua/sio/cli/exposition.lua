-- SPDX-License-Identifier: MIT
-- Prometheus' text format 0.0.4. Pure; sio.cli.metrics makes the families.
--
--     # HELP sio_clients Engine.IO sessions that are open
--     # TYPE sio_clients gauge
--     sio_clients{transport="polling"} 3

local exposition = {}

exposition.type = "text/plain; version=0.0.4; charset=utf-8"

---@class sio.cli.Family
---@field name string
---@field type "counter"|"gauge"
---@field help string
---@field [integer] { labels: string, value: number } labels: "" or written with exposition.label

local escapes = { ["\\"] = "\\\\", ["\n"] = "\\n", ['"'] = '\\"' }

--- name="value"
---@param name string
---@param value any
---@return string
function exposition.label(name, value)
  return ('%s="%s"'):format(name, (tostring(value):gsub('[\\\n"]', escapes)))
end

local function number(value)
  if math.type(value) == "integer" then return ("%d"):format(value) end
  return ("%.15g"):format(value)
end

---@param families sio.cli.Family[]
---@return string
function exposition.text(families)
  local lines = {}
  for _, family in ipairs(families) do
    lines[#lines + 1] = ("# HELP %s %s"):format(family.name,
      (family.help:gsub("[\\\n]", escapes)))
    lines[#lines + 1] = ("# TYPE %s %s"):format(family.name, family.type)
    for _, sample in ipairs(family) do
      local labels = sample.labels ~= "" and "{" .. sample.labels .. "}" or ""
      lines[#lines + 1] = family.name .. labels .. " " .. number(sample.value)
    end
  end
  lines[#lines + 1] = ""
  return table.concat(lines, "\n")
end

return exposition
