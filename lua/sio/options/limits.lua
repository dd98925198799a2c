-- SPDX-License-Identifier: MIT
-- Options about clients that read slowly or ask for too much.

local check = require "sio.options.check"
local errors = require "sio.error"

local high_water = 1024 * 1024

return {
  known = {
    max_buffered = { "number", 4 * 1024 * 1024, check.count },
    high_water = { "number", nil, check.count },
    pressure_timeout = { "number", 10, check.positive_seconds },
    slow_reader = { "string", "drop volatile",
      check.one_of("policy", { "drop volatile", "pause", "close" }) },
    max_packets_per_second = { "number", nil, check.count },
    max_bytes_per_second = { "number", nil, check.count },
    max_connections_per_address = { "number", nil, check.count },
    max_handshakes_per_address = { "number", nil, check.count },
  },

  -- Who comes to max_buffered is closed, so pressure has to begin before.
  flatten = function(result)
    local most = result.max_buffered
    if result.high_water == nil then
      result.high_water = math.max(1, math.min(high_water, most // 4))
    elseif result.high_water > most then
      errors.raise("option 'high_water': at most max_buffered, %d, expected, got %d", most,
        result.high_water)
    end
  end,
}
