-- SPDX-License-Identifier: MIT
-- Workers that have grown beyond --max-memory are replaced, as a reload would. What counts is what
-- is theirs alone (RssAnon): the shared memory counts in everybody's resident size.
--
-- A part of the supervisor. A worker that is too big right after its start would be too big again:
-- its successors may stay longer and longer.

local core = require "sio.core"

local process = core.process

local PERIOD = 5                -- seconds between looks
local FIRST, MOST = 60, 60 * 60 -- seconds that the successor of a young one may stay, at most

---@class sio.cli.MemoryPolicy
---@field least table<integer, number> by number: seconds that its worker may stay however big it is
local Policy = {}
Policy.__index = Policy
Policy.__name = "sio.cli.MemoryPolicy"

--- What to do with a worker that is too big; the second time that it may stay.
---@param number integer
---@param age number seconds
---@return "replace"|"wait"
---@return number seconds
function Policy:decide(number, age)
  local least = self.least[number] or 0
  if age < least then return "wait", least - age end
  local young = age < 2 * math.max(least, FIRST)
  self.least[number] = young and math.min(math.max(2 * least, FIRST), MOST) or nil
  return "replace", 0
end

-- Bytes; nil: it has just ended.
local function own_memory(pid)
  local file = io.open(("/proc/%d/status"):format(pid))
  if not file then return nil end
  local kib = file:read("a"):match "RssAnon:%s+(%d+) kB"
  file:close()
  return kib and math.tointeger(kib) * 1024
end

---@class sio.cli.Memory
---@field supervisor sio.cli.Supervisor
---@field policy sio.cli.MemoryPolicy
---@field told table<sio.cli.Member, true> of whose size something was said
local Memory = {}
Memory.__index = Memory
Memory.__name = "sio.cli.Memory"

function Memory.close() end

local function replace(self, member)
  local supervisor = self.supervisor
  supervisor.parts.replacements:add(member, "max memory", function(err)
    if err then return core.log("error", err) end
    supervisor.parts.restarts:count "memory"
  end)
end

local function judge(self, member, bytes, limit)
  local verdict, seconds = self.policy:decide(member.number, process.now() - member.born)
  local text = ("worker %d (pid %d) has %.0f MiB of its own, the limit is %.0f"):format(
    member.number, member.pid, bytes / (1 << 20), limit / (1 << 20))
  if verdict == "replace" then
    core.log("warn", text .. ": it is replaced")
    return replace(self, member)
  end
  if self.told[member] then return end
  self.told[member] = true
  core.log("warn", ("%s, right after its start: it stays for %.0f s"):format(text, seconds))
end

local function look(self)
  local supervisor = self.supervisor
  local limit = supervisor.asked.max_memory
  if not limit then return end
  for _, member in ipairs(supervisor.members:list()) do
    member.memory = own_memory(member.pid)
    local serves = member.state == "ready" and not supervisor.parts.replacements:has(member)
    if serves and (member.memory or 0) > limit then judge(self, member, member.memory, limit) end
  end
end

local memory = {}

---@return sio.cli.MemoryPolicy
function memory.policy()
  return setmetatable({ least = {} }, Policy)
end

---@param supervisor sio.cli.Supervisor
---@return sio.cli.Memory
function memory.start(supervisor)
  local self = setmetatable({
    supervisor = supervisor, policy = memory.policy(), told = setmetatable({}, { __mode = "k" }),
  }, Memory)
  supervisor:every(PERIOD, function() look(self) end)
  return self
end

return memory
