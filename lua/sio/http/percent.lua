-- SPDX-License-Identifier: MIT
-- Percent-encoding of URLs (RFC 3986 §2.1).

local percent = {}

local function to_byte(digits)
  return string.char(tonumber(digits, 16))
end

--- Escapes undone; a bad one stays as it is. '+' is no blank here.
---@param text string
---@return string
function percent.decode(text)
  if not text:find("%", 1, true) then return text end
  return (text:gsub("%%(%x%x)", to_byte))
end

local function to_digits(char)
  return ("%%%02X"):format(char:byte())
end

--- Everything escaped but unreserved characters, for a name or value of a query.
---@param text string
---@return string
function percent.encode(text)
  return (text:gsub("[^%w%-%._~]", to_digits))
end

return percent
