-- SPDX-License-Identifier: MIT
-- The option that says how packets travel: by a name, or as two functions.

local check = require "sio.options.check"
local errors = require "sio.error"

local fields = {
  encode = { "function", nil },
  decode = { "function", nil },
  decoder = { "function", nil },
}

local named = check.one_of("parser", { "default", "msgpack" })

return {
  nested = { parser = fields },

  known = {
    parser = { "string or table", "default", function(value)
      return type(value) == "string" and named(value) or nil
    end },
  },

  flatten = function(result)
    local parser = result.parser
    if type(parser) ~= "table" then return end
    check.fields(parser, fields, "parser.")
    if not parser.encode then errors.raise("option 'parser.encode': function expected, got nil") end
    if (parser.decode == nil) == (parser.decoder == nil) then
      errors.raise("option 'parser': either 'decode' (a message is a packet) or 'decoder' "
        .. "(makes a decode for each client) expected, got %s", parser.decode and "both" or "none")
    end
  end,
}
