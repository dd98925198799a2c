-- SPDX-License-Identifier: MIT
-- The options of sio.server{} and sio.engine{}: names, types, defaults, and what is wrong with
-- them.
--
-- Stands on error.lua. Only options that do something are listed; the result is what
-- core.server_new takes (seconds, bytes), so a check that is missing here is missing.

local errors = require "sio.error"

local options = {}

-- How long a client may be away: nights count, milliseconds still do not pass.
local function absence(value)
  return errors.seconds_problem(value, 24)
end

local function positive_seconds(value)
  return errors.seconds_problem(value) or value == 0 and "more than 0 seconds expected" or nil
end

local function count(value)
  if value < 1 or value ~= math.floor(value) or value > 2 ^ 31 then
    return "a whole number from 1 expected, got " .. value
  end
end

local function url_path(value)
  if not value:find "^/[%w%-%._~/]*$" then
    return ('a path that begins with "/" expected, got "%s"'):format(value)
  end
end

local transport_names = { polling = true, websocket = true }

local function transports(value)
  if #value == 0 then return 'a list of "polling" and "websocket" expected' end
  for _, name in ipairs(value) do
    if not transport_names[name] then
      return ('a list of "polling" and "websocket" expected, got %s'):format(
        type(name) == "string" and '"' .. name .. '"' or type(name))
    end
  end
end

local balances = {
  ["least-connection"] = true, ["round-robin"] = true, random = true, ["ip-hash"] = true,
  ["forwarded-for"] = true,
}

local function balance(value)
  if not balances[value] then
    local near = errors.suggest(value, balances)
    return ('unknown method "%s"%s'):format(value, near and ' (did you mean "' .. near .. '"?)'
      or " (least-connection, round-robin, random, ip-hash, forwarded-for)")
  end
end

local function workers(value)
  if value == "auto" then return nil end
  if math.type(value) ~= "integer" or value < 1 or value > 64 then
    return 'a number from 1 to 64 or "auto" expected, got ' .. tostring(value)
  end
end

local recovery_fields = {
  max_disconnection_duration = { "number", nil, absence },
  skip_middlewares = { "boolean" },
}

-- name = { type(s), default, what is wrong with a value of that type }
local engine_options = {
  path = { "string", "/engine.io", url_path },
  ping_interval = { "number", 25, positive_seconds },
  ping_timeout = { "number", 20, positive_seconds },
  upgrade_timeout = { "number", 10, positive_seconds },
  max_http_buffer_size = { "number", 1e6, count },
  transports = { "table", nil, transports },
  allow_upgrades = { "boolean", true },
  workers = { "number or string", nil, workers },
  balance = { "string", nil, balance },
  max_connections = { "number", nil, count },
}

local server_options = {
  connect_timeout = { "number", 45, positive_seconds },
  connection_state_recovery = { "boolean or table", false },
  serve_client = { "boolean", true },
}
for name, option in pairs(engine_options) do server_options[name] = option end
server_options.path = { "string", "/socket.io", url_path }

-- "number or string" has "number"
local function has_type(types, value)
  for each in types:gmatch "%a+" do
    if each ~= "or" and each == type(value) then return true end
  end
  return false
end

local function check_known(given, known, prefix)
  for name, value in pairs(given) do
    local option = known[name]
    if not option then
      local near = type(name) == "string" and errors.suggest(name, known)
      errors.raise("unknown option '%s%s'%s", prefix, tostring(name),
        near and (" (did you mean '%s'?)"):format(near) or "")
    elseif not has_type(option[1], value) then
      errors.raise("option '%s%s': %s expected, got %s", prefix, name, option[1], type(value))
    end
    local problem = option[3] and option[3](value)
    if problem then errors.raise("option '%s%s': %s", prefix, name, problem) end
  end
end

local function check(method, given, known)
  if given == nil then given = {} end
  if type(given) ~= "table" then
    errors.raise("bad argument #1 to '%s' (table of options expected, got %s)", method, type(given))
  end
  check_known(given, known, "")
  local result = {}
  for name, option in pairs(known) do
    if given[name] ~= nil then result[name] = given[name] else result[name] = option[2] end
  end
  return result
end

-- connection_state_recovery = true | {...} as the flat fields of core.server_new
local function flatten_recovery(result)
  local recovery = result.connection_state_recovery
  result.connection_state_recovery = nil
  result.recovery = recovery ~= false
  if type(recovery) == "table" then
    check_known(recovery, recovery_fields, "connection_state_recovery.")
  else
    recovery = {}
  end
  result.max_disconnection_duration = recovery.max_disconnection_duration or 120
  result.skip_middlewares = recovery.skip_middlewares ~= false
end

--- The checked options of sio.server, with defaults. Raises for what is wrong.
---@param given? sio.Options
---@return table
function options.server(given)
  local result = check("sio.server", given, server_options)
  flatten_recovery(result)
  return result
end

--- The checked options of sio.engine, with defaults.
---@param given? sio.EngineOptions
---@return table
function options.engine(given)
  local result = check("sio.engine", given, engine_options)
  result.engine_only = true
  return result
end

return options
