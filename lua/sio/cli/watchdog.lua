-- SPDX-License-Identifier: MIT
-- Looks at the workers' heartbeats: who is silent gets no new clients, who stays so is killed. What
-- silence means is in sio.cli.heartbeat. Who drains for too long is killed as well. Now and then it
-- forgets sessions of the dead and what is too old in the journal.
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
    end
  elseif list:set_state(member, "suspect", "ready") then
    core.log("warn", name .. " does not answer, it gets no new clients")
  end
  if verdict == "hanging" then
    self.supervisor:kill(member, "hung", member.ready and "has not answered for too long"
      or "has not become ready in time")
  end
end

local function look(self)
  local now, shm = process.now(), self.supervisor.members.shm
  local asked = self.supervisor.asked
  self.heartbeat:limit(asked.suspect_after, asked.heartbeat_timeout)
  self.heartbeat:tick(now)
  for _, member in ipairs(self.supervisor.members:list()) do
    local silence = member.ready and shm:silence(member.slot) or now - member.born
    judge(self, member, self.heartbeat:verdict(silence, member.ready))
    if member.ends_at and now > member.ends_at then
      self.supervisor:kill(member, "late", "has not left in time")
    end
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
