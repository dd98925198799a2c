-- SPDX-License-Identifier: MIT
-- Options of the whole that an application may state, for the supervisor: the command line and
-- sio.conf.lua win over them. Under plain Lua only `drain` means something.

local errors = require "sio.error"

local bytes_min = 1 << 20

-- Shorter times than a heartbeat's would see silence where there is none.
local function seconds(least)
  return function(value)
    local problem = errors.seconds_problem(value)
    if problem then return problem end
    if value < least then return ("at least %s seconds expected, got %s"):format(least, value) end
  end
end

local function bytes(value)
  if value < bytes_min or value ~= math.floor(value) then
    return ("a whole number of bytes from %d expected, got %s"):format(bytes_min, value)
  end
end

return {
  known = {
    drain = { "number", nil, seconds(0) },
    suspect_after = { "number", nil, seconds(0.5) },
    heartbeat_timeout = { "number", nil, seconds(1) },
    max_memory = { "number", nil, bytes },
  },
}
