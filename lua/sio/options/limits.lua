-- SPDX-License-Identifier: MIT
-- Options about clients that read slowly or ask for too much.

local check = require "sio.options.check"

return {
  known = {
    max_buffered = { "number", 4 * 1024 * 1024, check.count },
    high_water = { "number", 1024 * 1024, check.count },
    pressure_timeout = { "number", 10, check.positive_seconds },
    slow_reader = { "string", "drop volatile",
      check.one_of("policy", { "drop volatile", "pause", "close" }) },
    max_packets_per_second = { "number", nil, check.count },
    max_bytes_per_second = { "number", nil, check.count },
    max_connections_per_address = { "number", nil, check.count },
    max_handshakes_per_address = { "number", nil, check.count },
  },
}
