-- SPDX-License-Identifier: MIT
-- What the workers count, read from the shared memory: sums and single values for the metrics, and
-- once a second each worker's report for the status table. Nobody is asked, so a worker that hangs
-- is seen as it was, and what the dead have counted stays in the sums.
--
-- A part of the supervisor.

local core = require "sio.core"

local process = core.process

local PERIOD = 1 -- seconds between reports

---@class sio.cli.Stat
---@field name string
---@field kind "counter"|"gauge"|"each" each: of every worker by itself
---@field metric string without prefix
---@field labels string "" or name="value"
---@field help string of a metric's first one

local counts = {}

---@type sio.cli.Stat[] in the order of the values; csrc/base/stats.h
counts.table = process.stats_table()

local at = {}
for i, stat in ipairs(counts.table) do at[stat.name] = i end

---@class sio.cli.Counts
---@field supervisor sio.cli.Supervisor
local Counts = {}
Counts.__index = Counts
Counts.__name = "sio.cli.Counts"

function Counts.close() end

--- What one worker counts.
---@param member sio.cli.Member
---@return integer[]
function Counts:of(member)
  return self.supervisor.members.shm:stats(member.slot)
end

--- Bytes of the journal that a worker has not read yet.
---@param member sio.cli.Member
---@return integer
function Counts:behind(member)
  return self.supervisor.members.shm:behind(member.slot)
end

--- The sums: of counters over all workers that there ever were, of gauges over those that there
--- are.
---@return integer[]
function Counts:sums()
  local sums = self.supervisor.members.shm:stats()
  for _, member in ipairs(self.supervisor.members:list()) do
    for i, value in ipairs(self:of(member)) do sums[i] = sums[i] + value end
  end
  return sums
end

-- What status says of a worker, from two readings of its values.
local function report(now, last, values)
  local function rate(name)
    if not last then return 0 end
    return (values[at[name]] - last.values[at[name]]) / math.max(now - last.at, 0.001)
  end
  local polling, websocket = values[at.POLLING], values[at.WEBSOCKET]
  return {
    sessions = polling + websocket, polling = polling, websocket = websocket,
    sockets = values[at.SOCKETS], rooms = values[at.ROOMS],
    events_in = rate "EVENTS_IN", events_out = rate "EVENTS_OUT",
    lag = values[at.LAG] / 1e6, rss = values[at.RSS], fds = values[at.FDS],
  }
end

local function look(self)
  local now = process.now()
  for _, member in ipairs(self.supervisor.members:list()) do
    local values, last = self:of(member), self.last[member]
    member.report = report(now, last, values)
    member.report.behind = self:behind(member)
    self.last[member] = { at = now, values = values }
  end
end

---@param supervisor sio.cli.Supervisor
---@return sio.cli.Counts
function counts.start(supervisor)
  local self = setmetatable({
    supervisor = supervisor, last = setmetatable({}, { __mode = "k" }),
  }, Counts)
  supervisor:every(PERIOD, function() look(self) end)
  return self
end

return counts
