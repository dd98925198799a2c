-- SPDX-License-Identifier: MIT
-- --pidfile: who has the file's lock is the supervisor, and its pid stands in it.
--
-- A part of the supervisor, taken before anything else is. A file that was left behind by one that
-- was killed is taken over: its lock went with its process.

local core = require "sio.core"

local process = core.process

---@class sio.cli.Pidfile
---@field path? string nil: there is none
---@field descriptor? integer
local Pidfile = {}
Pidfile.__index = Pidfile
Pidfile.__name = "sio.cli.Pidfile"

function Pidfile:close()
  if self.descriptor then process.unlock_file(self.path, self.descriptor) end
  self.descriptor = nil
end

local pidfile = {}

--- Takes the file that was asked for; nil and one sentence when somebody else has it.
---@param asked sio.cli.Options
---@return sio.cli.Pidfile?
---@return string? err
function pidfile.take(asked)
  local path = not asked.check and not asked.trial and asked.pidfile
  if not path then return setmetatable({}, Pidfile) end
  local descriptor, err, code, pid = process.lock_file(path)
  if descriptor then
    return setmetatable({ path = path, descriptor = descriptor }, Pidfile)
  end
  if code == "eexist" then
    return nil, "already running" .. (pid > 0 and (" (pid %d)"):format(pid) or "")
  end
  if code == "einval" then err = "there is a file that is no pid file" end
  return nil, ("--pidfile: cannot use %s: %s"):format(path, err)
end

return pidfile
