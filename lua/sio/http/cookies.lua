-- SPDX-License-Identifier: MIT
-- The Cookie field of a request (RFC 6265 §5.4) as a table. What is no pair is left out; of a name
-- that comes twice the first one counts, for it has the longer path. Linear in the field's length.

local percent = require "sio.http.percent"

local cookies = {}

cookies.max = 128 -- pairs; what follows is ignored

-- Not "^%s*(.-)%s*$", which takes quadratic time for a run of blanks.
local function trim(text)
  local from = text:find "%S"
  return from and text:match(".*%S", from) or ""
end

--- Names and decoded values.
---@param header? string
---@return table<string, string>
function cookies.parse(header)
  local result, n = {}, 0
  for pair in (header or ""):gmatch "[^;]+" do
    local equals = pair:find("=", 1, true)
    local name = equals and trim(pair:sub(1, equals - 1)) or ""
    if name ~= "" and result[name] == nil then
      local value = trim(pair:sub(equals + 1))
      result[name] = percent.decode(value:match '^"(.*)"$' or value)
      n = n + 1
      if n == cookies.max then break end
    end
  end
  return result
end

return cookies
