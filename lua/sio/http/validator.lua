-- SPDX-License-Identifier: MIT
-- Conditional requests (RFC 9110 §13): what the client has, against what there is.
--
-- A tag is an ETag as it is sent: '"abc"', or 'W/"abc"' for one that is not good for ranges.

local date = require "sio.http.date"

local validator = {}

--- Whether a list of tags (If-Match, If-None-Match) names this one. Strong: neither may be weak.
---@param list string
---@param tag string
---@param strong boolean
---@return boolean
function validator.names(list, tag, strong)
  if list:find "^%s*%*%s*$" then return true end
  local weak, opaque = tag:match '^(W?/?)"(.*)"$'
  if strong and weak ~= "" then return false end
  for each_weak, each in list:gmatch '(W?/?)"([^"]*)"' do
    if each == opaque and not (strong and each_weak ~= "") then return true end
  end
  return false
end

-- Whether the file is newer than the date says; nil when that is no date.
local function is_newer(mtime, header)
  local known = date.parse(header)
  if known then return mtime > known end
end

--- What the preconditions of a GET or HEAD come to, in the order of §13.2.2: 304, 412, or nil: go
--- on.
---@param headers table<string, string>
---@param tag string
---@param mtime? integer
---@return 304|412|nil
function validator.check(headers, tag, mtime)
  local match, none_match = headers["if-match"], headers["if-none-match"]
  local unmodified, modified = headers["if-unmodified-since"], headers["if-modified-since"]
  if match then
    if not validator.names(match, tag, true) then return 412 end
  elseif unmodified and mtime and is_newer(mtime, unmodified) then
    return 412
  end
  if none_match then return validator.names(none_match, tag, false) and 304 or nil end
  if modified and mtime and is_newer(mtime, modified) == false then return 304 end
end

--- Whether a Range may be answered with a part: If-Range is absent or names exactly what there is.
---@param headers table<string, string>
---@param tag string
---@param mtime integer
---@return boolean
function validator.allows_range(headers, tag, mtime)
  local header = headers["if-range"]
  if not header then return true end
  if header:find('"', 1, true) then return validator.names(header, tag, true) end
  -- A date is as good as a strong tag only when the file did not change within its second.
  return tag:sub(1, 1) == '"' and date.parse(header) == mtime
end

return validator
