-- SPDX-License-Identifier: MIT
-- The control socket of a supervisor: commands of the same user, one JSON object per line, and one
-- per answer.
--
--     {"op":"status"}               {"ok":true,"status":{...}}
--     {"op":"reload"}               {"ok":true} when it is over, or {"ok":false,"error":"..."}
--     {"op":"scale","workers":4}    {"ok":true,"workers":4}
--     {"op":"stop","now":true}      {"ok":true,"pid":7}; at the end {"ok":true,"exit_code":0}
--
-- Stands on process.accept and process.lines; a part of sio.cli.supervisor, whose verbs it calls.
-- Invariant: whatever a peer sends or does not read costs a bounded amount, and nobody else's time.

local core = require "sio.core"
local place = require "sio.cli.place"

local cjson = require("cjson").new()
cjson.decode_max_depth(8)

local process = core.process

local QUIET = 10 -- seconds

local control = {
  connections_max = 16,
  line_max = 4096,     -- bytes of a command
  commands_max = 1000, -- of one connection, then it is closed
  idle = 60,           -- seconds after which a connection without a command is closed
}

---@class sio.cli.Control
---@field supervisor sio.cli.Supervisor
---@field listening { path: string, inode: integer, acceptor: userdata }[]
---@field connections table<sio.cli.ControlConnection, true>
---@field quiet table<string, { since: number, held_back: integer }> by kind of warning
local Control = {}
Control.__index = Control
Control.__name = "sio.cli.Control"

---@class sio.cli.ControlConnection
---@field control sio.cli.Control
---@field open boolean
---@field close fun()
---@field lines userdata
---@field commands integer how many have come
---@field busy? string the command that is not over yet
---@field timer? userdata closes it
---@field on_drain? fun() its peer has read what it had to
---@field on_gone? fun() whatever the command has to undo

--- What commands do: fn(supervisor, connection, request) -> answer, or nil and what is wrong with
--- it; or "later", when it answers itself with control.finish.
---@type table<string, fun(supervisor, connection, request): table|"later"|nil, string?>
control.ops = {}

-- What a peer can repeat is logged once in QUIET seconds and kind.
local function warn(self, kind, text)
  local now, known = process.now(), self.quiet[kind]
  if known and now - known.since < QUIET then
    known.held_back = known.held_back + 1
    return
  end
  self.quiet[kind] = { since = now, held_back = 0 }
  if known and known.held_back > 0 then
    text = ("%s (%d more held back)"):format(text, known.held_back)
  end
  core.log("warn", "control socket: " .. text)
end

-- ---- connections --------------------------------------------------------------------------------

--- Sends an answer; false when its peer does not read, and the connection is closed for it.
---@param connection sio.cli.ControlConnection
---@param answer table
---@return boolean
function control.send(connection, answer)
  local sent, _, code = connection.lines:send(cjson.encode(answer))
  if not sent and code == "efull" then
    warn(connection.control, "slow", "a client that does not read is left")
    connection.close()
  end
  return sent or false
end

local function wait_for_command(connection)
  connection.timer = core.after(control.idle, function() connection.close() end)
end

--- Answers the command that a connection waits for.
---@param connection sio.cli.ControlConnection
---@param answer? table nil: refused
---@param err? string
function control.finish(connection, answer, err)
  connection.busy = nil
  if answer then answer.ok = true else answer = { ok = false, error = err } end
  if control.send(connection, answer) and connection.open then wait_for_command(connection) end
end

local function decode(text)
  local decoded, request = pcall(cjson.decode, text)
  if not decoded or type(request) ~= "table" or type(request.op) ~= "string" then
    return nil, 'an object with "op" expected'
  end
  if not control.ops[request.op] then return nil, "no such command" end
  return request
end

local function on_line(supervisor, connection, text)
  connection.commands = connection.commands + 1
  if connection.commands > control.commands_max then return connection.close() end
  if connection.busy then
    return control.send(connection, { ok = false, error = connection.busy .. " is not over yet" })
  end
  connection.timer:cancel()
  local answer
  local request, err = decode(text)
  if request then
    connection.busy = request.op
    answer, err = control.ops[request.op](supervisor, connection, request)
  end
  if answer ~= "later" then control.finish(connection, answer, err) end
end

