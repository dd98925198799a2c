-- SPDX-License-Identifier: MIT
-- Looks at the workers' heartbeats: who is silent gets no new clients, who stays so is killed. What
-- silence means is in sio.cli.heartbeat. Now and then it forgets sessions of the dead and what is
-- too old in the journal.
--
-- A part of the supervisor.

local core = require "sio.core"
local heartbeat = require "sio.cli.heartbeat"

local process = core.process

local SWEEP = 10 -- seconds between looks for sessions of the dead

---@class sio.cli.Watchdog
---@field supervisor sio.cli.Supervisor
---@field heartbeat sio.cli.Heartbeat
local Watchdog = {}
Watchdog.__index = Watchdog
Watchdog.__name = "sio.cli.Watchdog"

function Watchdog.close() end

local function judge(self, member, verdict)
  local list, name = self.supervisor.members,
    ("worker %d (pid %d)"):format(member.number, member.pid)
  if verdict == "fine" then
    if list:set_state(member, "ready", "suspect") then
      core.log("info", name .. " answers again")
      self.supervisor:changed()
    end
  elseif list:set_state(member, "suspect", "ready") then
    core.log("warn", name .. " does not answer, it gets no new clients")
    self.supervisor:changed()
  end
  if verdict == "hanging" and not member.killed then
    member.cause = "hung"
    core.log("error", name .. " has not answered for too long, it is killed")
    list:kill(member)
  end
end

local function look(self)
  self.heartbeat:tick(process.now())
  local shm = self.supervisor.members.shm
  for _, member in ipairs(self.supervisor.members:list()) do
    judge(self, member, self.heartbeat:verdict(shm:silence(member.slot), member.ready))
  end
end

local watchdog = {}

---@param supervisor sio.cli.Supervisor
---@return sio.cli.Watchdog
function watchdog.start(supervisor)
  local self = setmetatable({
    supervisor = supervisor, heartbeat = heartbeat.new(process.now()),
  }, Watchdog)
  supervisor:every(heartbeat.PERIOD, function() look(self) end)
  supervisor:every(SWEEP, function()
    -- Who is silent is not asked for its clients' heartbeats: what was sent then may be lost too.
    local silent = supervisor.asked.heartbeat_timeout or heartbeat.HANGING
    supervisor.members.shm:sweep(supervisor.parts.declaration.retention + silent)
  end)
  return self
end

return watchdog
