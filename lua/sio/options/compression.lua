-- SPDX-License-Identifier: MIT
-- Options of every server: what is compressed on its way to clients.

local check = require "sio.options.check"

local function whole(first, last)
  return function(value)
    if math.type(value) ~= "integer" or value < first or value > last then
      return ("a whole number from %d to %d expected, got %s"):format(first, last, tostring(value))
    end
  end
end

local deflate_fields = {
  threshold = { "number", 1024, check.count },
  level = { "number", nil, whole(1, 9) },
  mem_level = { "number", nil, whole(1, 9) },
  server_no_context_takeover = { "boolean", true },
  client_no_context_takeover = { "boolean", true },
  server_max_window_bits = { "number", nil, whole(8, 15) },
  client_max_window_bits = { "number", nil, whole(8, 15) },
}

local http_fields = {
  threshold = { "number", 1024, check.count },
  level = { "number", nil, whole(1, 9) },
  mem_level = { "number", nil, whole(1, 9) },
}

-- true and {...} as a table of the fields, false as it is
local function as_table(result, name, fields)
  local given = result[name]
  result[name] = given ~= false
    and check.with_defaults(type(given) == "table" and given or {}, fields, name .. ".")
end

return {
  nested = { per_message_deflate = deflate_fields, http_compression = http_fields },

  known = {
    per_message_deflate = { "boolean or table", false },
    http_compression = { "boolean or table", true },
  },

  flatten = function(result)
    as_table(result, "per_message_deflate", deflate_fields)
    as_table(result, "http_compression", http_fields)
  end,
}
