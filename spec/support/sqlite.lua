-- SPDX-License-Identifier: MIT
-- What the specs of sio.sqlite share: a database per test, coroutines on our loop, the same test at
-- file level and inside a handler.

local busted = require "busted"
local core = require "sio.core"
local have, sqlite = pcall(require, "sio.sqlite")

local LIMIT = 30 -- seconds after which a test that hangs has failed

local support = { sqlite = sqlite, core = core }

--- busted's describe, or pending where the build has no SQLite.
support.describe = have and busted.describe or busted.pending

--- Runs the functions as coroutines of ours, one after the other to their first wait, and the loop
--- until all have ended. An error in one of them is the test's.
function support.run(...)
  local fns, left, failure = { ... }, select("#", ...), nil
  for _, fn in ipairs(fns) do
    core.spawn(function()
      local ran, err = xpcall(fn, debug.traceback)
      if not ran then failure = failure or err end
      left = left - 1
      if left == 0 then core.stop() end
    end)
  end
  if left > 0 then
    local watchdog = core.after(LIMIT, function()
      failure = ("%d of %d coroutines still wait"):format(left, #fns)
      core.stop()
    end)
    core.run()
    watchdog:cancel()
  end
  if failure then error(failure, 0) end
end

--- Something to wait on that another coroutine fires.
function support.event()
  local ticket, fired = core.job.ticket(), false
  return {
    wait = function() if not fired then core.job.wait(ticket) end end,
    fire = function()
      fired = true
      core.job.wake(ticket)
    end,
  }
end

--- A test at file level and inside a coroutine.
function support.both(name, fn)
  busted.it(name .. " (at file level)", fn)
  busted.it(name .. " (in a coroutine)", function() support.run(fn) end)
end

--- Gives each test a new database with a table t; calls set(db, path).
function support.database(set)
  local db, path
  busted.before_each(function()
    path = os.tmpname()
    os.remove(path)
    db = sqlite.open(path)
    assert(db:exec "CREATE TABLE t (id INTEGER PRIMARY KEY, key TEXT UNIQUE, value)")
    set(db, path)
  end)
  busted.after_each(function()
    db:close()
    for _, suffix in ipairs { "", "-wal", "-shm" } do os.remove(path .. suffix) end
  end)
end

--- Fills t with the rows 1 to n, whose values are twice that.
function support.fill(db, n)
  assert(db:transaction(function()
    for i = 1, n do assert(db:exec("INSERT INTO t (id, value) VALUES (?, ?)", i, i * 2)) end
  end))
end

return support
