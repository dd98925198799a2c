-- SPDX-License-Identifier: MIT
-- What an app declares when its file runs in a worker: how many workers, where its servers listen,
-- for how long sessions of the dead are kept. With --check it is printed, not done.
--
-- A part of the supervisor; stands on sio.cli.sockets.

local command = require "sio.cli.command"
local core = require "sio.core"
local heartbeat = require "sio.cli.heartbeat"
local values = require "sio.cli.values"

local RETENTION = 120 -- seconds for which sessions of the dead are kept if no app says more

---@class sio.cli.Declaration
---@field supervisor sio.cli.Supervisor
---@field retention number seconds
---@field decided? integer workers, as options and the app have it
---@field plan? string[] addresses, instead of listening there
local Declaration = {}
Declaration.__index = Declaration
Declaration.__name = "sio.cli.Declaration"

function Declaration.close() end

-- How many there will be is for the app to say, unless an option has said it. An app that says
-- otherwise than the one before it is followed; what people have scaled by hand stays else.
local function decide_count(self)
  local supervisor = self.supervisor
  local asked = supervisor.asked.workers or supervisor.default_workers
  local n, expected = values.workers(tostring(asked))
  if not n then
    supervisor:fail(("sio.server: option 'workers': expected %s, got %s"):format(expected, asked))
    return false
  end
  if n == "auto" then n = command.processors() end
  local before = self.decided
  self.decided = n
  if not supervisor.wanted then
    supervisor.wanted = n
  elseif before and before ~= n then
    supervisor:scale(n)
  end
  return true
end

-- Once the app runs, a server that cannot listen is no reason to end the others. Who cannot begin
-- to serve is of no use, and tried again.
local function on_refused(self, member, err)
  local supervisor = self.supervisor
  if not supervisor.announced then return supervisor:fail(err) end
  core.log("error", err)
  if member.ready then return end
  member.cause = "listen"
  supervisor.parts.replacements:refuse(member, err)
  supervisor.members:kill(member)
end

local function open(self, member, message)
  local supervisor, server = self.supervisor, message.server
  self.retention = math.max(self.retention, message.retention or 0)
  local list, err, apart = supervisor.sockets:open(member, server, message.addresses,
    message.secure)
  if not list then return on_refused(self, member, err) end
  for i, each in ipairs(list) do
    supervisor.members:send(member, {
      op = "listener", server = server, last = i == #list, apart = apart,
    }, each.descriptor)
  end
end

local function on_listen(self, member, message)
  local supervisor = self.supervisor
  supervisor.sources:declare(message)
  local asked = supervisor.asked
  local problem = heartbeat.problem(asked.suspect_after, asked.heartbeat_timeout)
  if problem then return on_refused(self, member, problem) end
  if supervisor.stopping or not decide_count(self) then return end
  if not self.plan then return open(self, member, message) end
  local text, err = supervisor.sockets:describe(message.addresses, not self.plan[1],
    supervisor.wanted)
  if not text then return supervisor:fail(err) end
  table.insert(self.plan, text)
end

-- The app file has run: with --check, what would be done now is all that was asked for.
local function on_loaded(self)
  local supervisor = self.supervisor
  if not self.plan or supervisor.stopping then return end
  if not supervisor.asked.trial then
    print(("%s loads: %d %s on %s"):format(supervisor.asked.file, supervisor.wanted,
      supervisor.wanted == 1 and "worker" or "workers", table.concat(self.plan, ", ")))
  end
  supervisor:stop "check"
end

function Declaration:on_exit(member)
  self.supervisor.sockets:forget(member)
end

local declaration = {}

---@param supervisor sio.cli.Supervisor
---@return sio.cli.Declaration
function declaration.start(supervisor)
  local asked, ops = supervisor.asked, supervisor.ops
  local self = setmetatable({
    supervisor = supervisor, retention = RETENTION,
    plan = (asked.check or asked.trial) and {} or nil,
  }, Declaration)
  supervisor:watch_state(function() supervisor.sockets:keep(supervisor.wanted or 1) end)
  function ops.listen(_, member, message) on_listen(self, member, message) end
  function ops.loaded() on_loaded(self) end
  function ops.closed(_, member, message)
    if not supervisor.stopping then supervisor.sockets:release(member, message.server) end
  end
  return self
end

return declaration
