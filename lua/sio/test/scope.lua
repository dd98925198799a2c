-- SPDX-License-Identifier: MIT
-- One test that runs: what it waits for, what has to be closed behind it, what went wrong.
--
-- Stands on sio.core's tickets and timers; init.lua makes one per test, and everything that the
-- test opens is told to it. Invariant: once a test has ended, whoever of it still waits is ended.

local core = require "sio.core"
local errors = require "sio.error"

---@class sio.test.Scope
---@field waits table<thread, string> what each coroutine waits for
---@field ended boolean
---@field mishaps string[] errors of handlers that nobody has asked for
local Scope = {}
Scope.__index = Scope
Scope.__name = "sio.test.Scope"

local mishaps_max = 100 -- kept; an error again and again says nothing new

local scope = {}
local current

---@return sio.test.Scope
function scope.open()
  current = setmetatable({
    waits = {}, ended = false, mishaps = {}, closers = {}, timers = core.timers_started(),
  }, Scope)
  return current
end

--- The scope of the running test; raises outside one.
---@param what string who asks
---@return sio.test.Scope
function scope.current(what)
  if not current then
    errors.raise("%s is for inside a test: sio.test(function() ... end)", what)
  end
  return current
end

--- Runs fn(...), which waits, and notes for what.
---@async
---@param what string
---@param fn function
---@param ... any
---@return any ...
function Scope:during(what, fn, ...)
  local thread = coroutine.running()
  self.waits[thread] = what
  local results = table.pack(fn(...))
  self.waits[thread] = nil
  if self.ended then error("the test has ended", 0) end
  return table.unpack(results, 1, results.n)
end

--- Something to wait for, once: wait() returns what wake() was given, or nil and "timeout".
---@param what string
---@return { wait: fun(seconds?: number): any; wake: fun(...) }
function Scope:promise(what)
  local ticket, result = core.job.ticket(), nil
  local promise = {}
  function promise.wake(...)
    if result then return end
    result = table.pack(...)
    core.job.wake(ticket)
  end
  function promise.wait(seconds)
    local timer = seconds and core.after(seconds, function() promise.wake(nil, "timeout") end)
    if not result then self:during(what, core.job.wait, ticket) end
    if timer then timer:cancel() end
    return table.unpack(result, 1, result.n)
  end
  return promise
end

--- Calls fn when the test has ended, last first; it may wait.
---@param fn async fun()
function Scope:on_close(fn)
  table.insert(self.closers, fn)
end

--- Notes the error of a handler.
---@param text string
function Scope:add_mishap(text)
  if #self.mishaps < mishaps_max then table.insert(self.mishaps, text) end
end

--- Those noted so far, which are forgotten.
---@return string[]
function Scope:take_mishaps()
  local taken = self.mishaps
  self.mishaps = {}
  return taken
end

--- Closes everything and stops every timer that was started since.
---@async
function Scope:close()
  self.ended = true
  while #self.closers > 0 do
    local ran, err = pcall(table.remove(self.closers))
    if not ran then core.log("error", "sio.test: " .. tostring(err)) end
  end
  core.timers_end(self.timers)
  current = nil
end

return scope
