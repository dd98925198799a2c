-- SPDX-License-Identifier: MIT
-- --metrics ADDRESS: pages of the supervisor's own, which never runs the application.
--
--     /metrics   what all workers count, for Prometheus
--     /healthz   200: the supervisor turns and a worker answers
--     /readyz    200: new clients are served; 503 at the start, while draining and at the end
--
-- A part of the supervisor; stands on sio.cli.counts and process.endpoint.

local banner = require "sio.banner"
local core = require "sio.core"
local counts = require "sio.cli.counts"
local exposition = require "sio.cli.exposition"
local listener = require "sio.listener"

local process = core.process

local HOST = "127.0.0.1" -- unless the address has one
local MODE = tonumber("600", 8) -- of a Unix socket, unless the address has one

local metrics = {}

---@class sio.cli.Metrics
---@field supervisor sio.cli.Supervisor
---@field since integer when that started, in Unix time
---@field endpoint? userdata
---@field listener? sio.Listener
local Metrics = {}
Metrics.__index = Metrics
Metrics.__name = "sio.cli.Metrics"

-- ---- families ---------------------------------------------------------------------------------

local function in_unit(stat, value)
  return stat.metric:find "seconds" and value / 1e6 or value
end

local function labels_of(member)
  return exposition.label("worker", member.number) .. ","
    .. exposition.label("slot", member.slot)
end

local function family(list, name, kind, help)
  local made = { name = "sio_" .. name, type = kind, help = help }
  list[#list + 1] = made
  return made
end

local function add(to, labels, value)
  to[#to + 1] = { labels = labels, value = value }
end

-- What is counted, in the order of its table.
local function add_counted(list, supervisor)
  local counted = supervisor.parts.counts
  local sums, values = counted:sums(), {}
  local members = supervisor.members:list()
  for i, member in ipairs(members) do values[i] = counted:of(member) end
  local current
  for i, stat in ipairs(counts.table) do
    if stat.help ~= "" then
      current = family(list, stat.metric, stat.kind == "counter" and "counter" or "gauge",
        stat.help)
    end
    if stat.kind ~= "each" then
      add(current, stat.labels, in_unit(stat, sums[i]))
    else
      for m, member in ipairs(members) do
        add(current, labels_of(member), in_unit(stat, values[m][i]))
      end
    end
  end
end

local function add_own(list, supervisor)
  local states = { starting = 0, ready = 0, suspect = 0, draining = 0 }
  local behind = family(list, "journal_behind_bytes", "gauge",
    "Bytes of the journal that a worker has not read yet")
  for _, member in ipairs(supervisor.members:list()) do
    states[member.state] = states[member.state] + 1
    add(behind, labels_of(member), supervisor.parts.counts:behind(member))
  end
  local workers = family(list, "workers", "gauge", "Worker processes by state")
  for _, state in ipairs { "starting", "ready", "suspect", "draining" } do
    add(workers, exposition.label("state", state), states[state])
  end
  add(family(list, "workers_wanted", "gauge", "Worker processes that there should be"), "",
    supervisor.wanted or 0)
  local restarts = family(list, "worker_restarts_total", "counter",
    "Workers that were replaced, by cause")
  local causes = { exit = 0, hung = 0, memory = 0, reload = 0, signal = 0 }
  for cause, n in pairs(supervisor.restarted) do causes[cause] = n end
  local names = {}
  for cause in pairs(causes) do names[#names + 1] = cause end
  table.sort(names)
  for _, cause in ipairs(names) do
    add(restarts, exposition.label("cause", cause), causes[cause])
  end
  add(family(list, "start_time_seconds", "gauge", "When the supervisor started, in Unix time"), "",
    supervisor.parts.metrics.since)
  add(family(list, "build_info", "gauge", "Always 1"), exposition.label("version", core.version), 1)
end

--- All of it as text.
---@param supervisor sio.cli.Supervisor
---@return string
function metrics.text(supervisor)
  local list = {}
  add_counted(list, supervisor)
  add_own(list, supervisor)
  return exposition.text(list)
end

-- ---- pages --------------------------------------------------------------------------------------

local PLAIN = "text/plain; charset=utf-8"

local function answers(supervisor)
  for _, member in ipairs(supervisor.members:list()) do
    if member.state == "ready" then return true end
  end
  return false
end

local pages = {
  ["/metrics"] = function(supervisor) return 200, exposition.type, metrics.text(supervisor) end,
  ["/healthz"] = function(supervisor)
    if answers(supervisor) then return 200, PLAIN, "ok\n" end
    return 503, PLAIN, "no worker answers\n"
  end,
  ["/readyz"] = function(supervisor)
    if supervisor.stopping then return 503, PLAIN, "stopping\n" end
    if not supervisor.announced then return 503, PLAIN, "starting\n" end
    if not answers(supervisor) then return 503, PLAIN, "no worker is ready\n" end
    return 200, PLAIN, "ready\n"
  end,
}

local function serve(supervisor, method, path)
  local page = pages[path]
  if not page then return 404, PLAIN, "/metrics, /healthz or /readyz\n" end
  if method ~= "GET" and method ~= "HEAD" then return 405, PLAIN, "GET or HEAD\n" end
  return page(supervisor)
end

-- ---- the part -----------------------------------------------------------------------------------

function Metrics:close()
  if self.endpoint then self.endpoint:close() end
  if self.listener then listener.close(self.listener) end
end

local function listen(self, asked)
  local opened, err = listener.open {
    host = asked.host or not asked.unix and HOST or nil, port = asked.port, unix = asked.unix,
    mode = asked.mode or asked.unix and MODE or nil,
  }
  if not opened then return nil, "--metrics: " .. err end
  local fd = opened.descriptor
  opened.descriptor = nil
  self.listener = opened
  self.endpoint, err = process.endpoint(fd, function(method, path)
    return serve(self.supervisor, method, path)
  end)
  if not self.endpoint then return nil, "--metrics: " .. err end
  local where = opened.unix and "unix:" .. opened.unix
    or banner.url(opened.host, opened.port) .. "/metrics"
  core.log("info", "metrics", { "url", core.json_encode(where) })
  return true
end

--- Listens where --metrics says, if it does.
---@param supervisor sio.cli.Supervisor
---@return sio.cli.Metrics?
---@return string? err
function metrics.start(supervisor)
  local self = setmetatable({
    supervisor = supervisor, since = os.time() - (process.now() - supervisor.born) // 1 | 0,
  }, Metrics)
  local asked = supervisor.asked
  if not asked.metrics or asked.check or asked.trial then return self end
  local listening, err = listen(self, asked.metrics)
  if not listening then
    self:close()
    return nil, err
  end
  return self
end

return metrics
