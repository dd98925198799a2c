-- SPDX-License-Identifier: MIT
-- Who has died is replaced: at once when it had settled, later and later when it dies at its start.
-- As long as no worker was ever ready the first that dies ends the command with 3.
--
-- A part of the supervisor; begin() starts the first worker, which runs the app before the others.

local core = require "sio.core"

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

local start_later

local function start(self, number)
  local supervisor = self.supervisor
  if supervisor.stopping or number > (supervisor.wanted or 1) then return end
  if supervisor.members:serving(number) then return end
  local member, err = supervisor:start(number)
  if member then return end
  core.log("error", ("worker %d cannot be started: %s"):format(number, err))
  if not supervisor.ever_ready then return supervisor:fail() end
  start_later(self, number)
end

function start_later(self, number)
  local wait = self.waits[number] or FIRST
  self.waits[number] = math.min(wait * 2, MOST)
  core.after(wait, function() start(self, number) end)
end

--- Starts the first worker.
function Restarts:begin()
  start(self, 1)
end

--- Starts a worker unless it is there.
---@param number integer
function Restarts:start(number)
  start(self, number)
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

function Restarts:on_exit(member, how)
  local supervisor = self.supervisor
  if member.replaced then return start(self, member.number) end
  if not supervisor.ever_ready then return never_ready(self, how) end
  core.log("warn", ("worker %d (pid %d) %s"):format(member.number, member.pid, how))
  local cause = member.cause or "died"
  supervisor.restarted[cause] = (supervisor.restarted[cause] or 0) + 1
  if member.ready_at and process.now() - member.ready_at >= SETTLED then
    self.waits[member.number] = nil
    start(self, member.number)
  else
    start_later(self, member.number)
  end
end

local restarts = {}

---@param supervisor sio.cli.Supervisor
---@return sio.cli.Restarts
function restarts.start(supervisor)
  function supervisor.ops.stopping(_, member)
    supervisor.members:set_state(member, "draining")
    supervisor:changed()
  end
  return setmetatable({ supervisor = supervisor, waits = {} }, Restarts)
end

return restarts
