-- SPDX-License-Identifier: MIT
-- What an app declares when its file runs in a worker: how many workers, where its servers listen,
-- for how long sessions of the dead are kept. With --check it is printed, not done.
--
-- A part of the supervisor. Invariant: a server's sockets are opened once, by the first worker that
-- asks, and closed when the last that had them has closed the server.

local command = require "sio.cli.command"
local core = require "sio.core"
local values = require "sio.cli.values"

local RETENTION = 120 -- seconds for which sessions of the dead are kept if no app says more

---@class sio.cli.Declaration
---@field supervisor sio.cli.Supervisor
---@field retention number seconds
---@field plan? string[] addresses, instead of listening there
local Declaration = {}
Declaration.__index = Declaration
Declaration.__name = "sio.cli.Declaration"

function Declaration.close() end

-- How many there will be is for the app to say, unless an option has said it.
local function decide_count(supervisor, declared)
  if supervisor.wanted then return true end
  local n, expected = values.workers(tostring(declared or supervisor.default_workers))
  if not n then
    supervisor:fail(("sio.server: option 'workers': expected %s, got %s")
      :format(expected, tostring(declared)))
    return false
  end
  supervisor.wanted = n == "auto" and command.processors() or n
  return true
end

-- Once the app runs, a server that cannot listen is no reason to end the others. A worker without
-- its own port is tried again, later and later.
local function on_refused(supervisor, member, err, apart)
  if not supervisor.announced then return supervisor:fail(err) end
  core.log("error", err)
  if apart then supervisor.members:kill(member) end
end

-- The sockets are opened once; a replaced worker gets them again.
local function open(self, member, message)
  local supervisor = self.supervisor
  self.retention = math.max(self.retention, message.retention or 0)
  local list, err, apart = supervisor.sockets:open(message.server, message.addresses,
    message.secure, member.number)
  if not list then return on_refused(supervisor, member, err, apart) end
  for i, each in ipairs(list) do
    supervisor.members:send(member, { op = "listener", server = message.server, last = i == #list,
      apart = apart }, each.descriptor)
  end
  member.listens[message.server] = true
end

local function on_listen(self, member, message)
  local supervisor = self.supervisor
  supervisor.sources:declare(message)
  if supervisor.stopping or not decide_count(supervisor, message.workers) then return end
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

-- A server that was closed in every worker gives up its port; the dead have closed nothing.
local function on_closed(self, member, message)
  local supervisor = self.supervisor
  member.listens[message.server] = nil
  for _, other in ipairs(supervisor.members:list()) do
    if other.listens[message.server] then return end
  end
  if not supervisor.stopping then supervisor.sockets:close_server(message.server) end
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
  function ops.closed(_, member, message) on_closed(self, member, message) end
  return self
end

return declaration
