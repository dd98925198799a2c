-- SPDX-License-Identifier: MIT
-- Options of the whole that an application may state, for the supervisor: the command line and
-- sio.conf.lua win over them. Under plain Lua only `drain` means something.

local errors = require "sio.error"
local size = require "sio.size"

local bytes_min = 1 << 20

-- Shorter times than a heartbeat's would see silence where there is none.
local function seconds(least)
  return function(value)
    local problem = errors.seconds_problem(value)
    if problem then return problem end
    if value < least then return ("at least %s seconds expected, got %s"):format(least, value) end
  end
end

local function bytes_of(value)
  return type(value) == "string" and size.parse(value) or math.tointeger(value)
end

local function bytes(value)
  local n = bytes_of(value)
  if not n or n < bytes_min then
    return ('bytes, as "512M", "1.5G" or a number from %d, expected, got %s'):format(bytes_min,
      value)
  end
end

local function flatten(result)
  result.max_memory = bytes_of(result.max_memory)
end

return {
  known = {
    drain = { "number", nil, seconds(0) },
    suspect_after = { "number", nil, seconds(0.5) },
    heartbeat_timeout = { "number", nil, seconds(1) },
    max_memory = { "number or string", nil, bytes },
  },
  flatten = flatten,
}
