-- SPDX-License-Identifier: MIT
-- From app:listen to the last goodbye, for sio.server and sio.engine alike.
--
-- Under sio-lua the supervisor owns the listening sockets and decides when to stop (sio.host);
-- under plain Lua they are ours and listen runs the loop until SIGINT or SIGTERM. Hooks are in
-- app._start and app._stop.

local address = require "sio.address"
local banner = require "sio.banner"
local core = require "sio.core"
local emitter = require "sio.emitter"
local errors = require "sio.error"
local host = require "sio.host"
local listener = require "sio.listener"
local tls = require "sio.tls"

local listening = {}

local stop_limit = 10 -- seconds that stop hooks may take under plain Lua
local request_limit = 2 -- seconds that handlers of HTTP requests may still take then

-- The addresses of app:listen; a path is relative to the app file.
local function check_addresses(given)
  local list, expected = address.list(given)
  if not list then
    errors.raise("bad argument #1 to 'listen' (%s expected)", expected or address.expected ..
      ", { host =, port = }, { unix =, mode = } or a list of these")
  end
  for _, each in ipairs(list) do
    if each.unix then each.unix = host.resolve(each.unix) end
  end
  return list
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

local function announce(app)
  local places = banner.places(app._listeners, app._options.tls ~= nil)
  io.stderr:write(banner.line(core.version, places, 1, core.process.pid()), "\n")
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
      for _, each in ipairs(app._listeners or {}) do listener.close(each) end
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

--- The same; returns when everything is closed.
---@async
---@param app table
---@param reason string
---@param limit? number
function listening.close_and_wait(app, reason, limit)
  listening.close(app, reason, limit)
  if app._closed then return end
  local ticket = core.job.ticket()
  app._on_closed = emitter.with(app._on_closed, function() core.job.wake(ticket) end)
  core.job.wait(ticket)
end

-- ---- listening ------------------------------------------------------------------------------

local function listen_supervised(app, addresses)
  local o = app._options
  app._on_closed = { core.stop } -- a worker without its server leaves, and is replaced
  -- No limit: the supervisor kills who takes too long.
  host.on_stop(function(reason) listening.close_and_wait(app, reason) end)
  host.on_reload(function() tls.reload(app) end)
  host.listen({
    addresses = addresses, secure = o.tls ~= nil, workers = o.workers, balance = o.balance,
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
  if app._options.tls then
    watches[3] = core.process.signal("hup", function() tls.reload(app) end)
  end
  app._on_closed = { core.stop }
  core.run()
  for _, watch in ipairs(watches) do watch:close() end
end

local function open(app, addresses)
  local opened, err = listener.open_all(addresses)
  if not opened then errors.raise("%s", err) end
  app._listening = true
  for _, each in ipairs(opened) do
    core.server_add_listener(app, each.descriptor)
    each.descriptor = nil -- the server's from here on
  end
  app._listeners = opened
  app._port = opened[1].port
end

-- What systemd has opened wins over what the app asks for.
local function listen_alone(app, addresses)
  open(app, listener.activated() or addresses)
  announce(app)
  run_start_hooks(app)
  if not core.running() then run_loop(app) end
end

--- For sio.test: listens on a free port of the loopback, whatever the app asks for.
---@param app table
function listening.listen_on_trial(app)
  open(app, { { host = "127.0.0.1", port = 0 } })
  run_start_hooks(app)
end

--- Under plain Lua: returns when the server is closed. Under sio-lua, or when the loop runs
--- already: returns at once. What raises has not listened: another address may be tried.
---@param app table
---@param given any
function listening.listen(app, given)
  if app._listening then errors.raise "listen was called before" end
  local checked = check_addresses(given)
  if host.trial then
    host.trial(app)
  elseif host.supervised then
    app._listening = true
    listen_supervised(app, checked)
  else
    listen_alone(app, checked)
  end
end

return listening
