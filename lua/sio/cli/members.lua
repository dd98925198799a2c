-- SPDX-License-Identifier: MIT
-- The worker processes of a supervisor: starting one in a slot, introducing it to the others,
-- burying it when it is gone. Whether and when is decided in sio.cli.supervisor.
--
-- Stands on sio.core.process. Invariant: members[slot] is there from the spawn until the process
-- was reaped; every descriptor that we made for a worker is closed by then, or a dead sibling
-- looks alive.

local core = require "sio.core"
local message = require "sio.cli.message"

local process = core.process

---@class sio.cli.Member
---@field slot integer from 0
---@field generation integer
---@field pid integer
---@field child userdata
---@field link userdata control link
---@field bell integer descriptor
---@field born number
---@field ready boolean
---@field ready_at? number
---@field killed boolean we sent it SIGKILL
---@field listens table<integer, true> the servers that it has got sockets for

---@class sio.cli.Members
---@field shm userdata
---@field by_slot table<integer, sio.cli.Member>
local Members = {}
Members.__index = Members
Members.__name = "sio.cli.Members"

---@param slots integer
---@param command fun(number: integer): string[]
---@param env string[] for every worker
---@param events { on_message: fun(member, fields), on_exit: fun(member, how: string) }
---@return sio.cli.Members?
---@return string? err
local function new(slots, command, env, events)
  local shm, err = process.shm_create(slots)
  if not shm then return nil, "cannot make the shared memory: " .. err end
  return setmetatable({ shm = shm, by_slot = {}, command = command, env = env, events = events },
    Members)
end

--- Sends a message (and descriptors, which stay ours) to a member.
function Members.send(_, member, fields, ...)
  local sent, err = member.link:send(message.encode(fields), ...)
  if not sent then
    core.log("warn", ("worker %d: message '%s' not sent: %s")
      :format(member.slot + 1, fields.op, err))
  end
end

-- A fresh arena; when all are kept for recovery, the oldest sessions of the dead are given up.
local function assign(self, slot)
  local generation, err, code
  for _, retention in ipairs { false, 10, 0 } do
    if retention then self.shm:sweep(retention) end
    generation, err, code = self.shm:assign(slot)
    if generation or code ~= "efull" then break end
  end
  return generation, err
end

local function introduce(self, one, other)
  local a, b = process.link_pair()
  if not a then return core.log("error", "cannot link two workers: " .. b) end
  self:send(one, { op = "peer", slot = other.slot, generation = other.generation }, a, other.bell)
  self:send(other, { op = "peer", slot = one.slot, generation = one.generation }, b, one.bell)
  process.close(a)
  process.close(b)
end

local function how_it_ended(status, signal)
  if signal ~= 0 then return ("was killed by signal %d"):format(signal) end
  return ("exited with status %d"):format(status)
end

-- The process of `member`; false and why. Takes neither of the descriptors.
local function spawn(self, member, link_fd)
  local env = table.move(self.env, 1, #self.env, 2,
    { ("SIO_WORKER=%d:%d"):format(member.slot, member.generation) })
  local child, err = process.spawn(self.command(member.slot + 1), env,
    { link_fd, self.shm:fd(), member.bell }, function(_, status, signal)
      self:bury(member)
      self.events.on_exit(member, how_it_ended(status, signal))
    end)
  if not child then return false, err end
  member.child, member.pid = child, child:pid()
  return true
end

--- Starts a process in an empty slot.
---@param slot integer
---@return sio.cli.Member?
---@return string? err
function Members:start(slot)
  local generation, err = assign(self, slot)
  if not generation then return nil, err end
  local member = {
    slot = slot, generation = generation, born = process.now(), ready = false, killed = false,
    listens = {},
  }
  local ours, theirs = process.link_pair()
  member.bell = process.bell()
  local spawned
  if ours and member.bell then spawned, err = spawn(self, member, theirs) end
  if theirs then process.close(theirs) end
  if not spawned then
    if ours then process.close(ours) end
    if member.bell then process.close(member.bell) end
    self.shm:bury(slot)
    return nil, err or "out of descriptors"
  end
  member.link = process.link(ours, {
    on_message = function(_, text) self.events.on_message(member, message.decode(text)) end,
  })
  for _, other in pairs(self.by_slot) do introduce(self, member, other) end
  self.by_slot[slot] = member
  return member
end

--- After its process was reaped: what it published is marked dead, and everybody is woken,
--- because it may have died between writing to the journal and waking them.
---@param member sio.cli.Member
function Members:bury(member)
  self.by_slot[member.slot] = nil
  self.shm:bury(member.slot)
  member.link:close()
  process.close(member.bell)
  for _, other in pairs(self.by_slot) do process.ring(other.bell) end
end

function Members:count()
  local n, ready = 0, 0
  for _, member in pairs(self.by_slot) do
    n = n + 1
    if member.ready then ready = ready + 1 end
  end
  return n, ready
end

function Members:kill_all()
  for _, member in pairs(self.by_slot) do member.child:kill(process.signal_number "kill") end
end

return { new = new }
