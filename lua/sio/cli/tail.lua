-- SPDX-License-Identifier: MIT
-- The end of this process's log, for who asks over the control socket: the last lines, and those to
-- come.
--
-- Stands on core.log_keep, log_kept and log_follow; the supervisor has one (logs.lua), and each
-- worker (serve). Invariant: what nobody takes in time falls out of what is kept and is counted;
-- nobody waits for a reader.

local core = require "sio.core"

local tail = {
  keep = 100,            -- lines
  pause = 0.1,           -- seconds between looks while somebody listens
  batch_bytes = 16 << 10, -- of lines in one message; JSON makes at most six times as much of it
  batches_max = 4,       -- messages per look; more would fill the way that orders take
}

---@class sio.cli.Tail
---@field cursor integer number of the last line that was taken
---@field on_lines? fun(lines: string[], lost: integer): any who listens; false: later
local Tail = {}
Tail.__index = Tail
Tail.__name = "sio.cli.Tail"

-- Lines behind the cursor, up to batch_bytes; and how many before them are not kept any more.
local function take(self)
  local lines, bytes, lost = {}, 0, 0
  while bytes < tail.batch_bytes do
    local number, line = core.log_kept(self.cursor)
    if not number then break end
    lost = lost + number - self.cursor - 1
    self.cursor = number
    lines[#lines + 1] = line
    bytes = bytes + #line
  end
  return lines, lost
end

-- What cannot be sent is kept, as long as it is.
local function flush(self, most)
  for _ = 1, most do
    local before = self.cursor
    local lines, lost = take(self)
    if #lines == 0 then return end
    if not self.on_lines(lines, lost) then
      self.cursor = before
      return
    end
  end
end

-- New lines are collected for a moment.
local function on_line(self)
  self.timer = self.timer or core.after(tail.pause, function()
    self.timer = nil
    flush(self, tail.batches_max)
    if core.log_kept(self.cursor) then on_line(self) end
  end)
end

--- Listens from here on; nil: no more.
---@param on_lines? fun(lines: string[], lost: integer): any
---@param whole? boolean with the lines that are kept, unless they were taken already
function Tail:follow(on_lines, whole)
  if self.on_lines and on_lines then return end
  self.on_lines = on_lines
  if not on_lines then
    if self.timer then self.timer:cancel() end
    self.timer = nil
    return core.log_follow(nil)
  end
  if not whole then
    while take(self)[1] do end
  end
  core.log_follow(function() on_line(self) end)
  if core.log_kept(self.cursor) then on_line(self) end
end

--- The last n lines, oldest first. Who listens has got them all then.
---@param n integer
---@return string[]
function Tail:recent(n)
  if self.on_lines then flush(self, math.huge) end
  local all, after = {}, 0
  while true do
    local number, line = core.log_kept(after)
    if not number then break end
    all[#all + 1], after = line, number
  end
  return table.move(all, math.max(1, #all - n + 1), #all, 1, {})
end

--- From here on the last lines of this process are kept.
---@return sio.cli.Tail
function tail.new()
  core.log_keep(tail.keep)
  return setmetatable({ cursor = 0 }, Tail)
end

--- Calls fn with pieces of a list of lines.
---@param lines string[]
---@param fn fun(piece: string[])
function tail.pieces(lines, fn)
  local piece, bytes = {}, 0
  for _, line in ipairs(lines) do
    piece[#piece + 1] = line
    bytes = bytes + #line
    if bytes >= tail.batch_bytes then
      fn(piece)
      piece, bytes = {}, 0
    end
  end
  if #piece > 0 then fn(piece) end
end

--- In a worker: does what the supervisor's {op="log", id, lines, follow, whole}
--- says, and sends
--- {op="logged", id, lines, lost, last}; without id: lines that are new.
---@param worker sio.cli.worker
function tail.serve(worker)
  local self = tail.new()
  function worker.ops.log(fields)
    if fields.id then
      tail.pieces(self:recent(fields.lines), function(piece)
        worker.send { op = "logged", id = fields.id, lines = piece }
      end)
      worker.send { op = "logged", id = fields.id, last = true }
    end
    self:follow(fields.follow and function(lines, lost)
      return worker.send { op = "logged", lines = lines, lost = lost }
    end or nil, fields.whole)
  end
end

return tail
