-- SPDX-License-Identifier: MIT
-- Which signal asks the supervisor for what. A part of the supervisor.

local core = require "sio.core"

local actions = {}

function actions.int(supervisor) supervisor:stop "SIGINT" end
function actions.term(supervisor) supervisor:stop "SIGTERM" end
function actions.hup(supervisor) supervisor:reload() end

---@class sio.cli.Signals
---@field handles userdata[]
local Signals = {}
Signals.__index = Signals
Signals.__name = "sio.cli.Signals"

function Signals:close()
  for _, handle in ipairs(self.handles) do handle:close() end
end

local signals = {}

---@param supervisor sio.cli.Supervisor
---@return sio.cli.Signals
function signals.start(supervisor)
  local handles = {}
  for name, action in pairs(actions) do
    table.insert(handles, core.process.signal(name, function() action(supervisor) end))
  end
  return setmetatable({ handles = handles }, Signals)
end

return signals
