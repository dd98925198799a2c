-- SPDX-License-Identifier: MIT
-- The command sio-lua: reads the command line and becomes the supervisor, or, started by one, a
-- worker, or calls one of the commands in sio.cli.commands.
--
-- bin/sio-lua calls main and exits with what it returns: 0 ended as asked, 1 by force or failure,
-- 2 the command line makes no sense, 3 the app or its address failed at the start.

local commands = require "sio.cli.commands"
local options = require "sio.cli.options"
local suggest = require "sio.suggest"

local cli = {}

local WORKER = "--worker" -- hidden: we start ourselves with it
local TRIAL = "--trial" -- hidden: a check that says nothing when all is well
local READ = "--read" -- hidden: reads the file of options for us
local CONF = "sio.conf.lua"

local function usage(message, of)
  io.stderr:write("sio-lua: ", message, "\nTry 'sio-lua ", of or "", "--help'.\n")
  return 2
end

local function readable(path)
  local file = io.open(path)
  if not file then return false end
  local is_file = file:read(0) ~= nil or file:seek "end" == 0
  file:close()
  return is_file
end

local function find_app(file)
  if file then
    if readable(file) then return file end
    local near = not file:find "[./]" and suggest.nearest(file, commands.by_name)
    return nil, ("cannot read %s%s"):format(file == "" and '""' or file,
      near and (" (did you mean the command %s?)"):format(near) or "")
  end
  for _, name in ipairs { "app.lua", "init.lua" } do
    if readable(name) then return name end
  end
  return nil, "there is no app.lua or init.lua here; name the application's file"
end

local function show_version()
  local core = require "sio.core"
  local versions = core.versions()
  local found, sqlite = pcall(require, "sio.driver.sqlite")
  if found then table.insert(versions, "SQLite " .. sqlite.version) end
  print(("sio-lua %s\n%s"):format(core.version, table.concat(versions, ", ")))
  return 0
end

local function run_command(command, args)
  local asked, err = commands.parse(command, table.move(args, 2, #args, 1, {}))
  local code
  if asked and asked.help then
    io.stdout:write(require("sio.cli.help").of(command))
    return 0
  end
  if asked then code, err = require(command.module).run(asked) end
  return code or usage(command.name .. ": " .. err, command.name .. " ")
end

-- The file of options, false when there shall be none, nil when the one asked for is not there.
local function find_conf(asked)
  if asked.config then
    if readable(asked.config) then return asked.config end
    return nil, ("cannot read %s"):format(asked.config)
  end
  return not asked.file and readable(CONF) and CONF
end

-- Starts the supervisor, which can start this program once more: as a worker, or for a trial.
local function supervise(args, given, conf, reader)
  local command = require "sio.cli.command"
  local known = require("sio.cli.sources").new(given, conf)
  local file = known.asked.file
  return require("sio.cli.supervisor").run(known, command.worker(args, WORKER, file),
    command.worker(args, TRIAL, file)(0), reader)
end

local function run(args, asked)
  local file, err = find_conf(asked)
  if file == nil then return usage(err) end
  local conf, reader
  if file then
    reader = require("sio.cli.command").reader(args, READ, file)
    conf, err = require("sio.cli.reader").read(reader)
    if not conf then
      io.stderr:write("sio-lua: ", err, "\n")
      return 3
    end
  end
  if conf and conf.file and not asked.file and not readable(conf.file) then
    io.stderr:write(("sio-lua: %s: app: cannot read %s\n"):format(file, conf.file))
    return 3
  end
  local app
  app, err = find_app(asked.file or conf and conf.file)
  if not app then return usage(err) end
  asked.file = app
  return supervise(args, asked, conf, reader)
end

--- Runs the command; the arguments as Lua's `arg` has them.
---@param args table
---@return integer exit_code
function cli.main(args)
  -- Without it, somebody has meant --workers.
  if args[1] == WORKER and os.getenv "SIO_WORKER" then
    return require("sio.cli.worker").run(args[3])
  end
  if args[1] == READ then return require("sio.cli.reader").run(args[2]) end
  if args[1] == TRIAL and args[3] then return supervise(args, { file = args[3], trial = true }) end
  local command = commands.by_name[args[1]]
  if command then return run_command(command, args) end
  local asked, err = options.parse(args)
  if not asked then return usage(err) end
  if asked.help then
    io.stdout:write(require("sio.cli.help").text)
    return 0
  end
  if asked.version then return show_version() end
  return run(args, asked)
end

return cli
