-- SPDX-License-Identifier: MIT
-- Options about the engine's requests before and while they are served: see gate.lua.

local check = require "sio.options.check"
local core = require "sio.core"

local function whole(value)
  if value < 0 or value ~= math.floor(value) then
    return "a whole number of seconds expected, got " .. value
  end
end

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
  max_age = { "number", nil, whole },
  expires = { "number", nil },
  encode = { "function", nil },
}

-- ---- cors -----------------------------------------------------------------------------------

-- true | "https://x" | { pattern = } | a list of these
local function origin_problem(value)
  if type(value) ~= "table" then
    return type(value) ~= "string" and type(value) ~= "boolean" and
      "a string, true, { pattern = } or a list of these expected, got " .. type(value) or nil
  end
  if value.pattern ~= nil then
    local ok = type(value.pattern) == "string" and pcall(string.find, "", value.pattern)
    return not ok and "pattern: a Lua pattern expected" or nil
  end
  for _, each in ipairs(value) do
    local problem = origin_problem(each)
    if problem then return problem end
  end
end

local function origin(value)
  return type(value) ~= "function" and origin_problem(value) or nil
end

local function names(value)
  for _, each in ipairs(type(value) == "table" and value or { value }) do
    if type(each) ~= "string" or not core.header_allowed("X", each) then
      return "a string or list of strings expected"
    end
  end
end

local function status(value)
  if math.type(value) ~= "integer" or value < 200 or value > 299 then
    return "a status from 200 to 299 expected, got " .. tostring(value)
  end
end

local cors_fields = {
  origin = { "string or boolean or table or function", nil, origin },
  methods = { "string or table", nil, names },
  allowed_headers = { "string or table", nil, names },
  exposed_headers = { "string or table", nil, names },
  credentials = { "boolean", false },
  max_age = { "number", nil, whole },
  preflight_continue = { "boolean", false },
  options_success_status = { "number", 204, status },
  strict_origin = { "boolean", true },
}

return {
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
    if type(result.cors) == "table" then
      result.cors = check.with_defaults(result.cors, cors_fields, "cors.")
    end
  end,
}
