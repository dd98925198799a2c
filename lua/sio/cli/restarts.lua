-- SPDX-License-Identifier: MIT
-- Keeps as many workers as are wanted: who has died is replaced, at once when it had settled, later
-- and later when it dies at its start; who is too many drains. As long as no worker was ever ready
-- the first that dies ends the command with 3; after that nobody is given up.
--
-- A part of the supervisor; begin() starts the first worker, which runs the app before the others.

local core = require "sio.core"
local values = require "sio.cli.values"

local process = core.process

local FIRST, MOST = 0.1, 10 -- seconds before the next try: the first time, and at most
local SETTLED = 1           -- seconds; who dies earlier after being ready has failed at its start

---@class sio.cli.Restarts
---@field supervisor sio.cli.Supervisor
---@field waits table<integer, number> by number: seconds before the next try
local Restarts = {}
Restarts.__index = Restarts
Restarts.__name = "sio.cli.Restarts"

function Restarts.close() end

-- Starts a worker, unless it is there or nobody wants it.
local function start(self, number)
  local supervisor = self.supervisor
  if supervisor.stopping or number > (supervisor.wanted or 1) then return end
  if supervisor.members:current(number) then return end
  local member, err = supervisor.members:start(number)
  if member then return end
  core.log("error", ("worker %d cannot be started: %s"):format(number, err))
  if not supervisor.ever_ready then return supervisor:fail() end
  self:start_later(number)
end

--- Starts a worker that failed at its start once more, each time later.
---@param number integer
function Restarts:start_later(number)
  local wait = self.waits[number] or FIRST
  self.waits[number] = math.min(wait * 2, MOST)
  core.after(wait, function() start(self, number) end)
end

--- Who failed at its start may succeed with the files as they are now: tries it at once.
function Restarts:retry()
  self.waits = {}
  for number = 1, self.supervisor.wanted do start(self, number) end
end

--- Starts the first worker.
function Restarts:begin()
  start(self, 1)
end

--- As many workers as this from now on; nil and why that cannot be.
---@param n integer
---@return integer?
---@return string? err
function Restarts:scale(n)
  local supervisor = self.supervisor
  if not supervisor.ever_ready then return nil, "the first worker is not ready yet" end
  if math.type(n) ~= "integer" or n < 1 or n > values.workers_max then
    return nil, ("a number from 1 to %d expected"):format(values.workers_max)
  end
  if n == supervisor.wanted then return n end
  core.log("info", ("%d %s instead of %d"):format(n, n == 1 and "worker" or "workers",
    supervisor.wanted))
  supervisor.wanted = n
  for _, member in ipairs(supervisor.members:list()) do
    if member.number > n then supervisor:drain(member, "scale") end
  end
  for number = 1, n do
    if not self.waits[number] then start(self, number) end
  end
  supervisor:changed()
  return n
end

function Restarts:on_ready(_, first)
  if not first then return end
  for number = 2, self.supervisor.wanted do start(self, number) end
end

-- Its own words are on stderr already, unless it had no time for any.
local function never_ready(self, how)
  local supervisor, said = self.supervisor, how == "exited with status 3"
  if supervisor.parts.renewal:wait() then return end
  supervisor:fail(not said and ("worker 1 %s before it was ready"):format(how) or nil)
end

--- A worker was replaced, for this cause.
---@param cause string
function Restarts:count(cause)
  local restarted = self.supervisor.restarted
  restarted[cause] = (restarted[cause] or 0) + 1
end

function Restarts:on_exit(member, how)
  local supervisor = self.supervisor
  local number, drained = member.number, member.state == "draining"
  if not supervisor.ever_ready then return never_ready(self, how) end
  core.log(drained and "info" or "warn", ("worker %d (pid %d) %s"):format(number, member.pid, how))
  if not drained then self:count(member.cause) end
  local settled = member.ready_at and process.now() - member.ready_at >= SETTLED
  if settled then self.waits[number] = nil end
  if settled or drained then return start(self, number) end
  if not supervisor.members:current(number) then self:start_later(number) end
end

-- It was told to end, by somebody else than us: its successor starts while it drains.
local function on_stopping(self, member)
  local supervisor = self.supervisor
  if supervisor.stopping or member.state == "draining" then return end
  supervisor.members:expect_end(member, supervisor:drain_time())
  self:count "stopped"
  start(self, member.number)
end

local restarts = {}

---@param supervisor sio.cli.Supervisor
---@return sio.cli.Restarts
function restarts.start(supervisor)
  local self = setmetatable({ supervisor = supervisor, waits = {} }, Restarts)
  function supervisor.ops.stopping(_, member) on_stopping(self, member) end
  return self
end

return restarts
