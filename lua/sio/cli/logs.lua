-- SPDX-License-Identifier: MIT
-- The logs of all processes for who asks over the control socket:
--
--     {"op":"logs","lines":20,"follow":true}     {"lines":[...]} ..., {"ok":true}
--     and with follow, until the connection ends  {"lines":[...],"lost":3}
--
-- Each process keeps its own last lines (tail.lua) and sends new ones only while somebody listens.
-- A part of the supervisor; stands on control.lua. Invariant: a connection that does not read loses
-- lines, and is told how many; nobody waits for it.

local control = require "sio.cli.control"
local core = require "sio.core"
local tail = require "sio.cli.tail"

local logs = {
  lines = 20,              -- that are shown unless asked for others; tail.keep at most
  patience = 1,            -- seconds for the answers of the workers: a hung one has none
  unread_max = 256 << 10,  -- bytes that wait for a reader, then lines are lost
}

---@class sio.cli.Logs
---@field supervisor sio.cli.Supervisor
---@field tail sio.cli.Tail our own
---@field readers table<sio.cli.LogReader, true>
---@field by_id table<integer, sio.cli.LogReader> who gathers the last lines
local Logs = {}
Logs.__index = Logs
Logs.__name = "sio.cli.Logs"

---@class sio.cli.LogReader
---@field connection sio.cli.ControlConnection
---@field follow boolean
---@field gathered? table<any, string[]> last lines by member; nil: they were shown
---@field waiting table<any, true> members that have not answered
---@field lost integer lines since it has read

-- ---- to a reader --------------------------------------------------------------------------------

local function say_lost(reader)
  if reader.lost == 0 then return end
  local lost = reader.lost
  reader.lost = 0
  control.send(reader.connection, { lines = {}, lost = lost })
end

local function give(reader, lines, lost)
  reader.lost = reader.lost + lost
  if reader.connection.lines:queued() > logs.unread_max then
    reader.lost = reader.lost + #lines
    return
  end
  say_lost(reader)
  control.send(reader.connection, { lines = lines })
end

-- "2026-01-02T11:34:56.789Z" or "12:34:56.789": lines of one format can be compared.
local function time_of(line)
  return line:match '^{"ts":"([^"]*)"' or line:match "^%d%d:%d%d:%d%d%.%d%d%d" or ""
end

--- Lists, each in the order of its process, as one in the order of time.
---@param lists string[][]
---@return string[]
function logs.merge(lists)
  local merged, at = {}, {}
  while true do
    local least, first
    for i, list in ipairs(lists) do
      local line = list[at[i] or 1]
      local time = line and time_of(line)
      if line and (not first or time < first) then least, first = i, time end
    end
    if not least then return merged end
    at[least] = (at[least] or 1) + 1
    merged[#merged + 1] = lists[least][at[least] - 1]
  end
end

local function finish_gathering(self, reader)
  local lists = {}
  for _, lines in pairs(reader.gathered) do lists[#lists + 1] = lines end
  local all = logs.merge(lists)
  local first = math.max(1, #all - reader.lines + 1)
  reader.gathered, reader.waiting = nil, {}
  reader.timer:cancel()
  self.by_id[reader.id] = nil
  tail.pieces(table.move(all, first, #all, 1, {}), function(piece) give(reader, piece, 0) end)
  local connection = reader.connection
  if not connection.open then return end
  if reader.follow then return control.send(connection, { ok = true }) end
  self.readers[reader] = nil
  connection.on_gone, connection.on_drain = nil, nil
  control.finish(connection, {})
end

local function gather(reader, source, lines)
  local list = reader.gathered[source] or {}
  reader.gathered[source] = table.move(lines, 1, #lines, #list + 1, list)
end

-- New lines of a process. A reader that still gathers has them behind the old ones.
local function spread(self, source, lines, lost)
  for reader in pairs(self.readers) do
    if not reader.gathered then
      give(reader, lines, lost)
    elseif not reader.waiting[source] then
      gather(reader, source, lines)
      reader.lost = reader.lost + lost
    end
  end
end

-- ---- who listens ------------------------------------------------------------------------------

local function is_followed(self)
  for reader in pairs(self.readers) do
    if reader.follow then return true end
  end
  return false
end

-- Tells all processes whether somebody listens.
local function update(self)
  local follow = is_followed(self)
  if follow == self.following then return end
  self.following = follow
  self.tail:follow(follow and function(lines, lost)
    spread(self, self, lines, lost)
    return true
  end or nil)
  for _, member in ipairs(self.supervisor.members:list()) do
    self.supervisor.members:send(member, { op = "log", follow = follow })
  end
end

local function forget(self, reader)
  self.readers[reader] = nil
  if reader.timer then reader.timer:cancel() end
  if reader.id then self.by_id[reader.id] = nil end
  update(self)
end

local function answered(self, reader, source)
  reader.waiting[source] = nil
  if next(reader.waiting) == nil then finish_gathering(self, reader) end
end

local function begin(self, reader)
  self.last_id = self.last_id + 1
  reader.id = self.last_id
  self.by_id[reader.id] = reader
  reader.timer = core.after(logs.patience, function() finish_gathering(self, reader) end)
  reader.gathered[self] = self.tail:recent(reader.lines)
  self.readers[reader] = true
  update(self)
  for _, member in ipairs(self.supervisor.members:list()) do
    reader.waiting[member] = true
    self.supervisor.members:send(member,
      { op = "log", id = reader.id, lines = reader.lines, follow = self.following })
  end
  if next(reader.waiting) == nil then finish_gathering(self, reader) end
end

-- ---- the part -----------------------------------------------------------------------------------

--- A worker that was started while somebody listens: its first lines are kept until now.
---@param member sio.cli.Member
function Logs:on_ready(member)
  if self.following then
    self.supervisor.members:send(member, { op = "log", follow = true, whole = true })
  end
end

---@param member sio.cli.Member
function Logs:on_exit(member)
  for reader in pairs(self.readers) do
    if reader.waiting[member] then answered(self, reader, member) end
  end
end

function Logs:close()
  self.following = nil
  self.tail:follow(nil)
end

---@param supervisor sio.cli.Supervisor
---@return sio.cli.Logs
function logs.start(supervisor)
  local self = setmetatable({
    supervisor = supervisor, tail = tail.new(), readers = {}, by_id = {}, last_id = 0,
    following = false,
  }, Logs)

  function supervisor.ops.logged(_, member, message)
    local reader = self.by_id[message.id]
    if not message.id then
      spread(self, member, message.lines, message.lost)
    elseif reader and reader.waiting[member] then
      gather(reader, member, message.lines or {})
      if message.last then answered(self, reader, member) end
    end
  end

  function control.ops.logs(_, connection, request)
    local lines = math.tointeger(request.lines or logs.lines)
    if not lines or lines < 0 or lines > tail.keep then
      return nil, ("lines: a number from 0 to %d expected"):format(tail.keep)
    end
    local reader = {
      connection = connection, lines = lines, follow = request.follow == true, gathered = {},
      waiting = {}, lost = 0,
    }
    connection.on_gone = function() forget(self, reader) end
    connection.on_drain = function() say_lost(reader) end
    begin(self, reader)
    return "later"
  end
  return self
end

return logs
