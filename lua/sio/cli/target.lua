-- SPDX-License-Identifier: MIT
-- Which of the running ones a command means: the app it runs, its pid, its control socket, or the
-- only one.
--
-- Stands on sio.cli.client; sio.cli.commands.* call it. pick is pure.

local client = require "sio.cli.client"
local core = require "sio.core"

local target = {}

---@class sio.cli.Target
---@field path string of its control socket
---@field pid? integer
---@field status? table as it was when it was found

local function matches(running, asked, app)
  if asked.pid then return running.pid == asked.pid end
  return not app or running.status.app == app
end

local function describe(asked)
  if asked.pid then return ("no sio-lua with pid %d is running"):format(asked.pid) end
  if asked.file then return ("no sio-lua with %s is running"):format(asked.file) end
  return "no sio-lua is running"
end

--- The one that is meant; nil, why there is none, and those that could be meant.
---@param running sio.cli.Target[]
---@param asked table of commands.parse
---@param app? string absolute path of asked.file
---@return sio.cli.Target?
---@return string? err
---@return sio.cli.Target[]? several
function target.pick(running, asked, app)
  local found = {}
  for _, each in ipairs(running) do
    if matches(each, asked, app) then found[#found + 1] = each end
  end
  if #found == 0 then return nil, describe(asked) end
  if #found == 1 then return found[1] end
  return nil, "several are running; name the application, or use --pid", found
end

--- Finds it.
---@async
---@param asked table
---@return sio.cli.Target?
---@return string? err
---@return sio.cli.Target[]? several
function target.find(asked)
  if asked.status then return { path = asked.status.unix } end
  local app = asked.file and (core.process.realpath(asked.file) or asked.file)
  return target.pick(client.running(asked.pid), asked, app)
end

return target
