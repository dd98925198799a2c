-- SPDX-License-Identifier: MIT
-- The log of the supervisor's processes: what the command line and the environment say of it, and
-- the supervisor's own. One format for all of them, decided once: they share one stderr.
--
-- A part of the supervisor.

local core = require "sio.core"

local TICK = 1 -- seconds between looks for lines that were held back

local logging = {}

local formats = { auto = true, text = true, json = true }

--- Sets this process's log up, and what it prints.
---@param asked sio.cli.Options
function logging.begin(asked)
  local from_env = os.getenv "SIO_LOG_FORMAT"
  core.log_guard()
  core.set_log_level(asked.log_level or "info")
  core.set_log_format(asked.log_format or formats[from_env] and from_env or "auto")
end

--- For the workers' settings.
---@param asked sio.cli.Options
---@return { level: string, format: string }
function logging.settings(asked)
  return { level = asked.log_level or "info", format = core.log_format() }
end

--- For the environment of a process that is no worker, but whose lines stand beside ours.
---@return string
function logging.variable()
  return "SIO_LOG_FORMAT=" .. core.log_format()
end

---@param supervisor sio.cli.Supervisor
---@return { close: fun() }
function logging.start(supervisor)
  supervisor:every(TICK, core.log_tick)
  return { close = function() end }
end

return logging
