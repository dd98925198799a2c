-- SPDX-License-Identifier: MIT
-- The Range field (RFC 9110 §14): one range of bytes.
--
-- Several ranges are answered with the whole file, which is allowed and no client depends on the
-- other: many overlapping ones were an attack on servers that build them.

local range = {}

-- Digits to an integer; what does not fit is larger than any file.
local function to_integer(digits)
  return #digits <= 18 and math.tointeger(tonumber(digits)) or math.maxinteger
end

--- Offset and length of the part that is asked for; nil when the field says nothing (then the whole
--- is the answer), false when it lies outside (416).
---@param header? string
---@param size integer bytes
---@return integer|false|nil offset, integer? length
function range.parse(header, size)
  local unit, first, last = (header or ""):match "^%s*(%a+)=%s*(%d*)%-(%d*)%s*$"
  if not unit or unit:lower() ~= "bytes" or size == 0 then return nil end
  if first == "" then
    if last == "" then return nil end
    local length = math.min(to_integer(last), size)
    if length == 0 then return false end
    return size - length, length
  end
  local from = to_integer(first)
  local to = last == "" and math.maxinteger or to_integer(last)
  if to < from then return nil end
  if from >= size then return false end
  return from, math.min(to, size - 1) - from + 1
end

return range
