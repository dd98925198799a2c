-- SPDX-License-Identifier: MIT
-- The supervisor: owns the listening sockets and the worker processes, never runs the app.
--
-- Worker 1 runs the app file and reports what it declares; then the address is bound and the
-- others are started. Who dies is replaced; who is silent is left out and then killed
-- (heartbeat.lua). Stands on sio.cli.members; sio.cli calls run().

local banner = require "sio.banner"
local command = require "sio.cli.command"
local core = require "sio.core"
local heartbeat = require "sio.cli.heartbeat"
local members = require "sio.cli.members"
local values = require "sio.cli.values"
local renewal = require "sio.cli.renewal"
local sockets = require "sio.cli.sockets"

local process = core.process

local BACKOFF_FIRST, BACKOFF_MOST = 0.1, 10
local SETTLED = 1                     -- who dies earlier after being ready has failed at start
local STOPPING = 10                   -- seconds until who does not end is killed
local SWEEP = 10                      -- seconds between looks for sessions of the dead
local RETENTION = 120                 -- seconds that these are kept unless the app says otherwise

local Supervisor = {}
Supervisor.__index = Supervisor
Supervisor.__name = "sio.cli.Supervisor"

local function say(text)
  io.stderr:write("sio-lua: ", text, "\n")
end

-- ---- the end ------------------------------------------------------------------------------------

local function finish(self)
  for _, thing in ipairs(self.timers) do thing:cancel() end
  for _, thing in ipairs(self.signals) do thing:close() end
  if self.renewal then self.renewal:close() end
  self.sockets:close()
  self.timers, self.signals = {}, {}
  self.members.shm:close()
  core.stop()
end

local function force(self)
  if self.exit_code == 0 then self.exit_code = 1 end
  self.members:kill_all()
end

--- Tells everybody to end; asked twice, makes them.
function Supervisor:stop(reason)
  if self.stopping then return force(self) end
  self.stopping = true
  for slot, member in pairs(self.members.by_slot) do
    self.members.shm:move(slot, "ready", "draining")
    self.members:send(member, { op = "stop", reason = reason })
  end
  table.insert(self.timers, core.after(STOPPING, function() force(self) end))
  if self.members:count() == 0 then finish(self) end
end

--- Tells the workers to read their certificates again.
function Supervisor:reload()
  for _, member in pairs(self.members.by_slot) do self.members:send(member, { op = "reload" }) end
end

local function fail(self, text)
  if text then say(text) end
  self.exit_code = 3
  if not self.stopping then self:stop "start failed" end
end

-- ---- what the app declares ----------------------------------------------------------------------

local function decide_count(self, declared)
  if self.count then return true end
  local n, expected = values.workers(tostring(declared or self.default_workers))
  if not n then
    fail(self, ("sio.server: option 'workers': expected %s, got %s")
      :format(expected, tostring(declared)))
    return false
  end
  self.count = n == "auto" and command.processors() or n
  return true
end

local on_op = {}

