-- SPDX-License-Identifier: MIT
-- The commands beside running an application: `sio-lua new DIR`, `sio-lua status`. A new one is a
-- row here, which --help shows and a shell completes; its module is loaded when it is called.
--
-- Pure. sio.cli calls the module's run(asked), where asked has the command's options by name and
-- the other words at 1, 2, ...: it answers the exit code, or nil and what is wrong with them.

local arguments = require "sio.cli.arguments"
local values = require "sio.cli.values"

---@class sio.cli.Command
---@field name string
---@field argument? string what --help calls its words
---@field words integer how many it takes at most
---@field app? integer which of them is the application
---@field choices? string[] all that the first one can be
---@field module string
---@field help string
---@field flags sio.cli.FlagIndex

local help = { name = "help", short = "h", help = "show this help" }

-- For one that runs: which.
local pid = { name = "pid", argument = "N", take = values.integer(1, math.maxinteger >> 32),
  help = "the one with this process id" }
local status = { name = "status", argument = "ADDRESS", take = values.unix_address,
  help = "the one with this control socket, unix:/path" }

-- Rows are shared, and each index gives them the same field.
local function flags(...)
  local list = { ... }
  list[#list + 1] = help
  return arguments.index(list)
end

---@type sio.cli.Command[]
local commands = {
  { name = "new", argument = "DIR", words = 1, module = "sio.cli.new", flags = flags(),
    help = "make a small application in a folder that is not there yet, or empty" },
  { name = "status", argument = "[app.lua]", words = 1, app = 1,
    module = "sio.cli.commands.status", flags = flags(
      { name = "json", help = "as one JSON object" },
      { name = "every", short = "n", argument = "SEC", take = values.seconds(0.1),
        help = "again every SEC seconds, until it ends or is interrupted" },
      pid, status),
    help = "show what runs: its state, and a line for each worker" },
  { name = "list", words = 0, module = "sio.cli.commands.list",
    flags = flags({ name = "json", help = "as one JSON array" }),
    help = "show all that run, a line each" },
  { name = "logs", argument = "[app.lua]", words = 1, app = 1,
    module = "sio.cli.commands.logs", flags = flags(
      { name = "follow", short = "f", help = "and those to come, until it ends or is interrupted" },
      { name = "lines", short = "n", argument = "N", take = values.integer(0, 100),
        help = "the last N lines (20)" },
      pid, status),
    help = "show the last lines of all its logs" },
  { name = "reload", argument = "[app.lua]", words = 1, app = 1,
    module = "sio.cli.commands.reload", flags = flags(pid, status),
    help = "replace the workers one after another, with new code, and wait for the end of it" },
  { name = "scale", argument = "N [app.lua]", words = 2, app = 2,
    module = "sio.cli.commands.scale", flags = flags(pid, status),
    help = "have N workers from now on" },
  { name = "stop", argument = "[app.lua]", words = 1, app = 1,
    module = "sio.cli.commands.stop", flags = flags(
      { name = "now", help = "at once, without draining" },
      pid, status),
    help = "end it, and wait until it is gone" },
  { name = "completion", argument = "bash|zsh|fish", words = 1,
    choices = { "bash", "zsh", "fish" }, module = "sio.cli.completion", flags = flags(),
    help = "write what makes a shell complete all this" },
}

---@type table<string, sio.cli.Command>
commands.by_name = {}
for _, command in ipairs(commands) do commands.by_name[command.name] = command end

--- The words and options of a command; nil and a sentence.
---@param command sio.cli.Command
---@param words string[]
---@return table?
---@return string? err
function commands.parse(command, words)
  local asked, err = arguments.parse(command.flags, words)
  if not asked then return nil, err end
  local extra = asked[command.words + 1]
  if extra then return nil, ('unexpected "%s"'):format(extra) end
  asked.file = asked[command.app]
  local named = (asked.file and 1 or 0) + (asked.pid and 1 or 0) + (asked.status and 1 or 0)
  if named > 1 then return nil, "the application, --pid or --status: one of them" end
  return asked
end

return commands
