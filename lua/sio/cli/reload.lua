-- SPDX-License-Identifier: MIT
-- Rolling reload: tries the application in a process of its own and, when it loads, has the workers
-- replaced one after another. When it does not, those that run stay as they are.
--
-- A part of the supervisor; supervisor:reload() asks for it. What is asked for during one happens
-- at its next step: the files are tried anew, and who was started after that is not replaced again.

local command = require "sio.cli.command"
local core = require "sio.core"

local process = core.process

---@class sio.cli.Reload
---@field supervisor sio.cli.Supervisor
---@field again boolean it was asked for, and has not begun
---@field running boolean
---@field held boolean the first worker is starting: it has what there is to load
---@field trial? userdata the process that tries the application
---@field since? integer members born before that are old
---@field waiting fun(ok: boolean, err?: string)[] for the end
local Reload = {}
Reload.__index = Reload
Reload.__name = "sio.cli.Reload"

local try

local function finish(self, err)
  if self.again then return try(self) end
  local waiting = self.waiting
  self.running, self.waiting = false, {}
  self.supervisor:say(err and err .. ": the workers stay as they were" or "reloaded")
  for _, fn in ipairs(waiting) do fn(err == nil, err) end
  self.supervisor:changed()
end

-- The first worker that is older than the files that were tried.
local function find_old(self)
  for _, member in ipairs(self.supervisor.members:list()) do
    if member.birth <= self.since and member.state ~= "draining" then return member end
  end
end

local function step(self)
  if self.supervisor.stopping then return end
  if self.again then return try(self) end
  local old = find_old(self)
  if not old then return finish(self) end
  self.supervisor.parts.replacements:add(old, "reload", function(err)
    if err then return finish(self, err) end
    step(self)
  end)
end

local function on_tried(self, status)
  self.trial = nil
  if self.closed or self.supervisor.stopping then return end
  if self.again then return try(self) end
  if status ~= 0 then return finish(self, "the application does not load") end
  -- Nobody could be replaced yet: with --watch a start that failed is tried once more.
  if not self.supervisor.ever_ready then
    self.running, self.held = false, true
    return self.supervisor.parts.restarts:begin()
  end
  step(self)
end

function try(self)
  self.again, self.running = false, true
  self.since = self.supervisor.members.births
  self.supervisor:changed()
  local err
  self.trial, err = process.spawn(self.supervisor.trial_command, {
    "SIO_SETTINGS=" .. command.settings(self.supervisor.asked),
  }, {}, function(_, status) on_tried(self, status) end)
  if not self.trial then finish(self, "cannot try the application: " .. err) end
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
end

--- The first worker has failed, and a change is waited for: from now on a reload tries it.
function Reload:release()
  self.held = false
  if self.again then try(self) end
end

function Reload:close()
  self.closed = true
  if self.trial then self.trial:kill(process.signal_number "term") end
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
