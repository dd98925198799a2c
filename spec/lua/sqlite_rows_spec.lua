-- SPDX-License-Identifier: MIT
-- sio.sqlite: rows in batches, cursors that are left, readers of their own.

local support = require "support.sqlite"

local both = support.both
local fill = support.fill
local run = support.run
local sqlite = support.sqlite

support.describe("sio.sqlite", function()
  local db, path
  support.database(function(d, p) db, path = d, p end)

  describe("rows", function()
    for _, n in ipairs { 0, 1, 255, 256, 257, 1000 } do
      both(n .. " of them", function()
        fill(db, n)
        local count = 0
        for id, value in db:rows("SELECT id, value FROM t WHERE id > ? ORDER BY id", 0) do
          count = count + 1
          assert.same({ count, 2 * count }, { id, value })
        end
        assert.equal(n, count)
      end)
    end

    both("NULL does not end the loop", function()
      local seen = {}
      for a, b in db:rows "SELECT NULL, 1 UNION ALL SELECT 2, NULL" do
        seen[#seen + 1] = { a, b }
      end
      assert.equal(2, #seen)
      assert.equal(1, seen[1][2])
      assert.equal(seen[1][1], seen[2][2])
      assert.equal("userdata", type(seen[1][1]))
    end)

    both("large ones come in smaller batches", function()
      db:exec "INSERT INTO t (id, value) VALUES (1, zeroblob(600000)), (2, zeroblob(600000))"
      db:exec "INSERT INTO t (id, value) VALUES (3, 'x')"
      local sizes = {}
      for value in db:rows "SELECT value FROM t ORDER BY id" do sizes[#sizes + 1] = #value end
      assert.same({ 600000, 600000, 1 }, sizes)
    end)

    both("a loop that is left frees its cursor", function()
      fill(db, 600)
      for _ = 1, 40 do
        for id in db:rows "SELECT id FROM t ORDER BY id" do
          if id == 2 then break end
        end
        pcall(function()
          for _ in db:rows "SELECT id FROM t" do error "out" end
        end)
      end
      assert.equal(600, (db:row "SELECT count(*) FROM t"))
    end)

    both("what the loop writes does not disturb what it reads", function()
      fill(db, 300)
      local count = 0
      for id in db:rows "SELECT id FROM t ORDER BY id" do
        count = count + 1
        assert(db:exec("INSERT INTO t (id) VALUES (?)", id + 1000))
      end
      assert.equal(300, count)
      assert.equal(600, (db:row "SELECT count(*) FROM t"))
    end)

    both("an open cursor does not make writers busy when others write too", function()
      fill(db, 300)
      local other = sqlite.open(path)
      local first = true
      for _ in db:rows "SELECT id FROM t ORDER BY id" do
        if first then
          first = false
          assert(other:exec "INSERT INTO t (id) VALUES (5000)")
          assert(db:exec "INSERT INTO t (id) VALUES (5001)")
        end
      end
      other:close()
    end)

    both("RETURNING gives its rows and has written them all", function()
      local ids = {}
      for id in db:rows "INSERT INTO t (id) VALUES (1), (2), (3) RETURNING id" do
        ids[#ids + 1] = id
        if id == 2 then break end
      end
      assert.same({ 1, 2 }, ids)
      assert.equal(3, (db:row "SELECT count(*) FROM t"))
    end)

    both("inside a transaction they see what it wrote", function()
      local ids = {}
      assert(db:transaction(function()
        db:exec "CREATE TEMP TABLE mine (a); INSERT INTO mine VALUES (9)"
        db:exec "INSERT INTO t (id) VALUES (1)"
        for id, a in db:rows "SELECT id, a FROM t, mine" do ids[#ids + 1] = id + a end
      end))
      assert.same({ 10 }, ids)
      for a in db:rows "SELECT a FROM mine" do assert.equal(9, a) end
    end)

    it("more loops than readers wait their turn", function()
      fill(db, 300)
      local fns, finished = {}, 0
      for _ = 1, 40 do
        fns[#fns + 1] = function()
          local n = 0
          for _ in db:rows "SELECT id FROM t" do n = n + 1 end
          assert.equal(300, n)
          finished = finished + 1
        end
      end
      run(table.unpack(fns))
      assert.equal(40, finished)
    end)

    it("nested loops do not wait for each other", function()
      fill(db, 300)
      local fns = {}
      for i = 1, 16 do
        fns[i] = function()
          for id in db:rows "SELECT id FROM t ORDER BY id" do
            if id == 1 then
              local n = 0
              for _ in db:rows "SELECT id FROM t" do n = n + 1 end
              assert.equal(300, n)
            end
          end
        end
      end
      run(table.unpack(fns))
    end)
  end)
end)
