-- SPDX-License-Identifier: MIT
-- The option that says how packets travel.

local check = require "sio.options.check"

return {
  known = {
    parser = { "string", "default", check.one_of("parser", { "default", "msgpack" }) },
  },
}
