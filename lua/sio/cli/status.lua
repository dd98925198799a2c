-- SPDX-License-Identifier: MIT
-- What a supervisor says of itself and its workers: one plain table, ready for JSON.
--
-- Stands on what is in the supervisor; supervisor:status() is its only caller.

local core = require "sio.core"

local process = core.process

local status = {}

local function state_of(supervisor)
  if supervisor.stopping then return "draining" end
  if supervisor.parts.reload.running then return "reloading" end
  return supervisor.announced and "ready" or "starting"
end

-- What it last said of itself, and what is known of it here.
local function row_of(member, now)
  local row = {}
  for name, value in pairs(member.report or {}) do row[name] = value end
  row.op = nil
  row.number, row.slot, row.pid = member.number, member.slot, member.pid
  row.state, row.uptime = member.state, now - member.born
  row.drain_left = member.drain_until and math.max(0, member.drain_until - now)
  return row
end

---@param supervisor sio.cli.Supervisor
---@return table
function status.of(supervisor)
  local now, workers = process.now(), {}
  for i, member in ipairs(supervisor.members:list()) do workers[i] = row_of(member, now) end
  return {
    version = core.version, app = supervisor.asked.file, pid = process.pid(),
    uptime = now - supervisor.born, state = state_of(supervisor), wanted = supervisor.wanted,
    balance = supervisor.asked.balance, addresses = supervisor.sockets:places(),
    restarts = supervisor.restarted, workers = workers,
  }
end

return status
