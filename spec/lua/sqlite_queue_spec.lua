-- SPDX-License-Identifier: MIT
-- sio.sqlite: transactions keep others out; the FIFO keeps the order and its limit.

local support = require "support.sqlite"

local both = support.both
local core = support.core
local event = support.event
local fill = support.fill
local run = support.run

support.describe("sio.sqlite", function()
  local db
  support.database(function(d) db = d end)

  describe("transactions", function()
    both("commit and return what fn returned", function()
      assert.is_true(db:transaction(function() db:exec "INSERT INTO t (id) VALUES (1)" end))
      assert.same({ 5, "x" }, { db:transaction(function() return 5, "x" end) })
      assert.equal(1, (db:row "SELECT count(*) FROM t"))
    end)

    both("roll back on nil and an error, and on a raised one", function()
      local a, err, code = db:transaction(function()
        db:exec "INSERT INTO t (id) VALUES (1)"
        return nil, "no", "reason"
      end)
      assert.same({ nil, "no", "reason" }, { a, err, code })
      local raised = {}
      local ran, caught = pcall(db.transaction, db, function()
        db:exec "INSERT INTO t (id) VALUES (2)"
        error(raised)
      end)
      assert.is_false(ran)
      assert.equal(raised, caught)
      assert.equal(0, (db:row "SELECT count(*) FROM t"))
      assert.is_true(db:transaction(function() end))
    end)

    both("do not nest", function()
      local ran, err = pcall(db.transaction, db, function() db:transaction(function() end) end)
      assert.is_false(ran)
      assert.is_truthy(err:find("inside another transaction", 1, true))
      assert.is_true(db:transaction(function() end))
    end)

    it("keep the statements of other coroutines out", function()
      local order, inside, go = {}, event(), event()
      run(function()
        db:transaction(function()
          assert(db:exec "INSERT INTO t (id) VALUES (1)")
          inside.fire()
          go.wait()
          assert.equal(1, (db:row "SELECT count(*) FROM t"))
          order[#order + 1] = "transaction"
        end)
        order[#order + 1] = "committed"
      end, function()
        inside.wait()
        core.spawn(function()
          assert.equal(3, db:exec "INSERT INTO t (id) VALUES (3)")
          order[#order + 1] = "spawned"
        end)
        go.fire()
        assert.equal(2, db:exec "INSERT INTO t (id) VALUES (2)")
        order[#order + 1] = "other"
      end)
      assert.same({ "transaction", "committed", "spawned", "other" }, order)
    end)

    it("of several coroutines run one after the other", function()
      db:exec "INSERT INTO t (id, value) VALUES (1, 0)"
      local fns = {}
      for i = 1, 20 do
        fns[i] = function()
          for _ = 1, 5 do
            assert(db:transaction(function()
              local value = db:row "SELECT value FROM t WHERE id = 1"
              db:row "SELECT 1"
              assert(db:exec("UPDATE t SET value = ? WHERE id = 1", value + 1))
            end))
          end
        end
      end
      run(table.unpack(fns))
      assert.equal(100, (db:row "SELECT value FROM t WHERE id = 1"))
    end)
  end)

  describe("the FIFO", function()
    it("answers in the order of asking", function()
      local order, fns = {}, {}
      for i = 1, 600 do
        fns[i] = function()
          assert(db:exec("INSERT INTO t (id) VALUES (?)", i))
          order[#order + 1] = i
        end
      end
      run(table.unpack(fns))
      for i = 1, 600 do assert.equal(i, order[i]) end
    end)

    it("a mistake in one statement does not harm the others", function()
      local good = 0
      local function fine() if db:row "SELECT 1" == 1 then good = good + 1 end end
      run(fine, function() assert.is_false(pcall(db.row, db, "SELECT ?")) end,
        function() assert.is_nil((db:row "SELEKT")) end, fine)
      assert.equal(2, good)
    end)

    it("takes 10000 waiting statements and no more", function()
      local fns, codes = {}, {}
      for i = 1, 10003 do
        fns[i] = function()
          local one, _, code = db:row "SELECT 1"
          codes[one or code] = (codes[one or code] or 0) + 1
        end
      end
      core.set_log_level "error"
      run(table.unpack(fns))
      core.set_log_level "info"
      assert.same({ [1] = 10001, busy = 2 }, codes) -- the first one did not wait
      assert.equal(1, (db:row "SELECT 1"))
    end)

    it("is closed to what comes after close", function()
      run(function()
        db:close()
        local row, err = db:row "SELECT 1"
        assert.is_nil(row)
        assert.equal("the database is closed [SELECT 1]", err)
      end)
      assert.is_false(pcall(db.rows, db, "SELECT 1"))
    end)

    it("a loop over a database that is closed meanwhile raises", function()
      fill(db, 300)
      local ran, err = pcall(function()
        for id in db:rows "SELECT id FROM t ORDER BY id" do
          if id == 1 then db:close() end
        end
      end)
      assert.is_false(ran)
      assert.is_truthy(err:find("closed", 1, true))
    end)

    it("file-level statements do not interfere with a running batch", function()
      local done = event()
      run(function()
        core.spawn(function()
          db:row "SELECT 1"
          done.fire()
        end)
        local row, err, code = coroutine.wrap(function() return db:row "SELECT 2" end)()
        assert.is_nil(row)
        assert.equal("busy", code)
        assert.is_truthy(err:find("handler", 1, true))
        done.wait()
      end)
    end)
  end)
end)
