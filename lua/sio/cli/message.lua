-- SPDX-License-Identifier: MIT
-- Control messages between supervisor and worker as text: JSON objects with the field op. Nobody
-- else sees them. lua-cjson reads every number as a float; whole ones become integers again here.

local cjson = require("cjson").new()

local message = {}

---@param fields table strings, numbers, booleans, and tables of them
---@return string
function message.encode(fields)
  return cjson.encode(fields)
end

local function with_integers(fields)
  for name, value in pairs(fields) do
    if type(value) == "table" then
      with_integers(value)
    else
      fields[name] = math.tointeger(value) or value
    end
  end
  return fields
end

---@param text string
---@return table
function message.decode(text)
  return with_integers(cjson.decode(text))
end

return message
