-- SPDX-License-Identifier: MIT
-- The fields of the option cors: for hooks.lua, and for http/cors.lua when a function of the app
-- answers them.

local check = require "sio.options.check"
local core = require "sio.core"

local default_ports = { http = "80", https = "443", ws = "80", wss = "443" }

-- Browsers send scheme, host and port, in lower case: whatever else is compared with that in vain.
local function text_problem(value)
  if value == "*" or value == "null" then return nil end
  local scheme, host = value:match "^(%l[%l%d+.-]*)://([^/%s%u]+)$"
  if not scheme or not core.header_allowed("Origin", value) then
    return ('an origin like "https://example.com", without a path and in lower case, expected, '
      .. 'got "%s"'):format(value)
  end
  local port = host:match ":(%d+)$"
  if port and port == default_ports[scheme] then
    return ('a browser leaves out the port %s of %s, got "%s"'):format(port, scheme, value)
  end
end

local function pattern_problem(value)
  local ok = type(value) == "string" and pcall(string.find, "", value)
  return not ok and "pattern: a Lua pattern expected" or nil
end

-- true | "https://x" | { pattern = } | a list of these
local function rule_problem(value)
  if type(value) == "string" then return text_problem(value) end
  if type(value) == "boolean" then return nil end
  if type(value) ~= "table" then
    return "a string, true, { pattern = } or a list of these expected, got " .. type(value)
  end
  if value.pattern ~= nil then return pattern_problem(value.pattern) end
  for _, each in ipairs(value) do
    if each == "*" then return '"*" stands alone, not in a list' end
    local problem = rule_problem(each)
    if problem then return problem end
  end
end

local function origin(value)
  return type(value) ~= "function" and rule_problem(value) or nil
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

local fields = {
  origin = { "string or boolean or table or function", nil, origin },
  methods = { "string or table", nil, names },
  allowed_headers = { "string or table", nil, names },
  exposed_headers = { "string or table", nil, names },
  credentials = { "boolean", false },
  max_age = { "number", nil, check.whole_seconds },
  preflight_continue = { "boolean", false },
  options_success_status = { "number", 204, status },
  strict_origin = { "boolean", true },
}

return {
  nested = { cors = fields },

  --- The fields with their defaults; raises for what is wrong.
  ---@param given sio.CorsOptions
  ---@return sio.CorsOptions
  check = function(given) return check.with_defaults(given, fields, "cors.") end,
}
