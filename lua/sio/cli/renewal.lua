-- SPDX-License-Identifier: MIT
-- For --watch: tries a changed application in a process of its own and, when it loads, has the
-- workers replaced one after another. When it does not, those that run stay as they are.
--
-- Stands on sio.cli.watch; sio.cli.supervisor makes it, does the replacing and tells when a worker
-- is ready. The supervisor owns the listening sockets: connections wait meanwhile, none is refused.

local core = require "sio.core"
local watch = require "sio.cli.watch"

local process = core.process

---@class sio.cli.Renewal
---@field watch sio.cli.Watch
---@field again? boolean it has changed once more meanwhile
---@field trial? userdata the process that tries it
---@field queue? integer[] slots whose workers are still old
---@field slot? integer whose worker is being replaced
local Renewal = {}
Renewal.__index = Renewal
Renewal.__name = "sio.cli.Renewal"

local function say(text)
  io.stderr:write("sio-lua: ", text, "\n")
end

local function try(self)
  self.again, self.queue, self.slot = nil, nil, nil
  local err
  self.trial, err = process.spawn(self.command, {}, {}, function(_, status)
    self.trial = nil
    if self.closed then return end
    if self.again then return try(self) end
    if status ~= 0 then return say "the workers stay as they were" end
    self.queue = {}
    for slot = 0, process.workers_max - 1 do self.queue[slot + 1] = slot end
    self:replace_next()
  end)
  if not self.trial then say("cannot try the change: " .. err) end
end

local function on_change(self, names)
  local more = #names > 1 and (" and %d more"):format(#names - 1) or ""
  say(("%s%s changed"):format(names[1], more))
  self.again = true
  if not self.trial and not self.queue then try(self) end
end

--- Replaces the next worker; begins anew when the application has changed once more.
function Renewal:replace_next()
  if self.again then return try(self) end
  repeat
    self.slot = table.remove(self.queue, 1)
  until not self.slot or self.supervisor:replace(self.slot)
  if self.slot then return end
  self.queue = nil
  say "reloaded"
end

--- A worker is ready.
---@param slot integer
function Renewal:on_ready(slot)
  if self.slot == slot then self:replace_next() end
end

--- The application has not loaded at the start: there is nobody to replace, only to wait for.
function Renewal:wait()
  self.queue, self.slot = nil, nil
  say "waiting for a change"
end

function Renewal:close()
  self.closed = true
  self.watch:close()
  if self.trial then self.trial:kill(process.signal_number "term") end
end

local renewal = {}

--- Watches the app's folder, or the one asked for, from now on; nil and why when it cannot.
---@param asked sio.cli.Options with the file
---@param command string[] that tries the application
---@param supervisor { replace: fun(self, slot: integer): boolean } false: there is no such slot
---@return sio.cli.Renewal?
---@return string? err
function renewal.start(asked, command, supervisor)
  local self = setmetatable({ command = command, supervisor = supervisor }, Renewal)
  local folder = asked.watch
  if folder == true then folder = asked.file:match "^(.*)/[^/]*$" or "." end
  local err
  self.watch, err = watch.start(folder, function(names) on_change(self, names) end)
  if not self.watch then return nil, err end
  return self
end

return renewal
