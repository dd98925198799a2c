-- SPDX-License-Identifier: MIT
-- sio.sqlite: statements on the pool and at file level, codes, values, settings.

local support = require "support.sqlite"

local both = support.both
local core = support.core
local fill = support.fill
local sqlite = support.sqlite

support.describe("sio.sqlite", function()
  local db, path
  support.database(function(d, p) db, path = d, p end)

  describe("statements", function()
    both("insert gives the id, others the number of changes", function()
      assert.equal(7, db:exec("INSERT INTO t (id, key) VALUES (?, ?)", 7, "a"))
      assert.equal(8, db:exec("INSERT INTO t (key) VALUES (?)", "b"))
      assert.equal(2, db:exec "UPDATE t SET value = 1")
      assert.equal(0, db:exec "UPDATE t SET value = 2 WHERE id = 99")
      assert.equal(0, db:exec "CREATE TABLE other (a)")
      assert.equal(2, db:exec "DELETE FROM t")
    end)

    both("failures have codes and name the statement", function()
      assert(db:exec("INSERT INTO t (key) VALUES (?)", "a"))
      local id, err, code = db:exec("INSERT INTO t (key) VALUES (?)", "a")
      assert.is_nil(id)
      assert.equal("unique", code)
      assert.equal("UNIQUE constraint failed: t.key [INSERT INTO t (key) VALUES (?)]", err)
      db:exec "CREATE TABLE strict (a TEXT NOT NULL, b CHECK (b > 0))"
      assert.equal("constraint", select(3, db:exec "INSERT INTO strict VALUES (NULL, 1)"))
      assert.equal("constraint", select(3, db:exec "INSERT INTO strict VALUES ('x', -1)"))
      assert.equal("unique", select(3, db:exec "INSERT INTO t (id) VALUES (1)"))
      assert.equal("error", select(3, db:exec "INSERT INTO nowhere VALUES (1)"))
      assert.equal("error", select(3, db:row "SELEKT 1"))
    end)

    it("shows 60 bytes of the statement and no half character", function()
      local sql = "SELECT nowhere, '" .. ("\u{e4}"):rep(60) .. "'"
      local _, err = db:row(sql)
      local shown = err:match "%[(.*)%.%.%.%]$"
      assert.is_truthy(shown)
      assert.is_true(#shown <= 60 and #shown > 56)
      assert.is_truthy(utf8.len(shown))
    end)

    both("several statements in one text", function()
      assert.equal(1, db:exec [[
        INSERT INTO t (id) VALUES (1); -- one
        INSERT INTO t (id) VALUES (2);
        DELETE FROM t WHERE id = 1; /* end */ ]])
      assert.equal(2, (db:row "SELECT id FROM t"))
      assert.equal(0, db:exec "-- nothing")
      local _, err, code = db:exec "INSERT INTO t (id) VALUES (3); INSERT INTO nowhere VALUES (1)"
      assert.equal("error", code)
      assert.is_truthy(err:find("nowhere", 1, true))
    end)

    both("row gives columns, or nothing", function()
      fill(db, 2)
      assert.same({ 1, 2 }, { db:row "SELECT id, value FROM t ORDER BY id" })
      assert.equal(0, select("#", db:row "SELECT id FROM t WHERE id = 99"))
      assert.same({ 5, 1 }, { db:row "INSERT INTO t (id) VALUES (5) RETURNING id, 1" })
      assert.equal(3, (db:row "SELECT count(*) FROM t"))
    end)

    both("values come back as they went in", function()
      local null = db:row "SELECT NULL"
      assert.is_truthy(null)
      local values = { 1, math.mininteger, 9007199254740993, 0.5, "", "a\0b", "\u{1F600}", null }
      for _, value in ipairs(values) do
        assert.equal(value, (db:row("SELECT ?", value)))
        assert.equal(math.type(value), math.type((db:row("SELECT ?", value))))
      end
      assert.equal(1, (db:row("SELECT ?", true)))
      assert.equal(0, (db:row("SELECT ?", false)))
      assert.equal(null, (db:row("SELECT ?", nil)))
      local blob = db:row("SELECT ?", core.binary "\0\255")
      assert.equal("\0\255", tostring(blob))
      assert.is_true(core.is_binary(blob))
      assert.equal("blob", (db:row("SELECT typeof(?)", blob)))
    end)

    it("raises what is the caller's mistake, at his line", function()
      local function fails(pattern, fn, ...)
        local ran, err = pcall(fn, ...)
        assert.is_false(ran)
        assert.is_truthy(err:find(pattern, 1, true), err)
        assert.is_truthy(err:find("sqlite_spec.lua", 1, true), err)
      end
      fails("1 parameters, 2 values", function() db:exec("DELETE FROM t WHERE id = ?", 1, 2) end)
      fails("single statement", function() db:exec("DELETE FROM t WHERE id = ?; SELECT 1", 1) end)
      fails("one statement", function() db:row "SELECT 1; SELECT 2" end)
      fails("value 2 is a table", function() db:exec("SELECT ?, ?", 1, {}) end)
      fails("SQL: string expected", function() db:row(1) end)
      fails("zero byte", function() db:exec "SELECT 1\0" end)
      fails("unknown option 'busy'", function() sqlite.open(path, { busy = 1 }) end)
      fails("seconds", function() sqlite.open(path, { busy_timeout = 5000 }) end)
      fails("unable to open", function() sqlite.open "/nowhere/at/all.db" end)
      fails("one statement", function() db:rows "SELECT 1; SELECT 2" end)
    end)

    both("a full cache of statements still answers", function()
      for round = 1, 2 do
        for i = 1, 100 do assert.equal(i + round, (db:row(("SELECT %d + ?"):format(i), round))) end
      end
    end)
  end)

  describe("settings", function()
    both("are WAL, normal, foreign keys on", function()
      assert.equal("wal", (db:row "PRAGMA journal_mode"))
      assert.equal(1, (db:row "PRAGMA synchronous"))
      assert.equal(1, (db:row "PRAGMA foreign_keys"))
      assert.equal(5000, (db:row "PRAGMA busy_timeout"))
    end)

    it("can be changed", function()
      local other = sqlite.open(path,
        { busy_timeout = 0, synchronous = "full", foreign_keys = false })
      assert.same({ 2, 0, 0 }, {
        (other:row "PRAGMA synchronous"), (other:row "PRAGMA foreign_keys"),
        (other:row "PRAGMA busy_timeout"),
      })
      other:close()
    end)

    it("a lock that is held longer than busy_timeout is busy", function()
      local other = sqlite.open(path, { busy_timeout = 0.01 })
      db:transaction(function()
        assert.equal("busy", select(3, other:exec "INSERT INTO t (id) VALUES (1)"))
        assert.equal("busy", select(3, other:transaction(function() end)))
      end)
      assert.equal(1, other:exec "INSERT INTO t (id) VALUES (1)")
      other:close()
    end)

    both("memory has no file", function()
      local memory = sqlite.open ":memory:"
      memory:exec "CREATE TABLE m (a); INSERT INTO m VALUES (1), (2)"
      local sum = 0
      for a in memory:rows "SELECT a FROM m" do sum = sum + a end
      assert.equal(3, sum)
      memory:close()
    end)
  end)
end)
