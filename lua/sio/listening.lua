-- SPDX-License-Identifier: MIT
-- From app:listen to the last goodbye, for sio.server and sio.engine alike.
--
-- Under sio-lua the supervisor owns the listening socket and decides when to stop (sio.host); under
-- plain Lua the socket is ours and listen runs the loop until SIGINT or SIGTERM. Hooks are in
-- app._start and app._stop.

local banner = require "sio.banner"
local core = require "sio.core"
local errors = require "sio.error"
local host = require "sio.host"

local listening = {}

local stop_limit = 10 -- seconds that stop hooks may take under plain Lua
local request_limit = 2 -- seconds that handlers of HTTP requests may still take then

-- 3000 | "3000" | "host:port" | "[::1]:3000" | {host=, port=} | nil
local function parse(address)
  if address == nil then return {} end
  if type(address) == "table" then
    for name in pairs(address) do
      if name ~= "host" and name ~= "port" then return nil end
    end
    return { host = address.host, port = address.port }
  end
  if type(address) == "number" then return { port = address } end
  if type(address) ~= "string" then return nil end
  local name, port = address:match "^%[(.-)%]:(%d+)$"
  if not name then name, port = address:match "^([^:]*):(%d+)$" end
  if not name then port = address:match "^%d+$" end
  if not port then return nil end
  return { host = name ~= "" and name or nil, port = math.tointeger(tonumber(port)) }
end

local function check_address(address)
  local result = parse(address)
  local port = result and result.port
  local port_ok = port == nil or type(port) == "number" and math.tointeger(port)
    and port >= 0 and port <= 65535
  local host_ok = result and (result.host == nil or type(result.host) == "string")
  if not (port_ok and host_ok) then
    errors.raise("bad argument #1 to 'listen' (port, \"host:port\" or { port =, host = } expected)")
  end
  result.port = port and math.tointeger(port)
  return result
end

local function run_start_hooks(app)
  for _, fn in ipairs(app._start) do core.spawn(fn, core.worker_info()) end
end

-- Last first, as what was built last stands on what was built before.
local function run_stop_hooks(app, reason)
  for i = #app._stop, 1, -1 do
    local ran, err = xpcall(app._stop[i], errors.traceback, reason)
    if not ran then errors.report("on_stop hook", err, app) end
  end
end

local function announce(app, address, port)
  local url = banner.url(address.host, port)
  io.stderr:write(banner.line(core.version, { url }, 1, core.process.pid()), "\n")
  local workers = app._options.workers
  if workers and workers ~= 1 then
    io.stderr:write(("workers = %s is for the command: sio-lua app.lua\n"):format(workers))
  end
end

-- ---- closing --------------------------------------------------------------------------------

--- Runs the stop hooks, then closes every connection, then runs what is in app._on_closed.
--- Idempotent: false when it is closing already.
---@param app table
---@param reason string
---@param limit? number seconds after which hooks are not waited for
---@return boolean
function listening.close(app, reason, limit)
  if app._closing then return false end
  app._closing = true
  local timer
  local function finish()
    if app._hooks_ran then return end
    app._hooks_ran = true
    if timer then timer:cancel() end
    timer = core.after(request_limit, function() core.server_drop_requests(app) end)
    core.server_close(app, function()
      timer:cancel()
      app._closed = true
      for _, fn in ipairs(app._on_closed or {}) do fn() end
    end)
  end
  core.spawn(function()
    run_stop_hooks(app, reason)
    finish()
  end)
  if not app._hooks_ran and limit then timer = core.after(limit, finish) end
  return true
end

-- Under a supervisor, which kills who takes too long: returns when everything is closed.
local function close_and_wait(app, reason)
  listening.close(app, reason)
  if app._closed then return end
  local ticket = core.job.ticket()
  table.insert(app._on_closed, function() core.job.wake(ticket) end)
  core.job.wait(ticket)
end

-- ---- listening ------------------------------------------------------------------------------

local function listen_supervised(app, address)
  local o = app._options
  app._on_closed = { core.stop } -- a worker without its server leaves, and is replaced
  host.on_stop(function(reason) close_and_wait(app, reason) end)
  host.listen({
    host = address.host, port = address.port, workers = o.workers, balance = o.balance,
    retention = o.recovery and o.max_disconnection_duration or nil,
  }, function() run_start_hooks(app) end)
end

local function on_signal(app, name)
  if listening.close(app, "SIG" .. name:upper(), stop_limit) then return end
  os.exit(1) -- the second one: now
end

-- Runs until the server is closed.
local function run_loop(app)
  local watches = {}
  for i, name in ipairs { "int", "term" } do
    watches[i] = core.process.signal(name, function() on_signal(app, name) end)
  end
  app._on_closed = { core.stop }
  core.run()
  for _, watch in ipairs(watches) do watch:close() end
end

local function listen_alone(app, address)
  local port, err = core.server_listen(app, address.host, address.port or host.default_port())
  if not port then
    errors.raise("cannot listen on %s port %d: %s", address.host or "any address,",
      address.port or host.default_port(), err)
  end
  announce(app, address, port)
  app._port = port
  run_start_hooks(app)
  if not core.running() then run_loop(app) end
end

--- Under plain Lua: returns when the server is closed. Under sio-lua, or when the loop runs
--- already: returns at once.
---@param app table
---@param address any
function listening.listen(app, address)
  if app._listening then errors.raise "listen was called before" end
  local checked = check_address(address)
  app._listening = true
  if host.supervised then
    listen_supervised(app, checked)
  else
    listen_alone(app, checked)
  end
end

return listening
