-- SPDX-License-Identifier: MIT
-- Certificates of a server: read when it is made, and again when the process is told to (SIGHUP).
--
-- Stands on core.tls_context; sio.server, sio.engine and sio.listening call it. Invariant: a server
-- always has a context that works; new files that do not are reported, and the old ones stay.

local core = require "sio.core"
local errors = require "sio.error"
local host = require "sio.host"

local tls = {}

local files = { "cert", "key", "ca" }

-- The text behind an option: itself when it is PEM, else the file of that name.
local function read(value)
  if value:find("-----BEGIN ", 1, true) then return value end
  local path = host.resolve(value)
  local file, err = io.open(path, "rb")
  if not file then return nil, err end
  local text
  text, err = file:read "a"
  file:close()
  if not text then return nil, ("%s: %s"):format(path, err) end
  return text, nil, path
end

-- A context for the option tls, or nil and what is wrong, in one line.
local function load(given)
  local asked = {
    passphrase = given.passphrase, ciphers = given.ciphers, only_tls13 = given.min_version == "1.3",
  }
  local paths = {}
  for _, name in ipairs(files) do
    if given[name] then
      local text, err, path = read(given[name])
      if not text then return nil, ("option 'tls.%s': %s"):format(name, err) end
      asked[name], paths[name] = text, path
    end
  end
  local context, name, problem = core.tls_context(asked)
  if context then return context end
  local where = paths[name] and paths[name] .. ": " or ""
  return nil, ("option 'tls.%s': %s%s"):format(name, where, problem)
end

--- Makes the core's server, with TLS when the options have it. Raises for what is wrong.
---@param options table checked
---@param app table
function tls.server_new(options, app)
  local context
  if options.tls then
    local err
    context, err = load(options.tls)
    if not context then errors.raise("%s", err) end
  end
  core.server_new(options, app)
  if context then core.server_set_tls(app, context) end
end

--- Reads the files again, for connections that come from now on.
---@param app table
function tls.reload(app)
  if not app._options.tls or app._closing then return end
  local context, err = load(app._options.tls)
  if not context then
    core.log("error", "tls: the certificate in use stays: " .. err)
    return
  end
  core.server_set_tls(app, context)
  core.log("info", "tls: the certificate was read again")
end

return tls
