-- SPDX-License-Identifier: MIT
-- The end of servers, of one (app:close) or of all (a signal, the supervisor).
--
-- Clients and requests first, then the on_stop hooks: they may close what handlers use. app:close
-- does that at once; else clients leave one by one (core.drain), and servers are there until the
-- hooks have run, which wait for the last client of all servers.
-- Stands on csrc/bind/drain.c; listening.lua puts servers in here.

local core = require "sio.core"
local errors = require "sio.error"
local host = require "sio.host"
local listener = require "sio.listener"

local process = core.process

---@class sio.closing
---@field running boolean the loop is ours, and ends with the last server
local closing = { running = false }

-- Seconds.
local GOODBYES = 1 -- that clients have to answer ours
local HANDLERS = 1 -- that handlers may still run when their clients are gone
local LOOK = 0.01  -- between two looks
local REQUESTS = 2 -- that requests have when clients go at once
local AT_ONCE = 10 -- that all may take then

local live = {} -- the servers that listen, in the order in which they began

--- A server listens from now on.
---@param app table
function closing.add(app)
  table.insert(live, app)
end

--- Calls fn(app) for each server that listens.
---@param fn fun(app: table)
function closing.each(fn)
  for _, app in ipairs(table.move(live, 1, #live, 1, {})) do fn(app) end
end

local function take_out(app)
  for i, each in ipairs(live) do
    if each == app then
      table.remove(live, i)
      return true
    end
  end
  return false
end

--- Stops the loop; the goodbyes that were sent shall arrive before.
function closing.stop_loop()
  core.spawn(function()
    local until_time = process.now() + GOODBYES
    while core.connections() > 0 and process.now() < until_time do core.sleep(LOOK) end
    core.stop()
  end)
end

-- Those who wait may make a server and listen with it: only then is it known which was the last.
local function on_closed(app)
  for _, each in ipairs(app._listeners or {}) do listener.close(each) end
  app._closed = true
  local listened = take_out(app)
  for _, fn in ipairs(app._on_closed or {}) do fn() end
  app._on_closed = nil
  if not listened then return end
  if #live > 0 then
    if host.supervised then host.closed(app) end
  elseif closing.running or host.supervised and not host.stopping then
    closing.stop_loop() -- a worker without servers leaves, and is replaced
  end
end

-- Last first, as what was built last stands on what was built before.
local function run_stop_hooks(app, reason)
  for i = #app._stop, 1, -1 do
    local ran, err = xpcall(app._stop[i], errors.traceback, reason)
    if not ran then errors.report("on_stop hook", err, app) end
  end
end

-- Calls begin(done) and waits until done() was called, or for `seconds`; whether it was called.
local function wait_for(seconds, begin)
  local ticket, over, done = core.job.ticket(), false, false
  local timer
  local function finish()
    if over then return end
    over = true
    timer:cancel()
    core.job.wake(ticket)
  end
  timer = core.after(seconds, finish)
  begin(function()
    done = not over
    finish()
  end)
  if not over then core.job.wait(ticket) end
  return done
end

local function wait_for_handlers(handlers, seconds)
  local until_time = process.now() + math.min(seconds, HANDLERS)
  for _, count in ipairs(handlers) do
    while count() > 0 and process.now() < until_time do core.sleep(LOOK) end
  end
end

-- Of each server, what counts its handlers.
local function handlers_of(apps)
  local handlers = {}
  for i, app in ipairs(apps) do handlers[i] = core.handlers(app) end
  return handlers
end

-- Bounded; what takes longer goes on, among what is closed by then, until the process ends.
local function run_hooks(apps, handlers, reason, ends_at)
  local function left() return math.max(0, ends_at - process.now()) end
  wait_for_handlers(handlers, left())
  local ended = wait_for(left(), function(done)
    core.spawn(function()
      for i = #apps, 1, -1 do run_stop_hooks(apps[i], reason) end
      done()
    end)
  end)
  if not ended then
    core.log("warn", "on_stop hooks have not ended in time: nobody waits for them")
  end
end

local function close_at_once(app, seconds)
  if app._closing then return end
  app._closing = true
  local ends_at = process.now() + seconds
  local handlers = handlers_of { app }
  local timer = core.after(math.min(REQUESTS, seconds), function()
    core.server_drop_requests(app)
  end)
  core.server_close(app, function()
    timer:cancel()
    run_hooks({ app }, handlers, "closed", ends_at)
    on_closed(app)
  end)
end

--- Calls fn() once everything is closed; at once when it is.
---@param app table
---@param fn fun()
function closing.when_closed(app, fn)
  if app._closed then return fn() end
  app._on_closed = app._on_closed or {}
  table.insert(app._on_closed, fn)
end

local function wait_until_closed(app)
  if app._closed then return end
  local ticket = core.job.ticket()
  closing.when_closed(app, function() core.job.wake(ticket) end)
  core.job.wait(ticket)
end

--- Closes a server; returns when it is closed.
---@async
---@param app table
---@param seconds number that requests and hooks may take
function closing.close_and_wait(app, seconds)
  close_at_once(app, seconds)
  wait_until_closed(app)
end

--- app:close of servers and engines.
---@param app table
---@param fn? async fun()
function closing.close_for(app, fn)
  if fn ~= nil then
    errors.check_argument("close", 1, "function", fn)
    closing.when_closed(app, function() core.spawn(fn) end)
  end
  close_at_once(app, AT_ONCE)
end

local function begin_closing(list)
  local apps = {}
  for _, app in ipairs(list) do
    if not app._closing then
      app._closing = true
      table.insert(apps, app)
    end
  end
  return apps
end

-- The last part of the time is for who does not leave by itself, and for hooks.
local function drain_in_order(apps, reason, seconds)
  local ends_at = process.now() + seconds
  local spread, limit = seconds - math.min(2, seconds / 5), seconds - math.min(1, seconds / 10)
  wait_for(seconds, function(done) core.drain(spread, limit, done) end)
  for _, app in ipairs(apps) do core.server_drop_requests(app) end
  run_hooks(apps, handlers_of(apps), reason, ends_at)
  for _, app in ipairs(apps) do
    core.server_close(app, function() on_closed(app) end)
  end
end

--- Closes all servers gently; returns when they are closed.
---@async
---@param reason string
---@param seconds number that it may take
function closing.drain(reason, seconds)
  local all = table.move(live, 1, #live, 1, {})
  local apps = begin_closing(all)
  if apps[1] then drain_in_order(apps, reason, seconds) end
  for _, app in ipairs(all) do wait_until_closed(app) end
end

return closing
