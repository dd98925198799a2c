-- SPDX-License-Identifier: MIT
-- For --watch: tries a changed application in a process of its own and, when it loads, has the
-- workers replaced one after another. When it does not, those that run stay as they are.
--
-- A part of the supervisor; stands on sio.cli.watch. The supervisor owns the listening sockets:
-- connections wait meanwhile, none is refused.

local command = require "sio.cli.command"
local core = require "sio.core"
local watch = require "sio.cli.watch"

local process = core.process

---@class sio.cli.Renewal
---@field supervisor sio.cli.Supervisor
---@field watch? sio.cli.Watch with --watch
---@field again? boolean it has changed once more meanwhile
---@field trial? userdata the process that tries it
---@field queue? integer[] numbers of workers that are still old
---@field number? integer of the worker that is being replaced
local Renewal = {}
Renewal.__index = Renewal
Renewal.__name = "sio.cli.Renewal"

local function try(self)
  self.again, self.queue, self.number = nil, nil, nil
  local err
  self.trial, err = process.spawn(self.supervisor.trial_command, {
    "SIO_SETTINGS=" .. command.settings(self.supervisor.asked),
  }, {}, function(_, status)
    self.trial = nil
    if self.closed then return end
    if self.again then return try(self) end
    if status ~= 0 then return self.supervisor:say "the workers stay as they were" end
    self.queue = {}
    for number = 1, self.supervisor.wanted or 1 do self.queue[number] = number end
    self:replace_next()
  end)
  if not self.trial then self.supervisor:say("cannot try the change: " .. err) end
end

local function on_change(self, names)
  local more = #names > 1 and (" and %d more"):format(#names - 1) or ""
  self.supervisor:say(("%s%s changed"):format(names[1], more))
  self.again = true
  if not self.trial and not self.queue then try(self) end
end

local function replace(self, number)
  local member = self.supervisor.members:serving(number)
  if not member then return self.supervisor.parts.restarts:start(number) end
  member.replaced = true
  self.supervisor:drain(member, "reload")
end

--- Replaces the next worker; begins anew when the application has changed once more.
function Renewal:replace_next()
  if self.again then return try(self) end
  self.number = table.remove(self.queue, 1)
  if self.number then return replace(self, self.number) end
  self.queue = nil
  self.supervisor:say "reloaded"
end

function Renewal:on_ready(member)
  if self.number == member.number then self:replace_next() end
end

--- The application has not loaded at the start: there is nobody to replace, only a change to wait
--- for; false when nobody looks for one.
---@return boolean
function Renewal:wait()
  if not self.watch then return false end
  self.queue, self.number = nil, nil
  self.supervisor:say "waiting for a change"
  return true
end

function Renewal:close()
  self.closed = true
  if self.watch then self.watch:close() end
  if self.trial then self.trial:kill(process.signal_number "term") end
end

local renewal = {}

--- With --watch watches the app's folder, or the one asked for, from now on; nil and why when it
--- cannot.
---@param supervisor sio.cli.Supervisor
---@return sio.cli.Renewal?
---@return string? err
function renewal.start(supervisor)
  local self = setmetatable({ supervisor = supervisor }, Renewal)
  local asked = supervisor.asked
  local folder = asked.watch
  if not folder then return self end
  if folder == true then folder = asked.file:match "^(.*)/[^/]*$" or "." end
  local err
  self.watch, err = watch.start(folder, function(names) on_change(self, names) end)
  if not self.watch then return nil, err end
  return self
end

return renewal
