-- SPDX-License-Identifier: MIT
-- Options that a Socket.IO server has beyond Engine.IO's.

local check = require "sio.options.check"
local engine = require "sio.options.engine"

local recovery_fields = {
  max_disconnection_duration = { "number", 120, check.absence },
  max_missed_packets = { "number", 10000, check.count },
  max_missed_bytes = { "number", 2 * 1024 * 1024, check.count },
  skip_middlewares = { "boolean", true },
}

return {
  nested = { connection_state_recovery = recovery_fields },

  known = {
    path = { "string", "/socket.io", engine.url_path },
    connect_timeout = { "number", 45, check.positive_seconds },
    connection_state_recovery = { "boolean or table", false },
    cleanup_empty_child_namespaces = { "boolean", true },
    serve_client = { "boolean", true },
  },

  -- connection_state_recovery = true | {...} as the flat fields of core.server_new
  flatten = function(result)
    local given = result.connection_state_recovery
    local recovery = check.with_defaults(type(given) == "table" and given or {}, recovery_fields,
      "connection_state_recovery.")
    result.connection_state_recovery = nil
    result.recovery = given ~= false
    for name, value in pairs(recovery) do result[name] = value end
  end,
}
