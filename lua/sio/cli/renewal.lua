-- SPDX-License-Identifier: MIT
-- For --watch: reloads when the application's code changes, also after a start that has failed.
--
-- A part of the supervisor; stands on sio.cli.watch.

local say = require "sio.say"
local watch = require "sio.cli.watch"

---@class sio.cli.Renewal
---@field supervisor sio.cli.Supervisor
---@field watch? sio.cli.Watch with --watch
local Renewal = {}
Renewal.__index = Renewal
Renewal.__name = "sio.cli.Renewal"

local function on_change(self, names)
  local more = #names > 1 and (" and %d more"):format(#names - 1) or ""
  say.news(("%s%s changed"):format(names[1], more))
  self.supervisor:reload()
end

--- The application has not loaded at the start: there is nobody to replace, only a change to wait
--- for; false when nobody looks for one.
---@return boolean
function Renewal:wait()
  if not self.watch then return false end
  say.news "waiting for a change"
  self.supervisor.parts.reload:release()
  return true
end

function Renewal:close()
  if self.watch then self.watch:close() end
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
