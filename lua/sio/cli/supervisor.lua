-- SPDX-License-Identifier: MIT
-- The supervisor: owns the listening sockets and the worker processes, never runs the app.
--
-- Here are its state and what can be asked of it; signals, the control socket and --watch call the
-- same verbs. What it does by itself is in parts, one noun each: a module with start(supervisor),
-- which gives an object with close() and, where it wants to know, on_ready(member) and
-- on_exit(member, how). A part puts what workers may send into supervisor.ops.
--
-- Stands on sio.cli.members and sio.cli.sockets; sio.cli calls run().

local command = require "sio.cli.command"
local core = require "sio.core"
local logging = require "sio.cli.logging"
local members = require "sio.cli.members"
local pidfile = require "sio.cli.pidfile"
local say = require "sio.say"
local sockets = require "sio.cli.sockets"
local status = require "sio.cli.status"

local process = core.process

local parts = {
  "logging", "counts", "metrics", "declaration", "restarts", "replacements", "reload", "watchdog",
  "memory", "renewal", "signals", "control", "logs", "systemd", "trial",
}

local DRAIN = 10 -- seconds

---@class sio.cli.Supervisor
---@field sources sio.cli.Sources
---@field asked sio.cli.Options what holds of them
---@field wanted? integer workers, once it is known
---@field default_workers integer|"auto" for an app that does not say
---@field members sio.cli.Members
---@field sockets sio.cli.Sockets
---@field ops table<string, fun(self, member: sio.cli.Member, message: table)>
---@field parts table<string, table> by name
---@field restarted table<string, integer> workers that were replaced, by cause
---@field ever_ready boolean a worker was
---@field announced boolean the banner was shown: all were ready
---@field stopping boolean
---@field exit_code integer
---@field failure? string why it does not start
local Supervisor = {}
Supervisor.__index = Supervisor
Supervisor.__name = "sio.cli.Supervisor"

-- ---- for the parts --------------------------------------------------------------------------

--- A line for people about what went wrong, also with --log-level off.
---@param text string
function Supervisor.say(_, text)
  say.trouble(text)
end

--- Calls fn() again and again until the end.
---@param seconds number
---@param fn fun()
---@return userdata timer
function Supervisor:every(seconds, fn)
  local timer = core.every(seconds, fn)
  table.insert(self.timers, timer)
  return timer
end

--- Calls fn() after the state of a worker or our own has changed.
---@param fn fun()
function Supervisor:watch_state(fn)
  table.insert(self.watchers, fn)
end

--- The state has changed.
function Supervisor:changed()
  for _, fn in ipairs(self.watchers) do fn() end
end

-- Tells the parts that want to know, in their order.
local function tell(self, event, ...)
  for _, name in ipairs(parts) do
    local part = self.parts[name]
    if part and part[event] then part[event](part, ...) end
  end
end

local function close_parts(self)
  for i = #parts, 1, -1 do
    local part = self.parts[parts[i]]
    if part then part:close() end
  end
end

local function finish(self)
  if self.finished then return end
  self.finished = true
  for _, timer in ipairs(self.timers) do timer:cancel() end
  close_parts(self)
  self.sockets:close()
  self.members.shm:close()
  core.stop()
end

--- Ends with a code that says so; what is to be said about it, unless it was said already.
---@param text? string
function Supervisor:fail(text)
  if text then self:say(text) end
  self.failure, self.exit_code = text or self.failure, 3
  if not self.stopping then self:stop "start failed" end
end

--- Tells a worker to end, unless it was told before.
---@param member sio.cli.Member
---@param reason string
function Supervisor:drain(member, reason)
  self.members:drain(member, reason, self:drain_time())
end

--- Seconds that a worker has for closing its connections.
---@return number
function Supervisor:drain_time()
  return self.asked.drain or DRAIN
end

--- Ends a worker's process that does not end by itself, once.
---@param member sio.cli.Member
---@param cause string
---@param text string
function Supervisor:kill(member, cause, text)
  if member.killed then return end
  core.log("error", ("worker %d (pid %d) %s, it is killed"):format(member.number, member.pid, text))
  if self.stopping and self.exit_code == 0 then self.exit_code = 1 end
  member.cause = cause
  self.members:kill(member)
end

local function announce(self)
  say.listening(self.sockets:places(), self.wanted)
  self.announced = true
  self:changed()
end

