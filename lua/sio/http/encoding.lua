-- SPDX-License-Identifier: MIT
-- The Accept-Encoding field (RFC 9110 §12.5.3).

local encoding = {}

--- The set of content codings that the client takes, of those asked about.
---@param header? string
---@param names string[] lower-case
---@return table<string, boolean>
function encoding.accepted(header, names)
  local result, listed = {}, {}
  for item in (header or ""):lower():gmatch "[^,]+" do
    local name, rest = item:match "^%s*([%w%*-]+)(.*)$"
    if name then listed[name] = tonumber(rest:match "q=([%d%.]+)" or "1") ~= 0 end
  end
  for _, name in ipairs(names) do
    local takes = listed[name]
    if takes == nil then takes = listed["*"] end
    result[name] = takes or false
  end
  return result
end

return encoding
