-- SPDX-License-Identifier: MIT
-- Options of every server: Engine.IO's, and where its workers and clients go.

local check = require "sio.options.check"

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

local function workers(value)
  if value == "auto" then return nil end
  if math.type(value) ~= "integer" or value < 1 or value > 63 then
    return 'a number from 1 to 63 or "auto" expected, got ' .. tostring(value)
  end
end

return {
  url_path = url_path,

  known = {
    path = { "string", "/engine.io", url_path },
    ping_interval = { "number", 25, check.positive_seconds },
    ping_timeout = { "number", 20, check.positive_seconds },
    upgrade_timeout = { "number", 10, check.positive_seconds },
    message_timeout = { "number", 60, check.positive_seconds },
    max_http_buffer_size = { "number", 1e6, check.count },
    transports = { "table", nil, transports },
    allow_upgrades = { "boolean", true },
    allow_eio3 = { "boolean", false },
    workers = { "number or string", nil, workers },
    balance = { "string", nil, check.one_of("method",
      { "least-connection", "round-robin", "random", "ip-hash", "forwarded-for" }) },
    max_connections = { "number", nil, check.count },
  },
}
