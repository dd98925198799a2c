-- SPDX-License-Identifier: MIT
-- How servers begin to listen, for sio.server and sio.engine alike; closing.lua is their end.
--
-- Under sio-lua the supervisor owns the listening sockets and decides when to stop (sio.host);
-- under plain Lua they are ours and listen runs the loop until the last server that listens was
-- closed, or SIGINT or SIGTERM came. Hooks are in app._start and app._stop.

local address = require "sio.address"
local banner = require "sio.banner"
local closing = require "sio.closing"
local core = require "sio.core"
local errors = require "sio.error"
local host = require "sio.host"
local listener = require "sio.listener"
local say = require "sio.say"
local tls = require "sio.tls"

local listening = {}

local DRAIN = 10 -- seconds that the end may take under plain Lua

local attached = false -- the worker knows how our servers end

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

local function run_start_hook(app, fn)
  local ran, err = xpcall(fn, errors.traceback, core.worker_info())
  if not ran then errors.report("on_start hook", err, app) end
end

local function run_start_hooks(app)
  app._ready = true
  for _, fn in ipairs(app._start) do core.spawn(run_start_hook, app, fn) end
end

local function announce(app)
  local places = banner.places(app._listeners, app._options.tls ~= nil)
  say.listening(places, 1)
  local workers = app._options.workers
  if workers and workers ~= 1 then
    say.trouble(("workers = %s is for the command: sio-lua app.lua"):format(workers))
  end
end

--- What a balancer wants to know of a server in this worker.
---@param app table
---@return "starting"|"ready"|"draining"
function listening.state(app)
  if app._closing or host.stopping then return "draining" end
  return app._ready and "ready" or "starting"
end

-- ---- listening ------------------------------------------------------------------------------

local function listen_supervised(app, addresses)
  local o = app._options
  if not attached then host.on_stop(closing.drain) end
  attached = true
  host.listen(app, {
    addresses = addresses, secure = o.tls ~= nil, workers = o.workers, balance = o.balance,
    -- How long it takes to see that nobody answers counts too: what was sent then may be lost.
    retention = o.recovery and o.max_disconnection_duration + o.ping_interval + o.ping_timeout
      or nil,
    drain = o.drain, suspect_after = o.suspect_after, heartbeat_timeout = o.heartbeat_timeout,
    max_memory = o.max_memory,
  }, function() run_start_hooks(app) end)
end

local function drain_time()
  local seconds
  closing.each(function(app)
    local own = app._options.drain
    if own then seconds = math.max(seconds or 0, own) end
  end)
  return seconds or DRAIN
end

local function on_signal(name)
  if host.stopping then os.exit(1) end -- the second one: now
  host.stopping = true
  closing.drain("SIG" .. name:upper(), drain_time())
  host.stopping = false -- the program may listen again
end

-- Runs until the servers are closed.
local function run_loop()
  local watches = {}
  for i, name in ipairs { "int", "term" } do
    watches[i] = core.process.signal(name, function() on_signal(name) end)
  end
  watches[3] = core.process.signal("hup", function() closing.each(tls.reload) end)
  closing.running = true
  core.run()
  closing.running = false
  for _, watch in ipairs(watches) do watch:close() end
end

local function take_over(app, opened)
  for _, each in ipairs(opened) do
    core.server_add_listener(app, each.descriptor)
    each.descriptor = nil -- the server's from here on
  end
  core.server_ready(app)
  app._listeners = opened
  app._port = opened[1].port
end

local function listen_alone(app, opened)
  take_over(app, opened)
  announce(app)
  run_start_hooks(app)
end

local function begin(app)
  app._listening = true
  closing.add(app)
end

--- For sio.test: listens on a free port of the loopback, whatever the app asks for.
---@param app table
function listening.listen_on_trial(app)
  local opened, err = listener.open_all { { host = "127.0.0.1", port = 0 } }
  if not opened then errors.raise("%s", err) end
  begin(app)
  take_over(app, opened)
  run_start_hooks(app)
end

-- The sockets of all, or none. What systemd has opened is for the first, and wins over what that
-- asks for.
local function open_sockets(lists)
  local opened = {}
  for i, addresses in ipairs(lists) do
    local err
    opened[i], err = listener.open_all(listener.activated() or addresses)
    if not opened[i] then
      for _, each in ipairs(opened) do
        for _, socket in ipairs(each) do listener.close(socket) end
      end
      errors.raise("%s", err)
    end
  end
  return opened
end

local function check(app)
  if app._closing then
    errors.raise "the server was closed: make a new one, it may listen on the same port"
  end
  if app._listening then errors.raise "listen was called before" end
end

local function listen_where_we_are(servers, lists)
  if host.supervised then
    for i, each in ipairs(servers) do
      begin(each[1])
      listen_supervised(each[1], lists[i])
    end
    return
  end
  local opened = open_sockets(lists)
  for i, each in ipairs(servers) do
    begin(each[1])
    listen_alone(each[1], opened[i])
  end
  if not core.running() then run_loop() end
end

--- Under plain Lua: returns when the servers are closed. Under sio-lua, or when the loop runs
--- already: returns at once. What raises has not listened: another address may be tried.
---@param ... { [1]: table, [2]: any } a server and its address
function listening.listen(...)
  local servers, lists = { ... }, {}
  for i, each in ipairs(servers) do
    check(each[1])
    lists[i] = check_addresses(each[2])
  end
  if not host.trial then return listen_where_we_are(servers, lists) end
  for _, each in ipairs(servers) do host.trial(each[1]) end
end

return listening
