-- SPDX-License-Identifier: MIT
-- What runs this process: plain Lua, or a worker under sio-lua. Where the app file lies, what the
-- supervisor has decided, and how a server gets its listening socket and learns that it must
-- stop.
--
-- Stands on sio.core.process; sio.server, sio.sqlite and the static files call it. sio.cli.worker
-- calls host.attach before the app file runs; under plain Lua nobody does.

local core = require "sio.core"

---@class sio.host
---@field supervised boolean whether a supervisor owns the listening sockets
---@field base_dir string the folder of the app file, absolute
---@field stopping boolean whether this worker has been told to stop
---@field overrides { balance?: string } options that were given to sio-lua and win over the app's
---@field defaults table of sio.server{}, as sio.conf.lua has them
---@field trial? fun(app: table) under sio.test: gets each server that shall listen
local host = { supervised = false, stopping = false, overrides = {}, defaults = {} }

---@class sio.host.Request
---@field addresses sio.Address[] as the app declares them
---@field secure boolean with TLS, for the banner
---@field workers? integer|"auto" as the app declares it
---@field balance? string as the app declares it
---@field drain? number seconds, as the app declares it, like the next three
---@field suspect_after? number
---@field heartbeat_timeout? number
---@field max_memory? integer
---@field retention? number seconds for which sessions of a dead worker can be recovered

local PORT, PORT_MAX = 3000, 65535

local link -- to the supervisor: { listen = function(app, request, on_listening), closed }
local stop_hooks = {}

-- The folder of the file that plain Lua runs; the current one where there is none (lua -i, a
-- module).
local function script_dir()
  local script = type(arg) == "table" and type(arg[0]) == "string" and arg[0] or ""
  local dir = script:match "^(.*)/[^/]*$"
  if dir == "" then dir = "/" end
  return core.process.realpath(dir or ".") or core.process.realpath "."
end

host.base_dir = script_dir()

--- An absolute path: relative ones are relative to the app file.
---@param path string
---@return string
function host.resolve(path)
  if path:sub(1, 1) == "/" then return path end
  return (host.base_dir == "/" and "" or host.base_dir) .. "/" .. path
end

--- The port of an address, which need not say one; nil and why the environment's is none.
---@param asked sio.Address
---@return integer?
---@return string? err
function host.port_of(asked)
  if asked.port then return asked.port end
  local text = os.getenv "PORT"
  if not text or text == "" then return PORT end
  local port = text:find "^%d+$" and math.tointeger(tonumber(text))
  if port and port <= PORT_MAX then return port end
  return nil, ('PORT: expected a number from 0 to %d, got "%s"'):format(PORT_MAX, text)
end

--- The options of a server: what the app gives, and what it leaves to sio.conf.lua.
---@param given any
---@return any
function host.with_defaults(given)
  if next(host.defaults) == nil or given ~= nil and type(given) ~= "table" then return given end
  local result = {}
  for name, value in pairs(host.defaults) do result[name] = value end
  for name, value in pairs(given or {}) do result[name] = value end
  return result
end

--- Under a supervisor: asks it for the listening sockets. They come once the app file has run;
--- from then on connections are accepted and on_listening() runs. Under plain Lua the server
--- listens itself.
---@param app table the server
---@param request sio.host.Request
---@param on_listening? fun()
function host.listen(app, request, on_listening)
  link.listen(app, request, on_listening or function() end)
end

--- Under a supervisor: the server listens no more in this worker.
---@param app table
function host.closed(app)
  link.closed(app)
end

--- Calls fn(reason, drain) when this worker has to stop within `drain` seconds; it may wait. The
--- process ends when all have returned.
---@param fn async fun(reason: string, drain: number)
function host.on_stop(fn)
  table.insert(stop_hooks, fn)
end

--- For sio.cli.worker: this process is supervised.
---@param base_dir string
---@param overrides { balance?: string }
---@param supervisor { listen: fun(app, request, on_listening), closed: fun(app) }
function host.attach(base_dir, overrides, supervisor)
  host.supervised, host.base_dir, host.overrides, link = true, base_dir, overrides, supervisor
end

--- For sio.cli.worker: runs the stop hooks, last first.
---@async
---@param reason string
---@param drain number seconds
function host.stop(reason, drain)
  host.stopping = true
  while #stop_hooks > 0 do
    local ran, err = pcall(table.remove(stop_hooks), reason, drain)
    if not ran then core.log("error", "on_stop: " .. tostring(err)) end
  end
end

return host
