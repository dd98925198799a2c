-- SPDX-License-Identifier: MIT
-- The option `cors`: who may read the answers from another origin, as npm's cors has it, and who
-- may open a WebSocket, which no browser asks a server about.
--
-- Stands on headers.lua and options/cors.lua. gate.lua runs it as the first middleware, client.lua
-- in front of the browser client. Options are checked when the server is made, those that a
-- function answers here.

local checked = require "sio.options.cors"

local cors = {}

local all_methods = "GET,HEAD,PUT,PATCH,POST,DELETE"

-- A list joined, or a string as it is; nil when there is nothing.
local function joined(value)
  if type(value) == "table" then value = table.concat(value, ",") end
  return value ~= nil and value ~= "" and value or nil
end

-- ---- origins --------------------------------------------------------------------------------

-- true | "https://x" | { pattern = "^https://" } | a list of these
local function allows(rule, origin)
  if type(rule) ~= "table" then return rule == origin or rule == true end
  if rule.pattern then return origin ~= nil and origin:find(rule.pattern) ~= nil end
  for _, each in ipairs(rule) do
    if allows(each, origin) then return true end
  end
  return false
end

local default_ports = { http = "80", https = "443", ws = "80", wss = "443" }

-- The origin of the page that asks; nil when it is no page. A script is asked for without an Origin
-- (JSONP): then Referer has its page, and who hides that is as good as "null".
local function page_of(req)
  if req.headers.origin or not req.query.j then return req.headers.origin end
  return (req.headers.referer or ""):match "^%a[%w+.-]*://[^/?#]+" or "null"
end

-- Whether the page came from here: its origin is the host that the request names.
local function is_same_host(origin, req)
  local scheme, host = origin:lower():match "^(%a[%w+.-]*)://([^/]+)$"
  local asked = req.host and req.host:lower()
  if not host or not asked then return false end
  local port = default_ports[scheme]
  local function plain(name)
    return port and name:gsub(":" .. port .. "$", "") or name
  end
  return plain(host) == plain(asked)
end

local function is_open(rule)
  return rule == nil or rule == "*" or rule == true
end

--- Whether the request may open a WebSocket: no page of another origin unless it is allowed.
local function may_connect(rule, req)
  local origin = page_of(req)
  return origin == nil or is_open(rule) or allows(rule, origin) or is_same_host(origin, req)
end

-- ---- fields ---------------------------------------------------------------------------------

local function set_origin(rule, req, headers)
  if rule == nil or rule == "*" then
    headers:set("Access-Control-Allow-Origin", "*")
    return
  end
  if type(rule) == "string" then
    headers:set("Access-Control-Allow-Origin", rule)
  elseif req.headers.origin and allows(rule, req.headers.origin) then
    headers:set("Access-Control-Allow-Origin", req.headers.origin)
  end
  headers:vary "Origin"
end

local function set_common(options, rule, req, headers)
  set_origin(rule, req, headers)
  if options.credentials then headers:set("Access-Control-Allow-Credentials", "true") end
  local exposed = joined(options.exposed_headers)
  if exposed then headers:set("Access-Control-Expose-Headers", exposed) end
end

local function set_preflight(options, req, headers)
  headers:set("Access-Control-Allow-Methods", joined(options.methods) or all_methods)
  local allowed = options.allowed_headers
  if allowed == nil then
    allowed = req.headers["access-control-request-headers"]
    headers:vary "Access-Control-Request-Headers"
  end
  allowed = joined(allowed)
  if allowed then headers:set("Access-Control-Allow-Headers", allowed) end
  if options.max_age then
    headers:set("Access-Control-Max-Age", ("%d"):format(math.floor(options.max_age)))
  end
end

-- ---- requests -------------------------------------------------------------------------------

-- The options and the rule for one request. nil and why when a function of the app refuses.
local function resolve(given, req)
  local options = given
  if type(given) == "function" then
    local result, err = given(req)
    if result == nil and err ~= nil then return nil, nil, err end
    options = result == nil and {} or result
    if type(options) ~= "table" then options = { origin = options } end
    options = checked.check(options)
  end
  local rule = options.origin
  if type(rule) == "function" then
    local err
    rule, err = rule(page_of(req), req)
    if err ~= nil and not rule then return nil, nil, err end
    rule = rule or false
  end
  return options, rule
end

-- A page of another origin cannot read what its GET brings, so it is not let in at all. A POST is:
-- it comes from a page that could open the session, maybe behind a proxy that hides the host.
local function is_stranger(options, rule, req)
  if options.strict_origin == false then return false end
  return (req.upgrade or req.method == "GET") and not may_connect(rule, req)
end

--- What becomes of a request, after the fields were set: nil: it goes on; "answer" and a status: a
--- preflight; "forbid"; "fail" and why.
---@async
---@param given sio.CorsOptions|fun(req: sio.EngineRequest): sio.CorsOptions?, any
---@param req sio.EngineRequest
---@param headers sio.Headers
---@return "answer"|"forbid"|"fail"|nil, any
function cors.apply(given, req, headers)
  local options, rule, err = resolve(given, req)
  if not options then return "fail", err end
  if rule ~= false then set_common(options, rule, req, headers) end
  if req.method == "OPTIONS" and rule ~= false then
    set_preflight(options, req, headers)
    if not options.preflight_continue then
      return "answer", options.options_success_status
    end
  end
  if is_stranger(options, rule, req) then return "forbid" end
end

return cors