--- A worker is ready.
---@param member sio.cli.Member
function Supervisor:on_ready(member)
  if self.stopping or not self.members:set_state(member, "ready") then return end
  local first = not self.ever_ready
  self.ever_ready = true
  local _, ready = self.members:count()
  if self.announced then
    core.log("info", ("worker %d is ready (pid %d)"):format(member.number, member.pid))
  elseif ready == self.wanted then
    announce(self)
  end
  tell(self, "on_ready", member, first)
end

--- A worker's process was reaped.
---@param member sio.cli.Member
---@param how string
function Supervisor:on_exit(member, how)
  if not self.stopping then
    tell(self, "on_exit", member, how)
  else
    if how ~= "exited with status 0" and self.exit_code == 0 then self.exit_code = 1 end
    if self.members:count() == 0 then finish(self) end
  end
  self:changed()
end

-- ---- verbs ----------------------------------------------------------------------------------

--- Kills everybody and ends with 1, or what was to be.
---@param _ string reason
function Supervisor:halt(_)
  self.stopping = true
  if self.exit_code == 0 then self.exit_code = 1 end
  self.members:kill_all()
  if self.members:count() == 0 then finish(self) end
end

--- Tells everybody to end; asked twice, makes them.
---@param reason string
function Supervisor:stop(reason)
  if self.stopping then return self:halt(reason) end
  self.stopping = true
  for _, member in ipairs(self.members:list()) do self:drain(member, reason) end
  self.sockets:close() -- who comes now is told at once, instead of waiting for our end
  self:changed()
  if self.members:count() == 0 then finish(self) end
end

--- Has the workers replaced, one after another, when the application still loads. fn(ok, err) is
--- called at the end.
---@param fn? fun(ok: boolean, err?: string)
---@return true?
---@return string? err
function Supervisor:reload(fn)
  if self.stopping then return nil, "the workers are stopped" end
  self.parts.reload:request(fn)
  return true
end

--- As many workers as this from now on; who is too many drains.
---@param n integer
---@return integer?
---@return string? err
function Supervisor:scale(n)
  if self.stopping then return nil, "the workers are stopped" end
  return self.parts.restarts:scale(n)
end

--- What there is to know, ready for JSON.
---@return table
function Supervisor:status()
  return status.of(self)
end

-- ---- the beginning --------------------------------------------------------------------------

local function new(sources, default_workers, worker_command)
  local asked = sources.asked
  local wanted = asked.workers
  if wanted == "auto" then wanted = command.processors() end
  local self = setmetatable({
    sources = sources, asked = asked, wanted = wanted, default_workers = default_workers,
    exit_code = 0,
    ops = {}, parts = {}, timers = {}, watchers = {}, restarted = {}, born = process.now(),
    stopping = false, ever_ready = false, announced = false,
  }, Supervisor)
  function self.ops.ready(_, member) self:on_ready(member) end
  local err
  local function settings() return command.settings(asked) end
  self.members, err = members.new(worker_command, settings, asked.journal_size, {
    on_message = function(member, message)
      local op = self.ops[message.op]
      if op then return op(self, member, message) end
      core.log("warn", ("worker %d: unknown message '%s'"):format(member.number, message.op))
    end,
    on_exit = function(member, how) self:on_exit(member, how) end,
    on_change = function() self:changed() end,
  })
  if not self.members then return nil, err end
  self.sockets, err = sockets.new(asked)
  if not self.sockets then return nil, err end
  return self
end

local function start_parts(self)
  for _, name in ipairs(parts) do
    local part, err = require("sio.cli." .. name).start(self)
    if not part then
      close_parts(self)
      return nil, err
    end
    self.parts[name] = part
  end
  return true
end

local function run(sources, worker_command, trial_command, conf_command)
  local default_workers, err = command.default_workers()
  if not default_workers then
    Supervisor:say(err)
    return 2
  end
  process.raise_nofile()
  local self, started
  self, err = new(sources, default_workers, worker_command)
  if self then
    self.trial_command, self.conf_command = trial_command, conf_command
    started, err = start_parts(self)
  end
  if not started then
    Supervisor:say(err)
    return 3
  end
  core.spawn(self.parts.restarts.begin, self.parts.restarts)
  core.run()
  return self.exit_code
end

--- Runs until the end, alone with its pid file.
---@param sources sio.cli.Sources with the file
---@param worker_command fun(number: integer): string[]
---@param trial_command string[] ends with 0 when the app loads
---@param conf_command? string[] reads the file of options, when there is one
---@return integer exit_code
local function run_alone(sources, ...)
  logging.begin(sources.asked)
  local file, err = pidfile.take(sources.asked)
  if not file then
    Supervisor:say(err)
    return 1
  end
  local exit_code = run(sources, ...)
  file:close()
  return exit_code
end

return { run = run_alone }
