-- SPDX-License-Identifier: MIT
-- SQLite for handlers: the statements of a database stand in a FIFO; whatever waits goes to the
-- thread pool in one hop, so that neither the disk nor another process' lock ever stops the loop.
-- In an app file, before anything listens, statements run at once.
--
-- Stands on sio.driver.sqlite (connections, batches) and sio.core.job (the pool, tickets).
-- Invariant: one batch at a time per database; its statements are answered in their order.

local core = require "sio.core"
local errors = require "sio.error"
local host = require "sio.host"

local ok, driver = pcall(require, "sio.driver.sqlite")
if not ok then
  error(("sio.sqlite is not part of this build (%s). Install SQLite's headers (Debian: " ..
    "libsqlite3-dev, Fedora: sqlite-devel, Alpine: sqlite-dev, Arch: sqlite) and build again")
    :format(driver:match "[^\n]*"), 0)
end
local queue = require "sio.sqlite_queue"

---@class sio.sqlite
local sqlite = { version = driver.version }

---@class sio.sqlite.Options
---@field busy_timeout? number seconds that a lock of another process is waited for (5)
---@field synchronous? "off"|"normal"|"full"|"extra" when commits reach the disk ("normal")
---@field foreign_keys? boolean whether references are checked (true)

---@class sio.sqlite.Database
---@field package queue sio.sqlite.Queue
local Database = {}
Database.__index = Database
Database.__name = "sio.sqlite.Database"

local option_types = { busy_timeout = "number", synchronous = "string", foreign_keys = "boolean" }
local synchronous_levels = { off = true, normal = true, full = true, extra = true }

local function check_options(options)
  if options == nil then return {} end
  if type(options) ~= "table" then errors.raise("sqlite.open: options: table expected") end
  for name, value in pairs(options) do
    local want = option_types[name]
    if not want then
      errors.raise("sqlite.open: unknown option '%s' (there are busy_timeout, synchronous, "
        .. "foreign_keys)", tostring(name))
    elseif type(value) ~= want then
      errors.raise("sqlite.open: option '%s': %s expected, got %s", name, want, type(value))
    end
  end
  local timeout, level = options.busy_timeout, options.synchronous
  if timeout and not (timeout >= 0 and timeout <= 3600) then
    errors.raise("sqlite.open: option 'busy_timeout': seconds from 0 to 3600 expected")
  elseif level and not synchronous_levels[level] then
    errors.raise("sqlite.open: option 'synchronous': off, normal, full or extra expected")
  end
  return options
end

--- Opens a database file (created when absent), in WAL mode. A relative path is relative to the
--- app file; ":memory:" is a database in memory. Raises when it cannot be opened: an app without
--- its database should not start.
---
---     local db = sqlite.open "chat.db"
---
---@param path string
---@param options? sio.sqlite.Options
---@return sio.sqlite.Database
function sqlite.open(path, options)
  if type(path) ~= "string" then errors.raise("sqlite.open: path: string expected") end
  if path:find "\0" then errors.raise("sqlite.open: path: contains a zero byte") end
  options = check_options(options)
  local file = (path == ":memory:" or path == "") and path or host.resolve(path)
  local timeout_ms = math.floor((options.busy_timeout or 5) * 1000)
  local db = driver.new(file, timeout_ms, options.synchronous or "normal",
    options.foreign_keys ~= false, core.binary)
  local self = setmetatable({ queue = queue.new(db) }, Database)
  local opened, err = self.queue:submit("open")
  if not opened then errors.raise("sqlite.open: %s: %s", path, err) end
  return self
end

local function check_sql(sql, name)
  if type(sql) ~= "string" then
    errors.raise("db:%s: SQL: string expected, got %s", name, type(sql))
  elseif sql:find "\0" then
    errors.raise("db:%s: SQL: contains a zero byte", name)
  end
end

-- Turns what is the caller's mistake into an error at his line.
local function settle(name, ...)
  local first, err, code = ...
  if first == nil and code == "misuse" then errors.raise("db:%s: %s", name, err) end
  return ...
end

--- Runs a statement, or several (then without values). An INSERT gives the new row's id,
--- everything else the number of rows changed. On failure nil, a message and "unique",
--- "constraint", "busy", "full" or "error".
---
---     local id, err, code = db:exec("INSERT INTO t (a, b) VALUES (?, ?)", 1, sio.binary(bytes))
---
---@async
---@param sql string
---@param ... nil|boolean|number|string|userdata values for its parameters
---@return integer? id_or_changes
---@return string? err
---@return string? code
function Database:exec(sql, ...)
  check_sql(sql, "exec")
  return settle("exec", self.queue:submit("exec", sql, nil, nil, ...))
end

--- The columns of the first row; nothing when there is no row. NULL is sio.null. On failure nil,
--- a message and a code.
---
---     local n = db:row("SELECT count(*) FROM t WHERE a = ?", 1)
---
---@async
---@param sql string one statement
---@param ... nil|boolean|number|string|userdata values for its parameters
---@return any ... columns
function Database:row(sql, ...)
  check_sql(sql, "row")
  return settle("row", self.queue:submit("row", sql, nil, nil, ...))
end

--- Iterates over the rows, which come in batches of 256. NULL is sio.null. Outside of a
--- transaction the rows are those that were there at the start of the loop. A failure raises.
---
---     for id, content in db:rows("SELECT id, content FROM t WHERE id > ?", seen) do ... end
---
---@async
---@param sql string one statement
---@param ... nil|boolean|number|string|userdata values for its parameters
---@return fun(): any ...
function Database:rows(sql, ...)
  check_sql(sql, "rows")
  local cursor, err = self.queue:cursor(sql, ...)
  if not cursor then errors.raise("db:rows: " .. err) end
  return cursor.next, nil, nil, cursor
end

-- fn's results decide: nil and an error, or an error raised, roll back.
local function finish(self, returned, first, second, ...)
  local keep = returned and not (first == nil and second ~= nil)
  local done, err, code = self.queue:leave(keep)
  if not returned then error(first, 0) end
  if not keep then return nil, second, ... end
  if not done then return nil, err, code end
  if first == nil then return true end
  return first, second, ...
end

--- Runs fn inside a transaction (BEGIN IMMEDIATE). Statements of other coroutines wait until it
--- ends. It is rolled back when fn raises (the error goes on to the caller) or returns nil and an
--- error; else committed. Returns what fn returned, or true; on failure nil, a message and a
--- code.
---
---     db:transaction(function()
---       db:exec("UPDATE account SET money = money - ? WHERE id = ?", 10, a)
---       db:exec("UPDATE account SET money = money + ? WHERE id = ?", 10, b)
---     end)
---
---@async
---@param fn function
---@return any ...
function Database:transaction(fn)
  if type(fn) ~= "function" then errors.raise("db:transaction: function expected") end
  if self.queue:inside() then errors.raise("db:transaction: inside another transaction") end
  local begun, err, code = self.queue:enter()
  if not begun then return nil, err, code end
  return finish(self, pcall(fn))
end

--- Closes the database when the statements that wait are done. What comes later fails.
---@async
function Database:close()
  if self.queue:inside() then errors.raise("db:close: inside a transaction") end
  return self.queue:submit("close")
end

return sqlite
