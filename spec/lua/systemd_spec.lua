-- SPDX-License-Identifier: MIT
-- What the service manager is told: which state makes which words, with a supervisor that is made
-- up; and what arrives at a real socket from a real one.

local core = require "sio.core"
local program_of = require "support.program"
local systemd = require "sio.cli.systemd"

local process = core.process

describe("sio.cli.systemd", function()
  local kept = {}
  local told, env, status, timers, watcher

  before_each(function()
    for _, name in ipairs { "notify", "take_env", "monotonic_us" } do kept[name] = process[name] end
    told, timers, watcher = {}, {}, nil
    status = { state = "starting", wanted = 2, workers = {} }
    env = { NOTIFY_SOCKET = "/run/notify" }
    function process.notify(address, text)
      assert.equal("/run/notify", address)
      told[#told + 1] = (text:gsub("\n", "|"))
      return true
    end
    function process.take_env(name) return env[name] end
    function process.monotonic_us() return 42000001 end
  end)

  after_each(function()
    for name, fn in pairs(kept) do process[name] = fn end
  end)

  local function start(asked)
    return systemd.start {
      asked = asked or {},
      status = function() return status end,
      watch_state = function(_, fn) watcher = fn end,
      every = function(_, seconds, fn) timers[seconds] = fn end,
    }
  end

  -- Another state, and states of workers: what is told of it.
  local function become(state, ...)
    status.state, status.workers = state, {}
    for i, each in ipairs { ... } do status.workers[i] = { state = each, sessions = 10 * i } end
    told = {}
    watcher()
    return told
  end

  it("tells each change once", function()
    start()
    assert.same({ "STATUS=starting: 0/2 workers ready, 10 clients" },
      become("starting", "starting"))
    assert.same({ "STATUS=starting: 1/2 workers ready, 10 clients" }, become("starting", "ready"))
    assert.same({}, become("starting", "ready"))
    assert.same({ "READY=1|MAINPID=" .. process.pid() ..
      "|STATUS=2/2 workers ready, 30 clients" }, become("ready", "ready", "ready"))
    assert.same({}, become("ready", "ready", "ready"))
    assert.same({ "STATUS=1/2 workers ready, 30 clients" }, become("ready", "ready", "suspect"))
    assert.same({ "RELOADING=1|MONOTONIC_USEC=42000001|STATUS=reloading: " ..
      "2/2 workers ready, 30 clients" }, become("reloading", "ready", "ready"))
    assert.same({ "READY=1|STATUS=2/2 workers ready, 30 clients" },
      become("ready", "ready", "ready"))
    assert.same({ "STOPPING=1|STATUS=draining: 0/2 workers ready, 30 clients" },
      become("draining", "draining", "draining"))
    assert.same({ "STATUS=draining: 0/2 workers ready, 0 clients" }, become "draining")
  end)

  it("counts clients now and then", function()
    start()
    become("ready", "ready")
    status.workers[1].sessions, told = 11, {}
    timers[systemd.STATUS_EVERY]()
    assert.same({ "STATUS=1/2 workers ready, 11 clients" }, told)
  end)

  it("is alive while a worker is well, and while it starts or ends", function()
    env.WATCHDOG_USEC, env.WATCHDOG_PID = "30000000", tostring(process.pid())
    start()
    local function beats(...)
      become(...)
      told = {}
      timers[15]()
      return told[1] == "WATCHDOG=1"
    end
    assert.is_true(beats("starting", "starting", "starting"))
    assert.is_true(beats("ready", "ready", "suspect"))
    assert.is_false(beats("ready", "suspect", "suspect"))
    assert.is_false(beats("ready", "starting"))
    assert.is_false(beats("reloading", "suspect", "draining"))
    assert.is_true(beats("reloading", "ready", "draining"))
    assert.is_true(beats("draining", "draining"))
  end)

  it("says nothing that is not asked for", function()
    env.WATCHDOG_USEC, env.WATCHDOG_PID = "30000000", "1"
    start()
    assert.is_nil(timers[15]) -- that was for another process
    for _, case in ipairs { { { check = true }, "/run/notify" },
      { { trial = true }, "/run/notify" }, { {}, nil } } do
      timers, watcher, env.NOTIFY_SOCKET = {}, nil, case[2]
      start(case[1])
      assert.is_nil(next(timers))
      assert.is_nil(watcher)
    end
  end)
end)

describe("sio-lua as a service", function()
  local folder, manager
  before_each(function()
    folder = program_of.folder()
    folder:write("app.lua", [[
      local sio = require "sio"
      local app = sio.server()
      app:on_start(function()
        for _, name in ipairs { "NOTIFY_SOCKET", "WATCHDOG_USEC" } do
          if os.getenv(name) then io.stderr:write("a worker knows ", name, "\n") end
        end
      end)
      app:listen(0)]])
  end)
  after_each(function()
    if manager then manager.close() end
    manager = nil
    folder:remove()
  end)

  -- A service manager that listens: told() waits for what it is told next.
  local function manage(address)
    local pipe = io.popen(("exec perl spec/support/notify.pl '%s' 2>&1"):format(address))
    local pid = pipe:read "l"
    assert.matches("^%d+$", pid)
    manager = { told = function() return pipe:read "l" end }
    function manager.close()
      os.execute("kill " .. pid)
      pipe:close()
    end
  end

  local function start(address, arguments)
    return folder:start(arguments or "", ("RUNTIME_DIRECTORY=%s " ..
      "NOTIFY_SOCKET='%s' WATCHDOG_USEC=400000"):format(folder.path, address))
  end

  local function told_until(pattern)
    local all = {}
    repeat
      local line = assert(manager.told())
      all[#all + 1] = line
    until line:find(pattern)
    return table.concat(all, "\n")
  end

  for _, kind in ipairs { "a path", "an abstract name" } do
    it("tells its manager at " .. kind, function()
      local address = folder.path .. "/notify"
      if kind ~= "a path" then address = "@sio-lua-" .. folder.path:gsub("/", "-") end
      manage(address)
      local program = start(address, "-w 2")
      program_of.ready(program)
      local before = told_until "^READY=1"
      assert.is_nil(before:find("STOPPING", 1, true))
      -- It is told when it happens, not when it is looked at the next time.
      assert.is_nil(before:find "2/2 workers ready[^\n]*\nWATCHDOG")
      assert.matches("READY=1|MAINPID=" .. program.pid .. "|STATUS=2/2 workers ready, 0 clients$",
        before)
      told_until "^WATCHDOG=1$"
      program.signal "HUP"
      assert.matches("^RELOADING=1|MONOTONIC_USEC=%d+|STATUS=reloading: ",
        told_until("^RELOADING"):match "[^\n]*$")
      assert.matches("READY=1|STATUS=2/2 workers ready, 0 clients$", told_until "^READY=1")
      program.signal "TERM"
      told_until "^STOPPING=1|STATUS=draining: "
      assert.equal(0, program.wait())
      assert.is_nil(program.output():find("a worker knows", 1, true))
    end)
  end

  it("goes on without a manager that listens", function()
    local program = start(folder.path .. "/nobody")
    program.expect "(warn cannot notify .*/nobody: No such file)"
    program_of.ready(program)
    program.signal "TERM"
    assert.equal(0, program.wait())
  end)
end)
