-- SPDX-License-Identifier: MIT
-- Reloading, scaling and the signals of sio-lua as a program. Stands on support/program.lua.

local core = require "sio.core"
local program_of = require "support.program"

local APP = [[
local sio = require "sio"
local app = sio.server { serve_client = false, %s }
app:get("/version", function() return "%s" end)
app:get("/pid", function() return tostring(sio.worker().pid) end)
app:on_start(function(w) io.stderr:write(("started %%d %%d\n"):format(w.id, w.pid)) end)
app:on_stop(function(reason)
  local w = sio.worker()
  io.stderr:write(("stopped %%d %%d %%s\n"):format(w.id, w.pid, reason))
end)
app:listen(0)
]]

describe("sio-lua", function()
  local folder

  before_each(function() folder = program_of.folder() end)
  after_each(function() folder:remove() end)

  local function write_app(version, options)
    folder:write("app.lua", APP:format(options or "", version))
  end

  -- The program, its port, the pids of its workers by number.
  local function serve(arguments, n)
    local program = folder:start(arguments)
    local pids = program.started(n)
    return program, (program_of.ready(program)), pids
  end

  local function ends_well(program)
    assert.equal(0, program.interrupt(), program.output())
  end

  describe("on HUP", function()
    it("starts each new worker before the old one is told to end, one after the other", function()
      write_app "one"
      local program, port, old = serve("-w 2", 2)
      write_app "two"
      program.signal "HUP"
      for number = 1, 2 do
        local started, pid = program.expect "^started (%d+) (%d+)$"
        assert.equal(number, tonumber(started))
        assert.not_equal(old[number], pid)
        local stopped, gone, reason = program.expect "^stopped (%d+) (%d+) (%a+)$"
        assert.same({ tostring(number), old[number], "reload" }, { stopped, gone, reason })
        program.expect(("worker %d %%(pid %s%%) exited with status (0)"):format(number, gone))
      end
      program.expect "^sio%-lua: (reloaded)$"
      assert.equal("two", program_of.fetch(port, "/version"))
      ends_well(program)
    end)

    it("keeps the workers when the application no longer loads, and says why", function()
      write_app "one"
      local program, port, old = serve("-w 2", 2)
      folder:write("app.lua", "local function f()\n  error 'no database'\nend\nf()")
      program.signal "HUP"
      program.expect "^sio%-lua: .*app.lua:2: (no database)$"
      program.expect "^\tcalled at .*app.lua:(4)$"
      program.expect "^sio%-lua: .*: (the workers stay as they were)$"
      local pid = program_of.fetch(port, "/pid")
      assert.is_true(pid == old[1] or pid == old[2])
      assert.is_nil(program.output():find("stopped", 1, true))
      ends_well(program)
    end)

    it("gives up when a new worker dies before it is ready; the old one stays", function()
      write_app "one"
      local program, port, old = serve("-w 2", 2)
      -- Loads in the trial, whose settings are no worker's that serves, and nowhere else.
      folder:write("app.lua", [[
        local file = io.open("tried")
        if file then os.exit(7) end
        io.open("tried", "w"):close()
        require("sio").server():listen(0)]])
      program.signal "HUP"
      program.expect "^sio%-lua: worker 1 exited with status (7) before it was ready: the workers"
      local pid = program_of.fetch(port, "/pid")
      assert.is_true(pid == old[1] or pid == old[2])
      write_app "three"
      program.signal "HUP"
      program.expect "^sio%-lua: (reloaded)$"
      assert.equal("three", program_of.fetch(port, "/version"))
      ends_well(program)
    end)

    it("once more during a reload: what is on disk at the end is what runs", function()
      write_app "one"
      local program, port = serve("-w 2", 2)
      write_app "two"
      program.signal "HUP"
      program.expect "^started (1) "
      write_app "three"
      program.signal "HUP"
      program.signal "HUP"
      program.expect "^sio%-lua: (reloaded)$"
      for _ = 1, 4 do assert.equal("three", program_of.fetch(port, "/version")) end
      ends_well(program)
      assert.equal(1, select(2, program.output():gsub("reloaded", "")))
    end)

    it("replaces a worker that dies meanwhile, too", function()
      write_app "one"
      local program, port, old = serve("-w 2", 2)
      write_app "two"
      program.signal("KILL", old[2])
      program.signal "HUP"
      program.expect "^sio%-lua: (reloaded)$"
      for _ = 1, 4 do assert.equal("two", program_of.fetch(port, "/version")) end
      ends_well(program)
    end)
  end)

  describe("reloads an app that declares", function()
    local function listens(path)
      return os.execute(("test -S %s/%s"):format(folder.path, path)) == true
    end

    it("another address: it is opened, and closed when no worker has it any more", function()
      write_app "one"
      local program, port = serve("-w 2", 2)
      folder:write("app.lua", [[
        local sio = require "sio"
        local admin = sio.server { serve_client = false }
        admin:listen { unix = "admin" }
        ]] .. APP:format("", "two"))
      program.signal "HUP"
      program.expect "^sio%-lua: (reloaded)$"
      assert.is_true(listens "admin")
      assert.equal("two", program_of.fetch(port, "/version"))
      write_app "three"
      program.signal "HUP"
      program.expect "^sio%-lua: (reloaded)$"
      assert.equal("three", program_of.fetch(port, "/version"))
      local from = core.process.now()
      repeat until not listens "admin" or core.process.now() - from > 20
      assert.is_false(listens "admin")
      ends_well(program)
    end)

    it("an address that somebody else has: the workers stay, and the next app has its chance",
      function()
        write_app "one"
        local program, port = serve("-w 2", 2)
        local fd, taken = core.process.listen_tcp("127.0.0.1", 0)
        folder:write("app.lua", (APP:format("", "two"):gsub("listen%(0%)",
          ("listen { host = '127.0.0.1', port = %d }"):format(taken))))
        program.signal "HUP"
        program.expect("^sio%-lua: (cannot listen on .* port " .. taken .. "): .* the workers stay")
        assert.equal("one", program_of.fetch(port, "/version"))
        core.process.close(fd)
        write_app "three"
        program.signal "HUP"
        program.expect "^sio%-lua: (reloaded)$"
        assert.equal("three", program_of.fetch(port, "/version"))
        ends_well(program)
      end)

    it("another number of workers", function()
      write_app("one", "workers = 1")
      local program = serve("", 1)
      write_app("two", "workers = 3")
      program.signal "HUP"
      for _ = 1, 3 do program.expect "^(started) " end
      program.expect "^sio%-lua: (reloaded)$"
      write_app("three", "workers = 1")
      program.signal "HUP"
      program.expect "^sio%-lua: (reloaded)$"
      program.signal "USR1"
      program.expect "^sio%-lua: ready, %d of (1) workers"
      ends_well(program)
    end)
  end)

  describe("reads sio.conf.lua again", function()
    it("and follows it, or says what cannot follow", function()
      write_app "one"
      folder:write("sio.conf.lua", "return { app = 'app.lua', workers = 1, port = 0 }")
      local program, port = serve("", 1)
      folder:write("sio.conf.lua", "return { app = 'app.lua', workers = 2, port = 1 }")
      program.signal "HUP"
      program.expect "'(port)' of the configuration stays as it was: a reload cannot change it"
      for _ = 1, 2 do program.expect "^(started) " end
      program.expect "^sio%-lua: (reloaded)$"
      assert.equal("one", program_of.fetch(port, "/version"))
      ends_well(program)
    end)

    it("and stays as it is when that is no good", function()
      write_app "one"
      folder:write("sio.conf.lua", "return { app = 'app.lua', port = 0 }")
      local program, port = serve("", 1)
      folder:write("sio.conf.lua", "return { app = 'app.lua', wrokers = 2 }")
      program.signal "HUP"
      program.expect "^sio%-lua: sio.conf.lua:1: unknown key 'wrokers' .*: (the workers stay)"
      assert.equal("one", program_of.fetch(port, "/version"))
      ends_well(program)
    end)
  end)

  it("takes one worker more on TTIN, and the last one away on TTOU", function()
    write_app "one"
    local program, _, pids = serve("-w 1", 1)
    program.signal "TTOU"
    program.expect "(not scaled): a number from 1 to 63 expected"
    program.signal "TTIN"
    local number, second = program.expect "^started (%d) (%d+)$"
    assert.equal("2", number)
    program.expect "(worker 2 is ready)"
    program.signal "TTOU"
    assert.same({ "2", second, "scale" }, { program.expect "^stopped (%d) (%d+) (%a+)$" })
    program.expect("worker 2 %(pid " .. second .. "%) exited with status (0)")
    assert.is_truthy(os.execute("kill -0 " .. pids[1]))
    ends_well(program)
  end)

  it("says how it is on USR1", function()
    write_app "one"
    local program, _, pids = serve("-w 2 --log-level off", 2)
    program.signal "USR1"
    program.expect "^sio%-lua: (ready), 2 of 2 workers, up %d+ s$"
    assert.equal(pids[1], program.expect "^sio%-lua: worker 1 %(pid (%d+)%) ready, up %d+ s")
    assert.equal(pids[2], program.expect "^sio%-lua: worker 2 %(pid (%d+)%) ready, up %d+ s")
    ends_well(program)
  end)

  it("kills everybody on QUIT, and ends with 1", function()
    write_app "one"
    local program = serve("-w 2", 2)
    program.signal "QUIT"
    assert.equal(1, program.wait())
    assert.is_nil(program.output():find("stopped", 1, true))
  end)

  it("starts another worker at once beside one that was told to end", function()
    folder:write("app.lua", [[
      local sio = require "sio"
      local app = sio.server { serve_client = false }
      app:on_start(function(w) io.stderr:write(("started %d %d\n"):format(w.id, w.pid)) end)
      app:on_stop(function()
        io.stderr:write "waits\n"
        while not io.open "go" do sio.sleep(0.01) end
      end)
      app:listen(0)]])
    local program, _, pids = serve("-w 1", 1)
    program.signal("TERM", pids[1])
    program.expect "^(waits)$"
    assert.equal("1", (program.expect "^started (1) (%d+)$"))
    assert.is_truthy(os.execute("kill -0 " .. pids[1]))
    folder:write("go", "")
    program.expect("worker 1 %(pid " .. pids[1] .. "%) exited with status (0)")
    ends_well(program)
  end)
end)
