-- SPDX-License-Identifier: MIT
-- The FIFO of one database (sio.sqlite): who waits, whose transaction runs, which cursors are
-- open.
--
-- A coroutine that submits an operation waits on a ticket. The pump, a coroutine that exists
-- while there is something to do, takes what waits (up to BATCH_MAX), runs it as one job on the
-- thread pool and wakes the owners in order. Where nobody can wait the operation runs at once.
--
-- Invariants: one pump per database; while a coroutine owns a transaction only its operations
-- run.

local core = require "sio.core"
local driver = require "sio.driver.sqlite"
local errors = require "sio.error"
local job = core.job

local BATCH_MAX = 256      -- operations per hop
local WAITING_MAX = 10000  -- operations of one database; further ones fail with "busy"

---@class sio.sqlite.Queue
local Queue = {}
Queue.__index = Queue
Queue.__name = "sio.sqlite.Queue"

local function new(db)
  return setmetatable({
    db = db,
    waiting = {}, first = 1, last = 0, -- the FIFO: waiting[first .. last]
    own = nil,                         -- the operation of the transaction's owner that waits
    owner = nil,                       -- the coroutine that has a transaction
    parked = {},                       -- cursors that wait for a free reader
    cursors = setmetatable({}, { __mode = "k" }), -- coroutine -> number of its open cursors
    pumping = false, -- there is a pump
    full = false,    -- a statement was refused since the FIFO was empty
  }, Queue)
end

local function push(self, op)
  self.last = self.last + 1
  self.waiting[self.last] = op
end

local function shift(self)
  local op = self.waiting[self.first]
  self.waiting[self.first] = nil
  self.first = self.first + 1
  if self.first > self.last then self.first, self.last, self.full = 1, 0, false end
  return op
end

-- What may run now: a BEGIN is the last of its batch.
local function take(self)
  if self.own then
    local op = self.own
    self.own = nil
    return { op }
  end
  local ops = {}
  while not self.owner and #ops < BATCH_MAX and self.first <= self.last do
    local op = shift(self)
    ops[#ops + 1] = op
    if op.enters then self.owner = op.co end
  end
  return ops
end

local function add(batch, op)
  return batch:add(op.kind, op.sql, op.cursor, op.nested, table.unpack(op, 1, op.n))
end

local function answer(self, batch, ops)
  for index, op in ipairs(ops) do
    local first, _, code = batch:result(index)
    if first == nil and code == "wait" then
      table.insert(self.parked, op)
    else
      if op.enters and first == nil then self.owner = nil end
      job.wake(op.ticket, batch, index)
    end
  end
end

local function run_all(self)
  local ops = take(self)
  while #ops > 0 do
    local batch = self.db:batch()
    for _, op in ipairs(ops) do add(batch, op) end
    job.run(batch)
    answer(self, batch, ops)
    ops = take(self)
  end
end

local function pump(self)
  local ran, err = pcall(run_all, self)
  self.pumping = false
  if not ran then error(err, 0) end
end

-- False when there are too many coroutines for one more.
local function start(self)
  if self.pumping or not (self.own or (not self.owner and self.first <= self.last)) then
    return true
  end
  self.pumping = true
  local started = pcall(core.spawn, pump, self)
  if not started then self.pumping = false end
  return started
end

-- A reader may be free: those who wait for one come again, in order.
local function unpark(self)
  if #self.parked == 0 then return end
  local parked = self.parked
  self.parked = {}
  for _, op in ipairs(parked) do push(self, op) end
  start(self)
end

local function run_at_once(self, op)
  if self.pumping or (self.owner and self.owner ~= op.co) then
    return nil, "the database is in use by a handler; use it inside a handler or sio.spawn", "busy"
  end
  local batch = self.db:batch()
  local index = add(batch, op)
  job.run(batch)
  if op.enters and batch:result(index) then self.owner = op.co end
  return batch:result(index)
end

local function enqueue(self, op)
  if self.owner == op.co then
    self.own = op
  elseif self.last - self.first + 1 >= WAITING_MAX then
    if not self.full then
      core.log("warn", ("sio.sqlite: %d statements wait, further ones fail"):format(WAITING_MAX))
    end
    self.full = true
    return false
  else
    push(self, op)
  end
  return start(self)
end

local function run(self, op)
  op.co = coroutine.running()
  if not core.can_wait() then return run_at_once(self, op) end
  op.ticket = job.ticket()
  if not enqueue(self, op) then return nil, "too many statements are waiting", "busy" end
  local batch, index = job.wait(op.ticket)
  return batch:result(index)
end

--- Runs one operation of the driver in its turn and returns what it gave, or nil, a message, a
--- code.
function Queue:submit(kind, sql, cursor, nested, ...)
  local good, err = driver.check(...)
  if not good then return nil, err, "misuse" end
  local op = { ... }
  op.n, op.kind, op.sql, op.cursor, op.nested = select("#", ...), kind, sql, cursor, nested
  return run(self, op)
end

--- Whether the running coroutine has the transaction.
function Queue:inside()
  return self.owner ~= nil and self.owner == coroutine.running()
end

--- Begins a transaction: from now on only this coroutine's operations run.
function Queue:enter()
  return run(self, { kind = "exec", sql = "BEGIN IMMEDIATE", n = 0, enters = true })
end

--- Ends it; keep: whether to commit.
function Queue:leave(keep)
  local done, err, code
  if keep then done, err, code = self:submit("exec", "COMMIT") end
  -- That can fail only because SQLite has rolled back already.
  if not done then self:submit("exec", "ROLLBACK") end
  self.owner = nil
  start(self)
  return done, err, code
end

---@class sio.sqlite.Cursor
---@field next fun(): any ... the next row's columns
local Cursor = { __name = "sio.sqlite.Cursor" }

function Cursor:__close()
  if not self.handle then return end
  self.handle:drop()
  self.handle = nil
  if self.holds then
    local cursors = self.queue.cursors
    cursors[self.holds] = cursors[self.holds] > 1 and cursors[self.holds] - 1 or nil
    self.holds = nil
    unpark(self.queue)
  end
end

local function hold(self, co)
  local cursors = self.queue.cursors
  self.holds = co
  cursors[co] = (cursors[co] or 0) + 1
end

--- Opens a cursor and fetches its first rows; nil and a message on failure.
---@return sio.sqlite.Cursor?
function Queue:cursor(sql, ...)
  local co, handle = coroutine.running(), self.db:cursor()
  local cursor = setmetatable({ queue = self, handle = handle }, Cursor)
  local values, width, n, more = self:submit("rows", sql, handle, self.cursors[co] ~= nil, ...)
  local at = 0
  if more then hold(cursor, co) else Cursor.__close(cursor) end
  if not values then return nil, width end

  function cursor.next()
    if at >= n then
      if not cursor.handle then return nil end
      values, width, n, more = self:submit("fetch", sql, handle)
      if not values or not more then Cursor.__close(cursor) end
      if not values then errors.raise("db:rows: %s", width) end
      at = 0
      if n == 0 then return nil end
    end
    local from = at + 1
    at = at + width
    return table.unpack(values, from, at)
  end

  return cursor
end

return { new = new }
