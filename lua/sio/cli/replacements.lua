-- SPDX-License-Identifier: MIT
-- One worker replaced by another the gentle way: the new one starts beside the old one, and only
-- when it is ready the old one drains. Until then the old one serves as if nothing were.
--
-- A part of the supervisor; reloading and --max-memory ask for it. Invariant: one at a time, the
-- others wait in a queue, so that one free slot in the shared memory is enough.

---@class sio.cli.Replacement
---@field old sio.cli.Member
---@field reason string that the old one is told
---@field done fun(err?: string)
---@field new? sio.cli.Member
---@field err? string why the new one does not start

---@class sio.cli.Replacements
---@field supervisor sio.cli.Supervisor
---@field queue sio.cli.Replacement[]
---@field current? sio.cli.Replacement
local Replacements = {}
Replacements.__index = Replacements
Replacements.__name = "sio.cli.Replacements"

local begin_next

local function finish(self, err)
  local current = self.current
  self.current = nil
  current.done(err)
  begin_next(self)
end

-- Who was asked to end, or has ended, gets its successor without us.
local function is_needed(self, old)
  return self.supervisor.members.by_slot[old.slot] == old and old.state ~= "draining"
end

function begin_next(self)
  while not self.current do
    local current = table.remove(self.queue, 1)
    if not current or self.supervisor.stopping then return end
    if is_needed(self, current.old) then
      local err
      self.current = current
      current.new, err = self.supervisor.members:start(current.old.number)
      if current.new then return end
      self.current = nil
      current.done(("worker %d cannot be started: %s"):format(current.old.number, err))
    else
      current.done()
    end
  end
end

--- Replaces a worker; done() is called once the old one is gone, done(err) when the new one has
--- not become ready: then the old one stays.
---@param old sio.cli.Member
---@param reason string
---@param done fun(err?: string)
function Replacements:add(old, reason, done)
  table.insert(self.queue, { old = old, reason = reason, done = done })
  begin_next(self)
end

--- Whether a worker is about to be replaced.
---@param member sio.cli.Member
---@return boolean
function Replacements:has(member)
  if self.current and self.current.old == member then return true end
  for _, each in ipairs(self.queue) do
    if each.old == member then return true end
  end
  return false
end

--- A worker that was being started cannot get what it needs: why, for who waits for it.
---@param member sio.cli.Member
---@param err string
function Replacements:refuse(member, err)
  if self.current and self.current.new == member then self.current.err = err end
end

function Replacements:on_ready(member)
  local current = self.current
  if not current or current.new ~= member then return end
  if not is_needed(self, current.old) then return finish(self) end
  self.supervisor:drain(current.old, current.reason)
end

function Replacements:on_exit(member, how)
  local current = self.current
  if not current then return end
  if member == current.old and current.new.ready then return finish(self) end
  if member ~= current.new or member.ready then return end
  if member.state == "draining" then return finish(self) end -- nobody wants it any more
  finish(self, current.err or ("worker %d %s before it was ready"):format(member.number, how))
end

function Replacements.close() end

local replacements = {}

---@param supervisor sio.cli.Supervisor
---@return sio.cli.Replacements
function replacements.start(supervisor)
  return setmetatable({ supervisor = supervisor, queue = {} }, Replacements)
end

return replacements
