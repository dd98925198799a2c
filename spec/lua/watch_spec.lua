-- SPDX-License-Identifier: MIT
-- Which changes of a folder count, and how many folders are watched. As a program:
-- develop_spec.lua.

local core = require "sio.core"
local program = require "support.program"
local sio = require "sio"
local test = require "sio.test"
local watch = require "sio.cli.watch"

describe("a watched folder", function()
  local folder
  before_each(function() folder = program.folder() end)
  after_each(function() folder:remove() end)

  local function make(name) assert(core.process.make_folder(folder.path .. "/" .. name)) end

  -- Runs fn(next, watched) while the folder is watched; next() waits for the names that changed.
  local function watching(fn)
    return test(function()
      local seen, ticket = {}, core.job.ticket()
      local watched = assert(watch.start(folder.path, function(names)
        seen[#seen + 1] = names
        core.job.wake(ticket)
      end))
      local ran, err = pcall(fn, function()
        if #seen == 0 then core.job.wait(ticket) end
        return table.remove(seen, 1)
      end, watched)
      watched:close()
      if not ran then error(err, 0) end
      assert.same({}, seen)
    end)
  end

  it("tells of several changes at once, sorted", watching(function(next_names)
    folder:write("b.lua", "")
    folder:write("a.lua", "")
    folder:write("b.lua", "again")
    folder:write("data.db", "")
    folder:write(".hidden.lua", "")
    assert.same({ "a.lua", "b.lua" }, next_names())
    os.remove(folder.path .. "/a.lua")
    assert.same({ "a.lua" }, next_names())
    os.rename(folder.path .. "/b.lua", folder.path .. "/c.lua")
    assert.same({ "b.lua", "c.lua" }, next_names())
  end))

  it("is watched in depth, also where folders come and go", watching(function(next_names, watched)
    make "lib"
    make "lib/deep"
    folder:write("lib/deep/a.lua", "")
    assert.same({ "lib/deep/a.lua" }, next_names())
    assert.equal(3, watched.count)
    folder:write("lib/deep/b.lua", "")
    assert.same({ "lib/deep/b.lua" }, next_names())
    os.execute(("rm -r %s/lib"):format(folder.path))
    assert.same({ "lib/deep/a.lua", "lib/deep/b.lua" }, next_names())
    folder:write("end.lua", "")
    assert.same({ "end.lua" }, next_names())
    assert.equal(1, watched.count)
    make "lib"
    folder:write("lib/c.lua", "")
    assert.same({ "lib/c.lua" }, next_names())
  end))

  it("has no more folders than folders_max", function()
    local before = watch.folders_max
    watch.folders_max = 3
    for _, name in ipairs { "a", "b" } do make(name) end
    watching(function(_, watched)
      assert.equal(3, watched.count)
      assert.is_nil(watched.full)
    end)()
    make "c"
    core.set_log_level "off"
    watching(function(_, watched)
      assert.equal(3, watched.count)
      assert.is_true(watched.full)
    end)()
    core.set_log_level "info"
    watch.folders_max = before
  end)

  it("must be there", test(function()
    local none, err = watch.start(folder.path .. "/none", print)
    assert.is_nil(none)
    assert.matches("^cannot watch .*/none: no such file", err:lower())
    sio.sleep(0)
  end))
end)
