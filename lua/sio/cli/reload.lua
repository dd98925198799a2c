-- SPDX-License-Identifier: MIT
-- Rolling reload: reads the file of options and tries the application, each in a process of its
-- own, and when they are good has the workers replaced one after another. When they are not, those
-- that run stay as they are.
--
-- A part of the supervisor; supervisor:reload() asks for it. What is asked for during one happens
-- at its next step: the files are tried anew, and who was started after that is not replaced again.

local command = require "sio.cli.command"
local core = require "sio.core"
local enquiry = require "sio.cli.enquiry"
local logging = require "sio.cli.logging"
local reader = require "sio.cli.reader"
local say = require "sio.say"
local sources = require "sio.cli.sources"

local NOT_LOADED = "the application does not load"
local SAID = " (the server's stderr says why)"
local UNUSED = 1 -- seconds after a reload until what no worker listens on any more is closed

---@class sio.cli.Reload
---@field supervisor sio.cli.Supervisor
---@field again boolean it was asked for, and has not begun
---@field running boolean
---@field settling? boolean there is nobody old, but somebody who is starting
---@field held boolean the first worker is starting: it has what there is to load
---@field conf? sio.cli.Options what the file of options says now
---@field trial? sio.cli.Enquiry the process that tries the application
---@field since? integer members born before that are old
---@field waiting fun(ok: boolean, err?: string)[] for the end
local Reload = {}
Reload.__index = Reload
Reload.__name = "sio.cli.Reload"

local try

-- While a worker is missing it is not known what it would ask for.
local function close_unused(self)
  local supervisor = self.supervisor
  local _, ready = supervisor.members:count()
  if self.closed or self.running or ready < supervisor.wanted then return end
  supervisor.sockets:close_unused()
end

-- `more` is for who waits: on our stderr it was said already.
local function finish(self, err, more)
  if self.again then return try(self) end
  local waiting = self.waiting
  self.running, self.waiting = false, {}
  if err then
    self.supervisor:say(err .. ": the workers stay as they were")
  else
    say.news "reloaded"
  end
  for _, fn in ipairs(waiting) do fn(err == nil, err and err .. (more or "")) end
  self.supervisor:changed()
  if not err then core.after(UNUSED, function() close_unused(self) end) end
end

-- The first worker that is older than the files that were tried; whether one is starting.
local function find_old(self)
  local is_starting = false
  for _, member in ipairs(self.supervisor.members:list()) do
    if member.birth <= self.since and member.state ~= "draining" then return member end
    is_starting = is_starting or member.state == "starting"
  end
  return nil, is_starting
end

local function step(self)
  if self.supervisor.stopping then return end
  if self.again then return try(self) end
  local old, is_starting = find_old(self)
  self.settling = not old and is_starting
  if self.settling then return end
  if not old then return finish(self) end
  self.supervisor.parts.replacements:add(old, "reload", function(err)
    if err then return finish(self, err) end
    step(self)
  end)
end

-- The files are good: from here on they are what workers start with.
local function adopt(self)
  local supervisor = self.supervisor
  for _, name in ipairs(supervisor.sources:reconfigure(self.conf or {})) do
    core.log("warn", ("'%s' of the configuration stays as it was: a reload cannot change it")
      :format(name))
  end
  core.set_log_level(supervisor.asked.log_level or "info")
  supervisor.sockets:begin_anew()
end

local function on_tried(self, answer, status)
  self.trial = nil
  if self.closed or self.supervisor.stopping then return end
  if self.again then return try(self) end
  if status ~= 0 then
    local why = answer and answer.err
    return finish(self, NOT_LOADED, why and ": " .. why or SAID)
  end
  adopt(self)
  -- Nobody could be replaced yet: with --watch a start that failed is tried once more.
  if not self.supervisor.ever_ready then
    self.running, self.held = false, true
    return self.supervisor.parts.restarts:begin()
  end
  self.supervisor.parts.restarts:retry()
  step(self)
end

-- Tries the application, with what the file of options says now.
local function try_app(self)
  local flags = self.supervisor.sources.flags
  local env = {
    "SIO_SETTINGS=" .. command.settings(sources.new(flags, self.conf).asked), logging.variable(),
  }
  local err
  self.trial, err = enquiry.begin(self.supervisor.trial_command, env, function(answer, status)
    on_tried(self, answer, status)
  end)
  if not self.trial then finish(self, "cannot try the application: " .. err) end
end

local function on_read(self, conf, err)
  if self.closed or self.supervisor.stopping then return end
  if self.again then return try(self) end
  if not conf then return finish(self, err) end
  self.conf = conf
  try_app(self)
end

function try(self)
  self.again, self.running, self.settling = false, true, false
  self.since = self.supervisor.members.births
  self.supervisor:changed()
  local reading = self.supervisor.conf_command
  if not reading then return try_app(self) end
  local begun, err = reader.begin(reading, function(conf, why) on_read(self, conf, why) end)
  if not begun then finish(self, err) end
end

--- Begins, or begins anew. fn(ok, err) is called at the end.
---@param fn? fun(ok: boolean, err?: string)
function Reload:request(fn)
  table.insert(self.waiting, fn)
  self.again = true
  if not self.running and not self.held then try(self) end
end

-- What was asked for while the first worker was starting.
function Reload:on_ready(_, first)
  if first then self:release() end
  if self.settling then step(self) end
end

function Reload:on_exit()
  if self.settling then step(self) end
end

--- The first worker has failed, and a change is waited for: from now on a reload tries it.
function Reload:release()
  self.held = false
  if self.again then try(self) end
end

function Reload:close()
  self.closed = true
  if self.trial then self.trial:kill "term" end
  for _, fn in ipairs(self.waiting) do fn(false, "the workers are stopped") end
end

local reload = {}

---@param supervisor sio.cli.Supervisor
---@return sio.cli.Reload
function reload.start(supervisor)
  return setmetatable({
    supervisor = supervisor, again = false, running = false, held = true, waiting = {},
  }, Reload)
end

return reload
