-- SPDX-License-Identifier: MIT
-- Options about the engine's requests before and while they are served: see gate.lua.

local check = require "sio.options.check"
local core = require "sio.core"
local cors = require "sio.options.cors"

-- ---- cookie ---------------------------------------------------------------------------------

local function token(value)
  if not value:find "^[%w!#$%%&'*+%-.^_`|~]+$" then
    return ("a cookie's name expected, got %q"):format(value)
  end
end

local function cookie_path(value)
  if value == true or value and value:find "[^\x20-\x3a\x3d-\x7e]" then
    return ("a path without ';' or control characters, or false, expected, got %q"):format(
      tostring(value))
  end
end

local function domain(value)
  local name = value:gsub("^%.", "")
  if not name:find "^[%w.%-]+$" or name:find "%.%." or name:find "^[.%-]" or name:find "[.%-]$" then
    return ("a domain expected, got %q"):format(value)
  end
end

local same_site = check.one_of("same_site", { "lax", "strict", "none" })

local cookie_fields = {
  name = { "string", "io", token },
  path = { "string or boolean", "/", cookie_path },
  http_only = { "boolean", true },
  same_site = { "string or boolean", "lax", function(value)
    if value == true then return '"lax", "strict", "none" or false expected, got true' end
    return value and same_site(value) or nil
  end },
  secure = { "boolean", nil },
  domain = { "string", nil, domain },
  max_age = { "number", nil, check.whole_seconds },
  expires = { "number", nil, check.whole_seconds },
  encode = { "function", nil },
}

return {
  nested = { cookie = cookie_fields, cors = cors.nested.cors },

  known = {
    add_trailing_slash = { "boolean", true },
    allow_request = { "function", nil },
    generate_id = { "function", nil },
    initial_packet = { "string or userdata", nil, function(value)
      if type(value) == "userdata" and not core.is_binary(value) or
        type(value) == "string" and not utf8.len(value) then
        return "text, or bytes as sio.binary, expected"
      end
    end },
    cookie = { "boolean or table", false },
    cors = { "boolean or table or function", false },
    destroy_upgrade = { "boolean", true },
    destroy_upgrade_timeout = { "number", 1, check.positive_seconds },
  },

  flatten = function(result)
    if result.cookie then
      local given = result.cookie == true and {} or result.cookie
      result.cookie = check.with_defaults(given, cookie_fields, "cookie.")
    end
    if result.cors == true then result.cors = {} end
    if type(result.cors) == "table" then result.cors = cors.check(result.cors) end
  end,
}
