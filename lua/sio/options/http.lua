-- SPDX-License-Identifier: MIT
-- Options of HTTP itself, for polling and for the application's requests alike.

local check = require "sio.options.check"

return {
  known = {
    head_timeout = { "number", 10, check.positive_seconds },
    body_timeout = { "number", 20, check.positive_seconds },
    keep_alive_timeout = { "number", 5, check.positive_seconds },
    max_body = { "number", nil, check.count },
  },
}
