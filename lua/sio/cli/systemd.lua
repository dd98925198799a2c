-- SPDX-License-Identifier: MIT
-- What the service manager is told (sd_notify(3), Type=notify and notify-reload): ready, reloading,
-- stopping, a line of status, and again and again that all is well.
--
-- Stands on process.notify, which needs no library. A part of the supervisor. The variables are for
-- us alone: a worker that said something would be believed, or, with NotifyAccess=main, complained
-- about.

local core = require "sio.core"

local process = core.process

local systemd = {}

systemd.STATUS_EVERY = 5 -- seconds between looks at what the line of status counts

---@class sio.cli.Systemd
---@field supervisor sio.cli.Supervisor
---@field address? string nil: nobody wants to hear
---@field state? string the last that was told
---@field line? string the same
---@field failed? boolean the last message was not taken, which was logged
local Systemd = {}
Systemd.__index = Systemd
Systemd.__name = "sio.cli.Systemd"

function Systemd.close() end

-- "4/4 workers ready, 1021 clients"
local function line_of(status)
  local ready, clients = 0, 0
  for _, worker in ipairs(status.workers) do
    if worker.state == "ready" then ready = ready + 1 end
    clients = clients + (worker.sessions or 0)
  end
  local line = ("%d/%d workers ready, %d clients"):format(ready, status.wanted or 1, clients)
  return status.state == "ready" and line or status.state .. ": " .. line
end

-- What a new state is to systemd; nil: nothing.
local function words_of(before, state)
  if state == "draining" then return "STOPPING=1" end
  if state == "reloading" then
    return ("RELOADING=1\nMONOTONIC_USEC=%d"):format(process.monotonic_us())
  end
  if state ~= "ready" then return nil end
  return before == "reloading" and "READY=1" or "READY=1\nMAINPID=" .. process.pid()
end

local function notify(self, words)
  local sent, err = process.notify(self.address, words)
  if not sent and not self.failed then
    core.log("warn", ("cannot notify %s: %s"):format(self.address, err))
  end
  self.failed = not sent
end

local function tell(self)
  local status = self.supervisor:status()
  local line, words = line_of(status), nil
  if status.state ~= self.state then words = words_of(self.state, status.state) end
  self.state = status.state
  if not words and line == self.line then return end
  self.line = line
  notify(self, (words and words .. "\n" or "") .. "STATUS=" .. line)
end

-- That we come here says that our own loop runs. Who starts or ends takes the time it takes.
local function is_well(self)
  if self.state ~= "ready" and self.state ~= "reloading" then return true end
  for _, worker in ipairs(self.supervisor:status().workers) do
    if worker.state == "ready" then return true end
  end
  return false
end

local function watchdog_seconds(usec, pid)
  usec, pid = tonumber(usec), tonumber(pid)
  if not usec or usec <= 0 or pid and pid ~= process.pid() then return nil end
  return usec / 1e6
end

---@param supervisor sio.cli.Supervisor
---@return sio.cli.Systemd
function systemd.start(supervisor)
  local address = process.take_env "NOTIFY_SOCKET"
  local every = watchdog_seconds(process.take_env "WATCHDOG_USEC", process.take_env "WATCHDOG_PID")
  local self = setmetatable({ supervisor = supervisor }, Systemd)
  if not address or supervisor.asked.check or supervisor.asked.trial then return self end
  self.address = address
  supervisor:watch_state(function() tell(self) end)
  supervisor:every(systemd.STATUS_EVERY, function() tell(self) end)
  if every then
    supervisor:every(every / 2, function()
      if is_well(self) then notify(self, "WATCHDOG=1") end
    end)
  end
  return self
end

return systemd
