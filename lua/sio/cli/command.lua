-- SPDX-License-Identifier: MIT
-- How to start this program once more, how many processors it has, and how many workers its
-- environment wants. sio.cli calls it.

local core = require "sio.core"
local logging = require "sio.cli.logging"
local message = require "sio.cli.message"
local values = require "sio.cli.values"

local command = {}

local function absolute(path)
  if path:sub(1, 1) == "/" then return path end
  return core.process.realpath "." .. "/" .. path
end

-- The interpreter with its own options (LuaRocks starts Lua with -e), the launcher, our hidden
-- argument.
local function again(args, option)
  local words, first = {}, 0
  while args[first - 1] do first = first - 1 end
  for i = first, -1 do words[#words + 1] = args[i] end
  -- A bare name is looked up in PATH again.
  if words[1]:find "/" then words[1] = absolute(words[1]) end
  words[#words + 1] = absolute(args[0])
  words[#words + 1] = option
  return words
end

--- The command of worker `number`: this program, our hidden argument, the number (for ps) and the
--- app file.
---@param args table Lua's `arg`
---@param option string
---@param file string
---@return fun(number: integer): string[]
function command.worker(args, option, file)
  local app = absolute(file)
  return function(number)
    local all = again(args, option)
    all[#all + 1] = tostring(number)
    all[#all + 1] = app
    return all
  end
end

--- The command that reads sio.conf.lua, under the name that people know it by.
---@param args table Lua's `arg`
---@param option string
---@param file string
---@return string[]
function command.reader(args, option, file)
  local all = again(args, option)
  all[#all + 1] = file
  return all
end

--- What each worker has to know of what was asked for, for SIO_SETTINGS. Who tries an app for a
--- supervisor passes on what that says.
---@param asked sio.cli.Options
---@return string
function command.settings(asked)
  local settings = asked.trial and message.decode(os.getenv "SIO_SETTINGS") or {
    balance = asked.balance, drain = asked.drain, log = logging.settings(asked),
    server = asked.server,
  }
  settings.supervisor = core.process.pid()
  return message.encode(settings)
end

local function read_line(path)
  local file = io.open(path)
  if not file then return nil end
  local line = file:read "l"
  file:close()
  return line
end

-- Processors that the cgroups above us allow: "quota period" in microseconds, or "max".
local function quota()
  local own = (read_line "/proc/self/cgroup" or ""):match "^0::(/.*)$"
  local least
  while own do
    local dir = own == "/" and "" or own
    local limit = read_line("/sys/fs/cgroup" .. dir .. "/cpu.max") or ""
    local used, period = limit:match "^(%d+) (%d+)"
    if used then least = math.min(least or math.huge, tonumber(used) / tonumber(period)) end
    own = dir ~= "" and (dir:match "^(.+)/[^/]*$" or "/") or nil
  end
  return least
end

--- Workers for "auto": the processors that we may run on, less what a cgroup's quota takes away.
---@return integer
function command.processors()
  local n = core.process.parallelism()
  local most = quota()
  if most then n = math.min(n, math.max(1, math.ceil(most))) end
  return n
end

--- Workers for an app that does not say: as the environment has it, else one. nil and why that
--- makes no sense.
---@return integer|"auto"|nil
---@return string? err
function command.default_workers()
  for _, name in ipairs { "SIO_WORKERS", "WEB_CONCURRENCY" } do
    local text = os.getenv(name)
    if text and text ~= "" then
      local n, expected = values.workers(text)
      if not n then return nil, ('%s: expected %s, got "%s"'):format(name, expected, text) end
      return n
    end
  end
  return 1
end

return command
