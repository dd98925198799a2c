-- SPDX-License-Identifier: MIT
-- What goes wrong with workers and with the supervisor itself: hung, killed, too big, unable to
-- start. Stands on support/program.lua.

local core = require "sio.core"
local program_of = require "support.program"

local APP = [[
local sio = require "sio"
local app = sio.server { serve_client = false }
app:get("/pid", function() return tostring(sio.worker().pid) end)
app:on_start(function(w)
  io.stderr:write(("started %d %d\n"):format(w.id, w.pid))
  sio.every(0.02, function()
    if w.id == 2 and io.open "loop" then
      io.stderr:write "loops\n"
      while true do end
    end
  end)
end)
app:listen(0)
]]

describe("sio-lua", function()
  local folder

  before_each(function()
    folder = program_of.folder()
    folder:write("app.lua", APP)
  end)

  after_each(function() folder:remove() end)

  local function start(arguments, environment) return folder:start(arguments, environment) end

  -- The program, its port, the pids of its workers by number.
  local function serve(arguments, n, environment)
    local program = start(arguments, environment)
    local pids = program.started(n)
    return program, (program_of.ready(program)), pids
  end

  local function ends_well(program)
    assert.equal(0, program.interrupt(), program.output())
  end

  -- Who nobody has reaped yet has left.
  local function has_left(pid)
    local file = io.open(("/proc/%s/stat"):format(pid))
    local state = file and file:read("a"):match "%) (%a)"
    if file then file:close() end
    return state == nil or state == "Z"
  end

  local function is_alive(pid) return os.execute("kill -0 " .. pid .. " 2>/dev/null") == true end

  describe("leaves out, then kills and replaces a worker that", function()
    local arguments = "-w 2 --suspect-after 0.5 --heartbeat-timeout 1"

    local function is_replaced(program, port, pids)
      program.expect("worker 2 %(pid " .. pids[2] .. "%) (does not answer), it gets no new clients")
      for _ = 1, 4 do -- the other one answers, or already who replaces it
        assert.not_equal(pids[2], program_of.fetch(port, "/pid"))
      end
      program.expect("worker 2 %(pid " .. pids[2] .. "%) (has not answered for too long)")
      program.expect("worker 2 %(pid " .. pids[2] .. "%) (was killed by signal 9)")
      local number, pid = program.expect "^started (%d) (%d+)$"
      assert.equal("2", number)
      assert.not_equal(pids[2], pid)
      program.expect "(worker 2 is ready)"
    end

    it("was stopped, as the app has it", function()
      folder:write("app.lua", (APP:gsub("serve_client = false",
        "%0, workers = 2, suspect_after = 0.5, heartbeat_timeout = 1")))
      local program, port, pids = serve("", 2)
      program.signal("STOP", pids[2])
      is_replaced(program, port, pids)
      ends_well(program)
    end)

    it("computes for ever", function()
      local program, port, pids = serve(arguments, 2)
      folder:write("loop", "")
      program.expect "^(loops)$"
      os.remove(folder.path .. "/loop")
      is_replaced(program, port, pids)
      ends_well(program)
    end)
  end)

  it("kills nobody for the time in which it was stopped itself", function()
    local program, port, pids = serve("-w 2 --suspect-after 0.5 --heartbeat-timeout 1", 2)
    local all = { program.pid, pids[1], pids[2] }
    for _, pid in ipairs(all) do program.signal("STOP", pid) end
    local from = core.process.now()
    repeat until core.process.now() - from > 1.5
    for _, pid in ipairs(all) do program.signal("CONT", pid) end
    program.signal "USR1"
    for number = 1, 2 do
      program.expect(("^sio%%-lua: worker %d %%(pid (%s)%%) ready"):format(number, pids[number]))
    end
    assert.is_truthy(program_of.fetch(port, "/pid"):find "^%d+$")
    ends_well(program)
    assert.is_nil(program.output():find("killed", 1, true))
  end)

  it("is not needed for serving: who is stopped hinders nobody", function()
    local program, port, pids = serve("-w 2", 2)
    program.signal "STOP"
    for _ = 1, 4 do
      local pid = program_of.fetch(port, "/pid")
      assert.is_true(pid == pids[1] or pid == pids[2], pid)
    end
    program.signal "CONT"
    ends_well(program)
  end)

  it("ends with 1 when a worker does not leave in its time", function()
    folder:write("app.lua", (APP:gsub("app:listen",
      "app:on_stop(function() io.stderr:write 'loops\\n' while true do end end)\n%0")))
    local program = serve("--drain 0.2", 1)
    program.signal "TERM"
    program.expect "^(loops)$"
    assert.equal(1, program.wait())
  end)

  describe("when it is killed", function()
    it("takes a worker along that computes for ever", function()
      local program, _, pids = serve("-w 2 --drain 1", 2)
      folder:write("loop", "")
      program.expect "^(loops)$"
      program.signal "KILL"
      local from = core.process.now()
      repeat until has_left(pids[2]) or core.process.now() - from > 30
      assert.is_true(has_left(pids[2]))
      program.wait() -- the end of the output: nobody else is left
    end)
  end)

  describe("tries again later, and never gives up, when a worker", function()
    local function stamps(program, pattern, n)
      local list = {}
      for i = 1, n do
        local minutes, seconds = program.expect("^%d+:(%d+):([%d.]+) %a+ " .. pattern)
        list[i] = minutes * 60 + seconds
      end
      return list
    end

    it("dies at its start again and again", function()
      folder:write("app.lua", APP:gsub("app:listen",
        "if sio.worker().id == 2 and not io.open 'well' then os.exit(7) end\n%0"))
      local program = start "-w 2"
      local pid = program.expect "^started 1 (%d+)$"
      local at = stamps(program, "worker 2 %(pid %d+%) exited with status 7", 4)
      assert.is_true((at[4] - at[1]) % 3600 >= 0.1 + 0.2 + 0.4 - 0.05)
      assert.is_true(is_alive(pid))
      folder:write("well", "")
      program.expect "^(started 2) "
      program_of.ready(program)
      ends_well(program)
    end)

    it("dies at its start, but at once after a reload", function()
      folder:write("app.lua", APP:gsub("app:listen",
        "if sio.worker().id == 2 and io.open 'ill' then os.exit(7) end\n%0"))
      local program, _, pids = serve("-w 2", 2)
      folder:write("ill", "")
      program.signal("KILL", pids[2])
      for _ = 1, 3 do program.expect "worker 2 %(pid %d+%) exited with status (7)" end
      os.remove(folder.path .. "/ill")
      program.signal "HUP"
      program.expect "^sio%-lua: (reloaded)$"
      assert.equal(2, select(2, program.output():gsub("started 2", "")))
      ends_well(program)
    end)

    it("cannot be started", function()
      os.execute(("cp \"$(command -v lua5.4)\" %s/lua"):format(folder.path))
      local program, port, pids = serve("-w 2", 2, "SIO_LUA=./lua")
      os.rename(folder.path .. "/lua", folder.path .. "/gone")
      program.signal("KILL", pids[2])
      stamps(program, "worker 2 cannot be started: No such file or directory", 3)
      assert.equal(pids[1], program_of.fetch(port, "/pid"))
      os.rename(folder.path .. "/gone", folder.path .. "/lua")
      program.expect "^(started 2) "
      ends_well(program)
    end)
  end)

  describe("with --pidfile", function()
    local function read(name)
      local file = assert(io.open(folder.path .. "/" .. name))
      local text = file:read "a"
      file:close()
      return text
    end

    it("runs once, and says who it is", function()
      local program = serve("--pidfile sio.pid", 1)
      assert.equal(program.pid .. "\n", read "sio.pid")
      local second = start "--pidfile sio.pid"
      assert.equal(1, second.wait())
      assert.equal(("sio-lua: already running (pid %s)"):format(program.pid), second.output())
      assert.equal(program.pid .. "\n", read "sio.pid")
      ends_well(program)
      assert.is_nil(io.open(folder.path .. "/sio.pid"))
    end)

    it("takes over what a killed one has left behind, and nothing else", function()
      local program = serve("--pidfile sio.pid", 1)
      program.signal "KILL"
      program.wait()
      assert.equal(program.pid .. "\n", read "sio.pid")
      program = serve("--pidfile sio.pid", 1)
      assert.equal(program.pid .. "\n", read "sio.pid")
      ends_well(program)
      program = start "--pidfile app.lua"
      assert.equal(1, program.wait())
      assert.equal("sio-lua: --pidfile: cannot use app.lua: there is a file that is no pid file",
        program.output())
      assert.equal(APP, read "app.lua")
      program = start "--pidfile nowhere/sio.pid"
      assert.equal(1, program.wait())
      assert.matches("^sio%-lua: %-%-pidfile: cannot use nowhere/sio.pid: No such file",
        program.output())
    end)
  end)

  it("replaces a worker that has grown too big, gently", function()
    folder:write("app.lua", (APP:gsub("app:listen", [[
      app:on_start(function() if not io.open "big" then return end
        os.remove "big"
        sio.ballast = ("x"):rep(64 << 20)
      end)
      %0]])))
    folder:write("big", "")
    local program, _, pids = serve("--max-memory 48M", 1)
    program.expect("worker 1 %(pid " .. pids[1] .. "%) has %d+ MiB of its own, (the limit is 48)")
    local number, pid = program.expect "^started (%d) (%d+)$"
    assert.equal("1", number)
    program.expect("worker 1 %(pid " .. pids[1] .. "%) exited with status (0)")
    program.signal "USR1"
    program.expect("^sio%-lua: worker 1 %(pid (" .. pid .. ")%) ready")
    ends_well(program)
  end)
end)
