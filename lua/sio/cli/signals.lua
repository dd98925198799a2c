-- SPDX-License-Identifier: MIT
-- Which signal asks the supervisor for what. A part of the supervisor.

local core = require "sio.core"
local say = require "sio.say"

-- The state, line by line, whatever is logged otherwise.
local function dump(supervisor)
  local status = supervisor:status()
  say.news(("%s, %d of %d workers, up %.0f s"):format(status.state, #status.workers,
    status.wanted or 1, status.uptime))
  for _, row in ipairs(status.workers) do
    say.news(("worker %d (pid %d) %s, up %.0f s%s"):format(row.number, row.pid, row.state,
      row.uptime, row.sessions and (", %d sessions"):format(row.sessions) or ""))
  end
  for cause, n in pairs(status.restarts) do
    say.news(("restarts, %s: %d"):format(cause, n))
  end
end

local function scale(supervisor, by)
  local n, err = supervisor:scale((supervisor.wanted or 1) + by)
  if not n then core.log("warn", "not scaled: " .. err) end
end

local actions = {}

function actions.int(supervisor) supervisor:stop "SIGINT" end
function actions.term(supervisor) supervisor:stop "SIGTERM" end
function actions.quit(supervisor) supervisor:halt "SIGQUIT" end
function actions.hup(supervisor) supervisor:reload() end
function actions.usr1(supervisor) dump(supervisor) end
function actions.ttin(supervisor) scale(supervisor, 1) end
function actions.ttou(supervisor) scale(supervisor, -1) end

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
