-- SPDX-License-Identifier: MIT
-- Control messages between supervisor and worker as text: JSON objects with the field op. Nobody
-- else sees them. lua-cjson reads every number as a float; whole ones become integers again here.

local cjson = require("cjson").new()

local message = {}

---@param fields table flat: strings, numbers, booleans
---@return string
function message.encode(fields)
  return cjson.encode(fields)
end

---@param text string
---@return table
function message.decode(text)
  local fields = cjson.decode(text)
  for name, value in pairs(fields) do fields[name] = math.tointeger(value) or value end
  return fields
end

return message
