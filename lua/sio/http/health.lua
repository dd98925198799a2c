-- SPDX-License-Identifier: MIT
-- app:health: the route that a balancer asks whether this worker should get requests.
--
--     200 {"status":"ready"}
--     503 {"status":"starting"} or {"status":"draining"}
--     503 {"status":"failing","error":"..."}      when the application's own check says so
--
-- Stands on listening.state and response.lua; server.lua adds the route. A check runs once at a
-- time however many ask: who comes meanwhile gets its result, and one that does not end is not
-- started again.

local check = require "sio.options.check"
local core = require "sio.core"
local errors = require "sio.error"
local listening = require "sio.listening"
local response = require "sio.http.response"

local health = {}

local error_max = 200 -- bytes of what a check says that are told

local known = { timeout = { "number", 1, check.positive_seconds } }

local Check = {}
Check.__index = Check
Check.__name = "sio.HealthCheck"

local function new_check(fn, timeout, app)
  return setmetatable({ fn = fn, timeout = timeout, app = app }, Check)
end

-- Whoever waits for a run is woken once: with its result, or when his time is over.
local function wake(run, ticket, ok, err)
  if not run.waiting[ticket] then return end
  run.waiting[ticket]:cancel()
  run.waiting[ticket] = nil
  core.job.wake(ticket, ok, err)
end

local function finish(self, run, ok, err)
  self.run, run.done, run.ok, run.err = nil, true, ok, err
  local tickets = {}
  for ticket in pairs(run.waiting) do tickets[#tickets + 1] = ticket end
  for _, ticket in ipairs(tickets) do wake(run, ticket, ok, err) end
end

local function start(self)
  local run = { waiting = {} }
  self.run = run
  core.spawn(function()
    local ran, ok, err = xpcall(self.fn, errors.traceback)
    if not ran then
      errors.report("health check", ok, self.app)
      ok, err = false, "the check raised an error"
    end
    finish(self, run, ok, err)
  end)
  return run
end

-- What fn returned, or false and why there is nothing.
function Check:ask()
  if self.run and self.run.late then return false, "the last check has not ended yet" end
  local run = self.run or start(self)
  if run.done then return run.ok, run.err end
  local ticket = core.job.ticket()
  run.waiting[ticket] = core.after(self.timeout, function()
    run.late = true
    wake(run, ticket, false, ("no result within %g s"):format(self.timeout))
  end)
  return core.job.wait(ticket)
end

-- What is wrong, as JSON; nil when that cannot be said.
local function reason(err)
  return err ~= nil and core.json_encode(tostring(err):sub(1, error_max)) or nil
end

local function answer(req, status, err)
  local body = ('{"status":"%s"%s}'):format(status, err and ',"error":' .. err or "")
  response.send(req, body, status == "ready" and 200 or 503,
    { ["Content-Type"] = "application/json; charset=utf-8", ["Cache-Control"] = "no-store" })
end

--- The handler of the route.
---@param app table
---@param fn? async fun(): any, string?
---@param opts table
---@return async fun(req: sio.Request)
function health.handler(app, fn, opts)
  local o = check.with_defaults(opts, known)
  local own = fn and new_check(fn, o.timeout, app)
  return function(req)
    local ok, err = true, nil
    if own and listening.state(app) == "ready" then ok, err = own:ask() end
    local state = listening.state(app) -- it may have changed while the check ran
    if state == "ready" and not ok then return answer(req, "failing", reason(err)) end
    answer(req, state)
  end
end

return health
