-- SPDX-License-Identifier: MIT
-- The option tls: what a server needs for HTTPS and WSS. Files are read by lua/sio/tls.lua.

local check = require "sio.options.check"
local errors = require "sio.error"

local fields = {
  cert = { "string" },
  key = { "string" },
  passphrase = { "string" },
  ca = { "string" },
  request_cert = { "boolean", false },
  ciphers = { "string" },
  min_version = { "string", "1.2", check.one_of("version", { "1.2", "1.3" }) },
}

return {
  nested = { tls = fields },

  known = { tls = { "table" } },

  flatten = function(result)
    if not result.tls then return end
    local tls = check.with_defaults(result.tls, fields, "tls.")
    for _, name in ipairs { "cert", "key" } do
      if not tls[name] then errors.raise("option 'tls.%s': a file or a PEM text expected", name) end
    end
    if (tls.ca ~= nil) ~= tls.request_cert then
      errors.raise("option 'tls.%s': tls.ca and tls.request_cert = true go together",
        tls.ca and "ca" or "request_cert")
    end
    result.tls = tls
  end,
}
