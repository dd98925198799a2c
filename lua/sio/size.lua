-- SPDX-License-Identifier: MIT
-- Sizes of memory as people write them: 1073741824, "64k", "512M", "1.5G".
--
-- Pure. The command line and sio.conf.lua (sio.cli.values) and sio.server{} (sio.options.cluster)
-- call it, so that a size means the same wherever it stands.

local size = {}

local BYTES_MAX = 1 << 50
local factors = { [""] = 1, k = 1 << 10, m = 1 << 20, g = 1 << 30 }

--- The bytes of a text, or nil when it is no size.
---@param text string
---@return integer?
function size.parse(text)
  local digits, unit = text:match "^(%d+%.?%d*)([kKmMgG]?)$"
  local n = digits and tonumber(digits) * factors[unit:lower()]
  return n and n <= BYTES_MAX and math.tointeger(math.floor(n)) or nil
end

return size
