-- SPDX-License-Identifier: MIT
-- A worker process: runs the app file, gets listening sockets and siblings from the supervisor,
-- ends when it is told to or when the supervisor is gone.
--
-- It starts with descriptors 3 (control link), 4 (shared memory) and 5 (its bell), and with
-- SIO_WORKER=slot:generation:number and SIO_SETTINGS (a JSON object) in the environment. Messages
-- on the link are JSON objects:
--
--   up    {op="listen", server, addresses, secure, workers, balance, retention}
--         {op="loaded"}   {op="ready"}   {op="closed", server}   {op="stopping"}
--         {op="failed", err}
--   down  {op="listener", server, last, apart} + descriptor, one after the other; apart: it is
--         this worker's alone
--         {op="stop", reason, drain}
--         {op="peer", slot, generation} + link, bell

local closing = require "sio.closing"
local core = require "sio.core"
local errors = require "sio.error"
local host = require "sio.host"
local message = require "sio.cli.message"
local say = require "sio.say"
local tail = require "sio.cli.tail"

local process = core.process

---@class sio.cli.worker
---@field ops table<string, fun(fields: table, ...: integer)> what the supervisor may send
---@field settings sio.cli.Settings
local worker = { ops = {} }

---@class sio.cli.Settings
---@field number integer of this worker, for people
---@field supervisor integer its pid
---@field balance? string
---@field drain? number seconds
---@field log { level: string, format: string }
---@field server? table defaults for sio.server{}

local CONTROL_FD, SHM_FD, BELL_FD = 3, 4, 5

local control
local numbers = {}    -- of the servers that asked for listening sockets
local waiting = {}    -- number of a server -> what to do when its listening sockets are there
local asked = false   -- a server has asked for some
local ready = false   -- the supervisor was told
local stopping = false
local declared_drain  -- as the app has it

local DRAIN = 10   -- seconds that the end may take
local OVERTIME = 1 -- and a little more, before we end whatever is still under way
local REASON_MAX = 1000 -- bytes
local ORPHAN = 2   -- seconds after which the kernel ends who could not leave when nobody else would

--- Sends a message to the supervisor.
---@param fields table
function worker.send(fields)
  return control:send(message.encode(fields))
end

local send = worker.send

-- Ends the process within `drain` seconds: clients leave one by one, their sessions stay
-- recoverable.
local function stop(reason, drain)
  if stopping then return end
  stopping = true
  drain = drain or worker.settings.drain or declared_drain or DRAIN
  send { op = "stopping" }
  core.after(drain + OVERTIME, function() os.exit(1) end)
  if process.is_worker() then process.worker_stop_listening() end
  host.stop(reason, drain)
  if process.is_worker() then
    process.worker_close(closing.stop_loop)
  else
    closing.stop_loop()
  end
end

local ops = worker.ops

function ops.listener(fields, fd)
  local server = waiting[fields.server]
  if not server or server.app._closing or stopping then return process.close(fd) end
  core.server_add_listener(server.app, fd)
  if fields.apart then core.server_place_here(server.app) end
  if not fields.last then return end
  waiting[fields.server] = nil
  server.on_listening()
  core.server_ready(server.app)
  if next(waiting) or ready then return end
  ready = true
  send { op = "ready" }
end

function ops.peer(fields, link_fd, bell_fd)
  if process.is_worker() then
    process.worker_add_peer(fields.slot, fields.generation, link_fd, bell_fd)
  else
    process.close(link_fd)
    process.close(bell_fd)
  end
end

function ops.stop(fields)
  stop(fields.reason, fields.drain)
end

local function on_message(_, text, ...)
  local fields = message.decode(text)
  ops[fields.op](fields, ...)
end

local function listen(app, request, on_listening)
  local number = core.server_number(app)
  numbers[app], asked = number, true
  waiting[number] = { app = app, on_listening = on_listening }
  send {
    op = "listen", server = number, addresses = request.addresses, secure = request.secure,
    workers = request.workers, balance = request.balance, retention = request.retention,
    drain = request.drain, suspect_after = request.suspect_after,
    heartbeat_timeout = request.heartbeat_timeout, max_memory = request.max_memory,
  }
  declared_drain = declared_drain or request.drain
end

-- When no worker has it any more, nobody would accept what comes to its port.
local function closed(app)
  if not stopping then send { op = "closed", server = numbers[app] } end
  numbers[app] = nil
end

local function open()
  local slot, generation, number = (os.getenv "SIO_WORKER" or ""):match "^(%d+):(%d+):(%d+)$"
  if not slot then return nil, "--worker is for sio-lua itself" end
  for _, name in ipairs { "int", "quit", "hup", "usr1", "ttin", "ttou" } do
    process.ignore_signal(name) -- who sends it to all of us means the supervisor
  end
  control = process.link(CONTROL_FD, {
    on_message = on_message,
    on_gone = function() stop "supervisor gone" end,
  })
  process.signal("term", function() stop "SIGTERM" end)
  worker.settings = message.decode(os.getenv "SIO_SETTINGS")
  worker.settings.number = math.tointeger(number)
  process.orphan_limit(worker.settings.supervisor, (worker.settings.drain or DRAIN) + ORPHAN)
  core.set_log_level(worker.settings.log.level)
  core.set_log_format(worker.settings.log.format)
  core.set_log_worker(worker.settings.number)
  core.log_guard()
  tail.serve(worker)
  return process.worker_open {
    shm_fd = SHM_FD, bell_fd = BELL_FD, slot = math.tointeger(slot),
    generation = math.tointeger(generation),
  }
end

-- The message, which names the line, and the lines of the app that led there; ours would say
-- nothing to who wrote it. It is the message handler's tail call: level 2 is where it happened.
local function explain(err, chunk)
  local text = errors.text(err)
  local lines, first = { text }, text:find "^[^\n]-:%d+: " ~= nil
  for level = 2, 64 do
    local info = debug.getinfo(level, "Slf")
    if not info then break end
    if info.what ~= "C" and not errors.is_ours(info) then
      if not first then
        lines[#lines + 1] = ("\tcalled at %s:%d"):format(info.short_src, info.currentline)
      end
      first = false
    end
    if info.func == chunk then break end
  end
  return table.concat(lines, "\n")
end

-- What an app may do last: listen itself, or return its server.
local function run_app(file)
  local chunk, err = loadfile(file)
  if not chunk then return nil, err end
  local ran, app = xpcall(chunk, function(failure) return explain(failure, chunk) end)
  if not ran then return nil, app end
  if not asked and type(app) == "table" and type(app.listen) == "function" then
    app:listen()
  end
  if not asked then return nil, file .. " ended without app:listen()" end
  return true
end

-- The first line is for who has asked for a reload as well.
local function fail(text)
  say.trouble(text)
  if control then send { op = "failed", err = text:match("^[^\n]*"):sub(1, REASON_MAX) } end
  return 3
end

--- Runs the app file as a worker of the supervisor that started this process.
---@param file string absolute path
---@return integer exit_code
function worker.run(file)
  local opened, err = open()
  if not opened then return fail(err) end
  host.attach(file:match "^(.+)/[^/]*$" or "/", { balance = worker.settings.balance },
    { listen = listen, closed = closed })
  host.defaults = worker.settings.server or {}
  -- As under plain Lua: the app sees its own name and no arguments.
  _G.arg = { [0] = file }
  local ran
  ran, err = run_app(file)
  if not ran then return fail(err) end
  send { op = "loaded" }
  core.run()
  return 0
end

return worker
