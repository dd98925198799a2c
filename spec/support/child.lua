-- SPDX-License-Identifier: MIT
-- Runs Lua source in a process of its own, for specs about what is logged and about what would end
-- this one.
--
--     local output, code = child([[ sio.spawn(error, "x") ]])
--
-- The source finds `sio`, `core`, `say(text)` (a line on stderr), `busy(seconds)` (holds everything
-- up) and `run(fn)`: fn in a coroutine, until it has ended. The output is what it wrote to stdout
-- and stderr, in order; code is its exit code, or "signal n".

local head = [[
local early = setmetatable({}, { __gc = function(self) if self.finish then self.finish() end end })
package.loaded["sio.early"] = early
local core = require "sio.core"
local sio = require "sio"
local function say(text) io.stderr:write(tostring(text), "\n") end
local function busy(seconds)
  local last = os.clock() + seconds
  while os.clock() < last do end
end
local function run(fn)
  sio.spawn(function()
    local _ <close> = setmetatable({}, { __close = core.stop })
    fn()
  end)
  core.run()
end
]]

--- With `limits`, words for ulimit ("-v 400000").
return function(source, limits)
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write(head, source)
  file:close()
  local command = "%s LUA_PATH='%s' LUA_CPATH='%s' timeout -s KILL 60 lua5.4 %s 2>&1"
  local pipe = assert(io.popen(command:format(limits and "ulimit " .. limits .. ";" or "",
    package.path, package.cpath, path)))
  local output = pipe:read "a"
  local _, how, code = pipe:close()
  os.remove(path)
  return output, how == "signal" and "signal " .. code or code
end
