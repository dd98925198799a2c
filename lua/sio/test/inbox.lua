-- SPDX-License-Identifier: MIT
-- The events of a client that nobody listens to: they wait for who asks for them, or who asks waits
-- for them.
--
-- Stands on scope.lua; client.lua has one each. Invariant: an event waits only while nobody waits
-- for its name.

---@class sio.test.Inbox
---@field unread { event: string, args: table }[] oldest first
---@field waiters table[] promises with the event's name
local Inbox = {}
Inbox.__index = Inbox
Inbox.__name = "sio.test.Inbox"

local inbox = {}

inbox.unread_max = 10000 -- events; a client that gets more of them fails the test

---@param scope sio.test.Scope
---@return sio.test.Inbox
function inbox.new(scope)
  return setmetatable({ unread = {}, waiters = {}, _scope = scope }, Inbox)
end

--- Gives an event to the first who waits for it, else keeps it.
---@param event string
---@param args table
function Inbox:put(event, args)
  for i, waiter in ipairs(self.waiters) do
    if waiter.event == event then
      table.remove(self.waiters, i)
      return waiter.wake(args)
    end
  end
  if #self.unread < inbox.unread_max then
    table.insert(self.unread, { event = event, args = args })
  elseif not self._full then
    self._full = true
    self._scope:add_mishap(("a client has %d events that nobody has waited for, more are lost")
      :format(inbox.unread_max))
  end
end

--- The arguments of the oldest event of that name that was kept; nil: there is none.
---@param event string
---@return table?
function Inbox:take(event)
  for i, each in ipairs(self.unread) do
    if each.event == event then return table.remove(self.unread, i).args end
  end
end

--- The arguments of the next one; nil and "timeout", or what drop was given.
---@async
---@param event string
---@param seconds? number
---@return table?
---@return string?
function Inbox:wait(event, seconds)
  local waiter = self._scope:promise(('the event "%s"'):format(event))
  waiter.event = event
  table.insert(self.waiters, waiter)
  local args, err = waiter.wait(seconds)
  for i, each in ipairs(self.waiters) do
    if each == waiter then table.remove(self.waiters, i) end
  end
  return args, err
end

--- Nobody waits any longer.
---@param why string
function Inbox:drop(why)
  local waiters = self.waiters
  self.waiters = {}
  for _, waiter in ipairs(waiters) do waiter.wake(nil, why) end
end

return inbox
