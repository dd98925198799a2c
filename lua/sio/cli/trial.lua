-- SPDX-License-Identifier: MIT
-- Why an application does not load, for who waits for that: the worker that it failed in says so,
-- and a supervisor that was started only to try it passes it on.
--
-- A part of the supervisor; stands on sio.cli.enquiry.

local enquiry = require "sio.cli.enquiry"
local message = require "sio.cli.message"

---@class sio.cli.Trial
---@field supervisor sio.cli.Supervisor
---@field link? userdata to who asked for the trial
local Trial = {}
Trial.__index = Trial
Trial.__name = "sio.cli.Trial"

function Trial:close()
  if not self.link then return end
  self.link:send(message.encode { err = self.supervisor.failure })
  self.link:close()
end

local trial = {}

---@param supervisor sio.cli.Supervisor
---@return sio.cli.Trial?
---@return string? err
function trial.start(supervisor)
  local self = setmetatable({ supervisor = supervisor }, Trial)
  function supervisor.ops.failed(_, member, fields)
    supervisor.failure = fields.err
    supervisor.parts.replacements:refuse(member, fields.err)
  end
  if not supervisor.asked.trial then return self end
  local err
  self.link, err = enquiry.link()
  if not self.link then return nil, "--trial is for sio-lua itself: " .. err end
  return self
end

return trial
