-- SPDX-License-Identifier: MIT
-- Options about the application's handlers.

local check = require "sio.options.check"

local function limit(value)
  if value == true then return "a number of seconds, or false, expected, got true" end
  return value and value ~= 0 and check.positive_seconds(value) or nil
end

return {
  known = {
    slow_handler = { "number or boolean", 0.2, limit },
  },

  flatten = function(result)
    result.slow_handler = result.slow_handler or 0
  end,
}