local function serve(self, fd)
  local connection = { control = self, commands = 0, open = true }
  local function forget()
    if not connection.open then return end
    connection.open = false
    self.connections[connection] = nil
    connection.timer:cancel()
    if connection.on_gone then connection.on_gone() end
  end
  local lines = process.lines(fd, {
    on_line = function(_, text) on_line(self.supervisor, connection, text) end,
    on_drain = function() if connection.on_drain then connection.on_drain() end end,
    on_gone = function(_, why)
      if why == "line too long" then warn(self, why, why) end
      forget()
    end,
  }, control.line_max)
  if not lines then return end
  connection.lines = lines
  function connection.close()
    lines:close()
    forget()
  end
  self.connections[connection] = true
  wait_for_command(connection)
end

local function count(set)
  local n = 0
  for _ in pairs(set) do n = n + 1 end
  return n
end

local function refuse(fd, err)
  local lines = process.lines(fd, {}, control.line_max)
  if not lines then return end
  lines:send(cjson.encode { ok = false, error = err })
  lines:close()
end

-- The file's mode keeps others away already; the kernel's word counts where it was changed.
local function on_connection(self, fd, uid, pid)
  if uid ~= 0 and uid ~= process.uid() then
    process.close(fd)
    return warn(self, "user", ("process %s of user %s is refused"):format(pid or "?", uid or "?"))
  end
  if count(self.connections) >= control.connections_max then
    warn(self, "connections", "too many connections")
    return refuse(fd, "too many connections")
  end
  serve(self, fd)
end

-- ---- commands -----------------------------------------------------------------------------------

function control.ops.status(supervisor)
  local status = supervisor:status()
  status.app = process.realpath(status.app) or status.app
  return { status = status }
end

function control.ops.stop(supervisor, connection, request)
  control.send(connection, { ok = true, pid = process.pid() })
  connection.stops = true
  if request.now then
    supervisor:halt "sio-lua stop"
  elseif not supervisor.stopping then -- asked again, it would not drain
    supervisor:stop "sio-lua stop"
  end
  return "later"
end

function control.ops.scale(supervisor, _, request)
  local workers, err = supervisor:scale(math.tointeger(request.workers))
  if not workers then return nil, err end
  return { workers = workers }
end

function control.ops.reload(supervisor, connection)
  local begun, err = supervisor:reload(function(ok, problem)
    if connection.open then control.finish(connection, ok and {} or nil, problem) end
  end)
  if not begun then return nil, err end
  return "later"
end

-- ---- the socket ---------------------------------------------------------------------------------

local PRIVATE = tonumber("600", 8)

local function listen(self, path)
  -- Nobody can connect before it has its mode: it is not listening yet.
  local fd, inode = process.listen_unix(path, PRIVATE)
  if not fd then return nil, ("cannot make the control socket %s: %s"):format(path, inode) end
  table.insert(self.listening, {
    path = path, inode = inode,
    acceptor = process.accept(fd, function(...) on_connection(self, ...) end),
  })
  return true
end

-- Where commands look that name no socket.
local function listen_by_default(self)
  local path, err = place.path(process.pid())
  if not path then return nil, err end
  return listen(self, path)
end

--- Removes the socket. Who waits for the end hears of it; the process takes their connections with
--- it, so that they can tell when it is over.
function Control:close()
  for _, each in ipairs(self.listening) do
    each.acceptor:close()
    process.unlink_unix(each.path, each.inode)
  end
  for connection in pairs(self.connections) do
    if connection.stops then
      control.send(connection, { ok = true, exit_code = self.supervisor.exit_code })
    else
      connection.close()
    end
  end
end

--- Listens where --status says and in the default place, without which it goes on.
---@param supervisor sio.cli.Supervisor
---@return sio.cli.Control?
---@return string? err
function control.start(supervisor)
  local self = setmetatable({
    supervisor = supervisor, listening = {}, connections = {}, quiet = {},
  }, Control)
  local asked = supervisor.asked
  if asked.check or asked.trial then return self end
  if asked.status then
    local made, err = listen(self, asked.status.unix)
    if not made then return nil, err end
  end
  local made, err = listen_by_default(self)
  if not made and not asked.status then core.log("warn", "no control socket: " .. err) end
  return self
end

return control
