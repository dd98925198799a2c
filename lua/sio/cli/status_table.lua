-- SPDX-License-Identifier: MIT
-- A supervisor's status as text for people. Pure; sio.cli.commands.status and list call it.
--
--     sio-lua 0.1.0  app.lua  pid 4242  up 3h12m  2 workers  http://localhost:3000
--      #  pid   state     clients  ws/poll  rooms  in/s  out/s  lag ms  rss
--      1  4243  ready        1021   1018/3    212   840   9120     0.4  38M
--      2  4244  draining      311    311/0     80   120    900     0.3  37M  (6 s left)

local status_table = {}

local NONE = "-" -- what is not known (yet)

--- A file's name or another's words, without what a terminal would obey.
---@param text any
---@return string
function status_table.plain(text)
  return (tostring(text):gsub("[%c\127-\159]", "?"))
end

--- "3h12m", "5m02s", "7s"
---@param seconds number
---@return string
function status_table.duration(seconds)
  local s = math.max(0, seconds) // 1 | 0
  if s >= 86400 then return ("%dd%02dh"):format(s // 86400, s % 86400 // 3600) end
  if s >= 3600 then return ("%dh%02dm"):format(s // 3600, s % 3600 // 60) end
  if s >= 60 then return ("%dm%02ds"):format(s // 60, s % 60) end
  return s .. "s"
end

--- "38M"
---@param bytes number
---@return string
function status_table.size(bytes)
  if bytes >= 10 << 30 then return ("%.0fG"):format(bytes / (1 << 30)) end
  if bytes >= 1 << 30 then return ("%.1fG"):format(bytes / (1 << 30)) end
  if bytes >= 1 << 20 then return ("%.0fM"):format(bytes / (1 << 20)) end
  return ("%.0fK"):format(bytes / (1 << 10))
end

local function number(value)
  if type(value) ~= "number" then return NONE end
  return ("%.0f"):format(value)
end

local function transports(worker)
  if not worker.websocket and not worker.polling then return NONE end
  return number(worker.websocket or 0) .. "/" .. number(worker.polling or 0)
end

local columns = {
  { "#", function(w) return number(w.number) end },
  { "pid", function(w) return number(w.pid) end, left = true },
  { "state", function(w) return status_table.plain(w.state) end, left = true },
  { "clients", function(w) return number(w.sessions) end },
  { "ws/poll", transports },
  { "rooms", function(w) return number(w.rooms) end },
  { "in/s", function(w) return number(w.events_in) end },
  { "out/s", function(w) return number(w.events_out) end },
  { "lag ms", function(w) return w.lag and ("%.1f"):format(w.lag * 1000) or NONE end },
  { "rss", function(w) return w.rss and status_table.size(w.rss) or NONE end },
}

-- Cells as lines, each column as wide as its widest cell.
local function align(rows, list)
  local lines = {}
  for c, column in ipairs(list) do
    local width = 0
    for _, row in ipairs(rows) do width = math.max(width, utf8.len(row[c]) or #row[c]) end
    for r, row in ipairs(rows) do
      local padding = (" "):rep(width - (utf8.len(row[c]) or #row[c]))
      local cell = column.left and row[c] .. padding or padding .. row[c]
      lines[r] = lines[r] and lines[r] .. "  " .. cell or " " .. cell
    end
  end
  return lines
end

--- How many workers were replaced because something was wrong with them.
---@param status table
---@return integer
function status_table.restarts(status)
  local n = 0
  for cause, count in pairs(status.restarts or {}) do
    if cause ~= "reload" then n = n + count end
  end
  return n
end

local function workers_text(n)
  return ("%s %s"):format(number(n), n == 1 and "worker" or "workers")
end

--- The first line: what runs, since when, where.
---@param status table
---@return string
function status_table.head(status)
  local parts = {
    "sio-lua " .. status_table.plain(status.version), status_table.plain(status.app),
    "pid " .. number(status.pid), "up " .. status_table.duration(status.uptime or 0),
    workers_text(status.wanted),
  }
  local restarts = status_table.restarts(status)
  if restarts > 0 then
    parts[#parts + 1] = ("%.0f %s"):format(restarts, restarts == 1 and "restart" or "restarts")
  end
  if status.state ~= "ready" then parts[#parts + 1] = status_table.plain(status.state) end
  for _, address in ipairs(status.addresses or {}) do
    parts[#parts + 1] = status_table.plain(address)
  end
  return table.concat(parts, "  ")
end

--- A line for what runs and one for each worker.
---@param status table
---@return string
function status_table.render(status)
  local rows, notes = { {} }, {}
  for c, column in ipairs(columns) do rows[1][c] = column[1] end
  for _, worker in ipairs(status.workers or {}) do
    local row = {}
    for c, column in ipairs(columns) do row[c] = column[2](worker) end
    rows[#rows + 1] = row
    if worker.drain_left then notes[#rows] = ("  (%.0f s left)"):format(worker.drain_left) end
  end
  local lines = align(rows, columns)
  for r, note in pairs(notes) do lines[r] = lines[r] .. note end
  for r, line in ipairs(lines) do lines[r] = line:gsub(" +$", "") end
  return status_table.head(status) .. "\n" .. table.concat(lines, "\n") .. "\n"
end

local list_columns = {
  { "pid", function(s) return number(s.pid) end },
  { "app", function(s) return status_table.plain(s.app) end, left = true },
  { "state", function(s) return status_table.plain(s.state) end, left = true },
  { "workers", function(s) return number(s.wanted) end },
  { "clients", function(s)
    local n
    for _, worker in ipairs(s.workers or {}) do n = (n or 0) + (worker.sessions or 0) end
    return number(n)
  end },
  { "restarts", function(s) return number(status_table.restarts(s)) end },
  { "up", function(s) return status_table.duration(s.uptime or 0) end },
  { "addresses", function(s)
    return status_table.plain(table.concat(s.addresses or {}, " "))
  end, left = true },
}

--- One line for each that runs.
---@param statuses table[]
---@return string
function status_table.list(statuses)
  local rows = { {} }
  for c, column in ipairs(list_columns) do rows[1][c] = column[1] end
  for i, status in ipairs(statuses) do
    rows[i + 1] = {}
    for c, column in ipairs(list_columns) do rows[i + 1][c] = column[2](status) end
  end
  local lines = align(rows, list_columns)
  for r, line in ipairs(lines) do lines[r] = line:gsub(" +$", "") end
  return table.concat(lines, "\n") .. "\n"
end

return status_table