-- The sockets are bound once; a replaced worker gets them again. Once the app runs, a server that
-- cannot listen is no reason to end the others.
function on_op.listen(self, member, message)
  if self.stopping or not decide_count(self, message.workers) then return end
  if self.plan then
    return table.insert(self.plan, self.sockets:describe(message.addresses, not self.plan[1]))
  end
  self.retention = math.max(self.retention, message.retention or 0)
  local list, err = self.sockets:open(message.server, message.addresses, message.secure)
  if not list then
    if self.announced then return core.log("error", err) end
    return fail(self, err)
  end
  for i, each in ipairs(list) do
    self.members:send(member, { op = "listener", server = message.server, last = i == #list },
      each.descriptor)
  end
  member.listens[message.server] = true
end

-- The app file has run: with --check, what would be done now is all that was asked for.
function on_op.loaded(self)
  if not self.plan or self.stopping then return end
  if not self.asked.trial then
    print(("%s loads: %d %s on %s"):format(self.asked.file, self.count,
      self.count == 1 and "worker" or "workers", table.concat(self.plan, ", ")))
  end
  self:stop "check"
end

-- A server that was closed in every worker gives up its port; the dead have closed nothing.
function on_op.closed(self, member, message)
  member.listens[message.server] = nil
  for _, other in pairs(self.members.by_slot) do
    if other.listens[message.server] then return end
  end
  if not self.stopping then self.sockets:close_server(message.server) end
end

-- ---- coming and going -----------------------------------------------------------------------

local function announce(self)
  io.stderr:write(banner.line(core.version, self.sockets:places(), self.count, process.pid())
    .. "\n")
  self.announced = true
end

local function start(self, slot)
  if self.stopping or self.members.by_slot[slot] then return end
  local member, err = self.members:start(slot)
  if member then return end
  core.log("error", ("worker %d cannot be started: %s"):format(slot + 1, err))
  if not self.ever_ready then return fail(self) end
  self:start_later(slot)
end

--- Starts a worker that failed at its start once more, each time later.
function Supervisor:start_later(slot)
  local wait = self.backoff[slot] or BACKOFF_FIRST
  self.backoff[slot] = math.min(wait * 2, BACKOFF_MOST)
  core.after(wait, function() start(self, slot) end)
end

--- For renewal.lua: another worker in a slot, with the app as it is now.
---@param slot integer
---@return boolean
function Supervisor:replace(slot)
  local member = self.members.by_slot[slot]
  if self.stopping or slot >= (self.count or 1) then return false end
  if not member then
    start(self, slot)
  else
    member.replaced = true
    self.members.shm:move(slot, "ready", "draining")
    self.members:send(member, { op = "stop", reason = "reload" })
  end
  return true
end

function on_op.ready(self, member)
  if self.stopping then return end
  member.ready, member.ready_at = true, process.now()
  if not self.ever_ready then
    self.ever_ready = true
    for slot = 1, self.count - 1 do start(self, slot) end
  end
  local _, ready = self.members:count()
  if self.announced then
    core.log("info", ("worker %d is ready (pid %d)"):format(member.slot + 1, member.pid))
  elseif ready == self.count then
    announce(self)
  end
  if self.renewal then self.renewal:on_ready(member.slot) end
end

function on_op.stopping(self, member)
  self.members.shm:move(member.slot, "ready", "draining")
end

local function on_exit(self, member, how)
  if self.stopping then
    if self.members:count() == 0 then finish(self) end
    return
  end
  if member.replaced then return start(self, member.slot) end
  if not self.ever_ready then
    -- Its own words are on stderr already, unless it had no time for any.
    local said = how == "exited with status 3"
    if self.renewal then return self.renewal:wait() end
    return fail(self, not said and ("worker 1 %s before it was ready"):format(how))
  end
  core.log("warn", ("worker %d (pid %d) %s"):format(member.slot + 1, member.pid, how))
  if member.ready_at and process.now() - member.ready_at >= SETTLED then
    self.backoff[member.slot] = nil
    start(self, member.slot)
  else
    self:start_later(member.slot)
  end
end

-- ---- heartbeats ---------------------------------------------------------------------------------

local function judge(self, member, verdict)
  local shm, name = self.members.shm, ("worker %d (pid %d)"):format(member.slot + 1, member.pid)
  if verdict == "fine" then
    if shm:move(member.slot, "suspect", "ready") then core.log("info", name .. " answers again") end
  elseif shm:move(member.slot, "ready", "suspect") then
    core.log("warn", name .. " does not answer, it gets no new clients")
  end
  if verdict == "hanging" and not member.killed then
    member.killed = true
    core.log("error", name .. " has not answered for too long, it is killed")
    member.child:kill(process.signal_number "kill")
  end
end

local function tick(self)
  local now = process.now()
  self.heartbeat:tick(now)
  for slot, member in pairs(self.members.by_slot) do
    judge(self, member, self.heartbeat:verdict(self.members.shm:silence(slot), member.ready))
  end
  if now - self.last_sweep >= SWEEP then
    self.last_sweep = now
    self.members.shm:sweep(self.retention)
  end
end

-- ---- the beginning ------------------------------------------------------------------------------

local function worker_env(asked)
  local env = { "SIO_LOG_LEVEL=" .. (asked.log_level or "info") }
  if asked.balance then env[#env + 1] = "SIO_BALANCE=" .. asked.balance end
  return env
end

local function new(asked, count, default_workers, worker_command)
  local now = process.now()
  local self = setmetatable({
    asked = asked, count = count, default_workers = default_workers, exit_code = 0,
    backoff = {}, timers = {}, signals = {}, retention = RETENTION,
    heartbeat = heartbeat.new(now), last_sweep = now,
    stopping = false, ever_ready = false, announced = false,
    plan = (asked.check or asked.trial) and {} or nil, -- addresses, instead of listening there
  }, Supervisor)
  local err
  -- How many there will be is for the app to say, unless an option has said it. Unused slots cost
  -- nothing but addresses: the memory is sparse.
  self.members, err = members.new(count or process.workers_max, worker_command, worker_env(asked), {
    on_message = function(member, message) on_op[message.op](self, member, message) end,
    on_exit = function(member, how) on_exit(self, member, how) end,
  })
  if not self.members then return nil, err end
  self.sockets, err = sockets.new(asked)
  if not self.sockets then return nil, err end
  return self
end

---@param asked sio.cli.Options with the file
---@param worker_command fun(number: integer): string[]
---@param trial_command string[] for --watch: ends with 0 when the app loads
---@return integer exit_code
local function run(asked, worker_command, trial_command)
  local default_workers, err = command.default_workers()
  if not default_workers then
    say(err)
    return 2
  end
  core.set_log_level(asked.log_level or "info")
  process.raise_nofile()
  local count = asked.workers
  if count == "auto" then count = command.processors() end
  local self
  self, err = new(asked, count, default_workers, worker_command)
  if self and asked.watch then
    self.renewal, err = renewal.start(asked, trial_command, self)
  end
  if not self or err then
    say(err)
    return 3
  end
  for i, name in ipairs { "int", "term" } do
    self.signals[i] = process.signal(name, function() self:stop("SIG" .. name:upper()) end)
  end
  table.insert(self.signals, process.signal("hup", function() self:reload() end))
  self.timers[1] = core.every(heartbeat.PERIOD, function() tick(self) end)
  core.spawn(start, self, 0)
  core.run()
  return self.exit_code
end

return { run = run }
