-- SPDX-License-Identifier: MIT
-- The worker processes of a supervisor: starting one, introducing it to the others, burying it
-- when it is gone. Whether and when is decided by the supervisor and its parts.
--
-- A worker's number is for people and stays with its replacement; its slot is its place in the
-- shared memory. There are more slots than workers, so that a replacement can start while the one
-- before it drains.
--
-- Stands on sio.core.process. Invariant: by_slot[slot] is there from the spawn until the process
-- was reaped; every descriptor that we made for a worker is closed by then, or a dead sibling
-- looks alive.

local core = require "sio.core"
local message = require "sio.cli.message"

local process = core.process

local GRACE = 2 -- seconds after the drain time until who is still there is killed

---@alias sio.cli.State "starting"|"ready"|"suspect"|"draining"

---@class sio.cli.Member
---@field number integer from 1
---@field slot integer from 0
---@field generation integer
---@field pid integer
---@field child userdata
---@field link userdata control link
---@field bell integer descriptor
---@field birth integer a younger one has a larger one
---@field born number
---@field drain_until? number when its connections should be closed
---@field ends_at? number when it is killed if it is still there
---@field state sio.cli.State
---@field ready boolean it was, once
---@field ready_at? number
---@field killed boolean we sent it SIGKILL
---@field cause? string why it ends: what we made it for, else "signal" or "exit"
---@field memory? integer bytes that are its alone, when there is a limit
---@field report? table what it last said of itself

---@class sio.cli.MemberEvents
---@field on_message fun(member: sio.cli.Member, fields: table)
---@field on_exit fun(member: sio.cli.Member, how: string)
---@field on_change fun() of a state

---@class sio.cli.Members
---@field shm userdata
---@field by_slot table<integer, sio.cli.Member>
---@field births integer members so far
local Members = {}
Members.__index = Members
Members.__name = "sio.cli.Members"

---@param command fun(number: integer): string[]
---@param settings fun(): string for the workers that start now
---@param journal_size? integer bytes
---@param events sio.cli.MemberEvents
---@return sio.cli.Members?
---@return string? err
local function new(command, settings, journal_size, events)
  -- Unused slots cost nothing but addresses: the memory is sparse.
  local shm, err = process.shm_create(process.slots_max, journal_size)
  if not shm then return nil, "cannot make the shared memory: " .. err end
  return setmetatable({
    shm = shm, by_slot = {}, births = 0, command = command, settings = settings,
    events = events,
  }, Members)
end

--- Sends a message (and descriptors, which stay ours) to a member. Who is leaving may be gone, and
--- that a process has ended is said when it was reaped.
function Members.send(_, member, fields, ...)
  local sent, err, code = member.link:send(message.encode(fields), ...)
  if not sent and member.state ~= "draining" and code ~= "eclosed" then
    core.log("warn", ("worker %d: message '%s' not sent: %s")
      :format(member.number, fields.op, err))
  end
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
  local env = {
    ("SIO_WORKER=%d:%d:%d"):format(member.slot, member.generation, member.number),
    "SIO_SETTINGS=" .. self.settings(),
  }
  local child, err = process.spawn(self.command(member.number), env,
    { link_fd, self.shm:fd(), member.bell }, function(_, status, signal)
      self:bury(member)
      member.cause = member.cause or (signal ~= 0 and "signal" or "exit")
      self.events.on_exit(member, how_it_ended(status, signal))
    end)
  if not child then return false, err end
  member.child, member.pid = child, child:pid()
  return true
end

-- An empty slot, the one that people would expect when it is.
local function find_slot(self, number)
  if not self.by_slot[number - 1] then return number - 1 end
  for slot = 0, process.slots_max - 1 do
    if not self.by_slot[slot] then return slot end
  end
end

--- Starts a process in an empty slot.
---@param number integer
---@return sio.cli.Member?
---@return string? err
function Members:start(number)
  local slot = find_slot(self, number)
  if not slot then return nil, "too many of those before it are still there" end
  local generation, err = self.shm:assign(slot, number)
  if not generation then return nil, err end
  local member = {
    birth = self.births + 1, born = process.now(), number = number, slot = slot,
    generation = generation, state = "starting", ready = false, killed = false,
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
  self.by_slot[slot], self.births = member, member.birth
  self.events.on_change()
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

--- Those that there are, by number; of one number the elder first.
---@return sio.cli.Member[]
function Members:list()
  local list = {}
  for _, member in pairs(self.by_slot) do list[#list + 1] = member end
  table.sort(list, function(a, b)
    if a.number ~= b.number then return a.number < b.number end
    return a.birth < b.birth
  end)
  return list
end

--- The one with this number that does not drain, of two the elder; nil: there is none.
---@param number integer
---@return sio.cli.Member?
function Members:current(number)
  for _, member in ipairs(self:list()) do
    if member.number == number and member.state ~= "draining" then return member end
  end
end

--- How many processes there are, and how many of them serve.
---@return integer
---@return integer ready
function Members:count()
  local n, ready = 0, 0
  for _, member in pairs(self.by_slot) do
    n = n + 1
    if member.state == "ready" or member.state == "suspect" then ready = ready + 1 end
  end
  return n, ready
end

--- Notes a member's state, for us and for its siblings; false when it was not what it should have
--- been, or is so already. Who drains stays so.
---@param member sio.cli.Member
---@param state sio.cli.State
---@param from? sio.cli.State
---@return boolean
function Members:set_state(member, state, from)
  local old = member.state
  if old == state or old == "draining" or from and old ~= from then return false end
  member.state = state
  if state == "ready" and not member.ready then
    member.ready, member.ready_at = true, process.now()
  end
  -- It says itself that it is ready, before it tells us.
  self.shm:move(member.slot, old, state)
  self.events.on_change()
  return true
end

--- A member is about to end: it gets no new clients, and has this long to close its connections.
---@param member sio.cli.Member
---@param seconds number
function Members:expect_end(member, seconds)
  member.drain_until = process.now() + seconds
  member.ends_at = member.drain_until + GRACE
  self:set_state(member, "draining")
end

--- Tells a member to end, unless it is about to.
---@param member sio.cli.Member
---@param reason string
---@param seconds number
function Members:drain(member, reason, seconds)
  if member.state == "draining" then return end
  self:expect_end(member, seconds)
  self:send(member, { op = "stop", reason = reason, drain = seconds })
end

---@param member sio.cli.Member
function Members.kill(_, member)
  member.killed = true
  member.child:kill(process.signal_number "kill")
end

function Members:kill_all()
  for _, member in pairs(self.by_slot) do self:kill(member) end
end

return { new = new }
