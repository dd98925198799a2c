-- SPDX-License-Identifier: MIT
-- sio-lua as a program: starts, serves, replaces workers, stops, and leaves nothing behind.
-- Stands on support/program.lua.

local core = require "sio.core"
local program_of = require "support.program"

local APP = [[
local sio = require "sio"
local app = sio.server { %s }
app:get("/pid", function() return tostring(sio.worker().pid) end)
app:on_start(function(w) io.stderr:write(("started %%d %%d\n"):format(w.id, w.pid)) end)
app:on_stop(function(reason) io.stderr:write("stopped " .. reason .. "\n") end)
app:listen(%s)
]]

describe("sio-lua", function()
  local folder

  local function write(name, text)
    folder:write(name, text)
  end

  before_each(function() folder = program_of.folder() end)
  after_each(function() folder:remove() end)

  local function start(arguments, environment) return folder:start(arguments, environment) end

  local function serve(arguments, server_options, port, environment)
    write("app.lua", APP:format(server_options or "", port or 0))
    return start(arguments or "", environment)
  end

  local ready = program_of.ready
  local function fetch_pid(port) return program_of.fetch(port, "/pid") end

  describe("starts", function()
    it("with one worker, serves, and ends cleanly on INT", function()
      local program = serve()
      local id, pid = program.expect "^started (%d+) (%d+)$"
      local port, workers = ready(program)
      assert.equal("1", id)
      assert.equal("1 worker", workers)
      assert.not_equal(pid, program.pid)
      assert.equal(pid, fetch_pid(port))
      program.signal "INT"
      assert.equal(0, program.wait())
      assert.is_truthy(program.output():find("stopped SIGINT", 1, true))
    end)

    it("with the workers that the app declares, and ends on TERM", function()
      local program = serve("", "workers = 3")
      assert.equal("3 workers", select(2, ready(program)))
      program.signal "TERM"
      assert.equal(0, program.wait())
      assert.equal(3, select(2, program.output():gsub("stopped SIGTERM", "")))
    end)

    it("with as many workers as asked: options, then the app, then the environment", function()
      local cases = {
        { "-w 2", "workers = 1", "SIO_WORKERS=3", "2 workers" },
        { "", "workers = 2", "SIO_WORKERS=3", "2 workers" },
        { "", "", "SIO_WORKERS=2 WEB_CONCURRENCY=3", "2 workers" },
        { "", "", "WEB_CONCURRENCY=2", "2 workers" },
      }
      for _, case in ipairs(cases) do
        local program = serve(case[1], case[2], 0, case[3])
        assert.equal(case[4], select(2, ready(program)))
        program.signal "INT"
        assert.equal(0, program.wait())
      end
    end)

    it("on the port asked for: options, then the app, then PORT", function()
      local fd, port = core.process.listen_tcp("127.0.0.1", 0)
      core.process.close(fd)
      for _, case in ipairs { { "-p " .. port, 1, "PORT=2" }, { "", port, "PORT=2" },
        { "", "nil", "PORT=" .. port } } do
        local program = serve(case[1] .. " -H 127.0.0.1", "", case[2], case[3])
        assert.equal(tostring(port), (ready(program)))
        program.signal "INT"
        assert.equal(0, program.wait())
      end
    end)

    it("an init.lua, a named file, a returned server", function()
      write("init.lua", APP:format("", 0))
      local program = start ""
      ready(program)
      program.signal "INT"
      assert.equal(0, program.wait())
      write("other.lua", "return require('sio').server()")
      program = start "other.lua -p 0"
      ready(program)
      program.signal "INT"
      assert.equal(0, program.wait())
    end)
  end)

  describe("fails with one line and a code when", function()
    local function fails(code, pattern, program)
      assert.equal(code, program.wait())
      assert.is_truthy(program.output():find(pattern), program.output())
    end

    it("the command line makes no sense", function()
      fails(2, "^sio%-lua: unknown option %-%-wrokers %(did you mean", start "--wrokers 2")
      fails(2, "^sio%-lua: there is no app.lua or init.lua here", start "")
      fails(2, "^sio%-lua: cannot read nowhere.lua", start "nowhere.lua")
      fails(2, "^sio%-lua: cannot read %.", start ".")
      fails(2, "^sio%-lua: cannot read stauts %(did you mean the command status%?%)",
        start "stauts")
      fails(2, "^sio%-lua: unknown option %-%-worker %(did you mean %-%-workers%?%)",
        start "--worker 2")
      fails(2, "^sio%-lua: SIO_WORKERS: expected .* got \"many\"",
        serve("", "", 0, "SIO_WORKERS=many"))
    end)

    it("the app has an error, raises, or never listens", function()
      write("app.lua", "local x = = 1")
      fails(3, "app.lua:1: unexpected symbol", start "")
      write("app.lua", "\nerror 'no database'")
      fails(3, "^sio%-lua: [^\n]*app.lua:2: no database$", start "-w 2")
      write("app.lua", "require('sio').server { pingInterval = 25 }")
      fails(3, "^sio%-lua: [^\n]*app.lua:1: unknown option 'pingInterval' [^\n]*$", start "")
      write("app.lua", "local function f()\n  error 'no database'\nend\nlocal ok = f()\n")
      fails(3, "app.lua:2: no database\n\tcalled at [^\n]*app.lua:4$", start "")
      write("app.lua", "local function f()\n  local x = nil + 1\nend\nlocal function g()\n" ..
        "  f()\nend\ng()\n")
      fails(3, "app.lua:2: attempt [^\n]*\n\tcalled at [^\n]*:5\n\tcalled at [^\n]*:7$", start "")
      write("app.lua", "\nerror { code = 5 }")
      fails(3, '^sio%-lua: {"code":5}\n\tcalled at [^\n]*app.lua:2$', start "")
      write("app.lua", "return 1")
      fails(3, "app.lua ended without app:listen%(%)", start "")
      write("app.lua", "os.exit(7)")
      fails(3, "worker 1 exited with status 7 before it was ready", start "")
    end)

    it("before there are workers, in the form that was asked for", function()
      local asked = "--log-format json "
      fails(2, '"msg":"SIO_WORKERS: expected ', serve(asked, "", 0, "SIO_WORKERS=many"))
      fails(1, '"msg":"%-%-pidfile: cannot use nowhere/x: ', serve(asked .. "--pidfile nowhere/x"))
    end)

    it("the environment's port is none, where it would count", function()
      for _, text in ipairs { "tcp://10.0.0.1:80", "65536", "0x10", "-1" } do
        local expected = 'sio%-lua: PORT: expected a number from 0 to 65535, got "' ..
          text:gsub("%p", "%%%0") .. '"'
        fails(3, expected, serve("", "", "nil", "PORT=" .. text))
        fails(3, expected, serve("--check", "", "nil", "PORT=" .. text))
      end
      local program = serve("-p 0", "", "nil", "PORT=none")
      ready(program)
      program.signal "INT"
      assert.equal(0, program.wait())
    end)

    it("a worker would be killed before it is suspect", function()
      local expected = "^sio%-lua: suspect_after: at most heartbeat_timeout, "
      fails(3, expected .. "10 seconds, expected, got 11", serve "--suspect-after 11")
      fails(3, expected .. "4 seconds, expected, got 5",
        serve("--heartbeat-timeout 4", "suspect_after = 5"))
      local program = serve("--suspect-after 11", "heartbeat_timeout = 11")
      ready(program)
      program.signal "INT"
      assert.equal(0, program.wait())
    end)

    it("the address is taken", function()
      local fd, port = core.process.listen_tcp(nil, 0)
      local program = serve("", "", port)
      fails(3, ("sio%%-lua: cannot listen on port %d: "):format(port), program)
      core.process.close(fd)
    end)

    it("the app asks for too many workers", function()
      fails(3, "workers", serve("", "workers = 64"))
    end)
  end)

  describe("watches", function()
    it("replaces a killed worker; the others and the port stay", function()
      local program = serve("-w 2")
      local pids = {}
      for _ = 1, 2 do
        local id, pid = program.expect "^started (%d) (%d+)$"
        pids[id] = pid
      end
      local port = ready(program)
      local function descriptors()
        -- libuv keeps one of /dev/null from the first stream on: somebody asks for the status.
        local pipe = io.popen(("ls -l /proc/%s/fd | grep -vc /dev/null"):format(program.pid))
        local n = pipe:read "n"
        pipe:close()
        return n
      end
      local before = descriptors()
      for _ = 1, 3 do
        program.signal("KILL", pids["2"])
        program.expect "worker 2 %(pid %d+%) was killed by signal 9"
        pids["2"] = program.expect "^started 2 (%d+)$"
        program.expect "(worker 2 is ready)"
      end
      local from = core.process.now() -- what the last one had is closed at the end of a turn
      repeat until descriptors() == before or core.process.now() - from > 20
      assert.equal(before, descriptors())
      local answered = fetch_pid(port)
      assert.is_true(answered == pids["1"] or answered == pids["2"], answered)
      program.signal "INT"
      assert.equal(0, program.wait())
    end)

    it("replaces the first worker as well, and one that ends by itself", function()
      local program = serve("-w 2")
      local _, pid = program.expect "^started (1) (%d+)$"
      ready(program)
      program.signal("TERM", pid)
      _, pid = program.expect "^started (1) (%d+)$" -- beside the one that leaves
      program.signal("KILL", pid)
      program.expect "^started (1) (%d+)$"
      program.signal "INT"
      assert.equal(0, program.wait())
    end)

    it("workers leave when the supervisor is killed", function()
      local program = serve("-w 2")
      ready(program)
      program.signal "KILL"
      program.wait()
      assert.equal(2, select(2, program.output():gsub("stopped supervisor gone", "")))
    end)

    it("servers that never listen do not hinder the end", function()
      write("app.lua", [[
        local sio = require "sio"
        local idle, app, engine = sio.server(), sio.server(), sio.engine()
        idle:on("connection", print)
        engine:on("connection", print)
        app:listen(0)]])
      local program = start "-w 2"
      ready(program)
      program.signal "INT"
      assert.equal(0, program.wait())
      assert.is_nil(program.output():find "worker %d") -- none was killed, none complained
    end)

    it("a second signal does not wait for hooks", function()
      write("app.lua", [[
        local sio = require "sio"
        local app = sio.server()
        app:on_stop(function() io.stderr:write "stopping\n" sio.sleep(1000) end)
        app:listen(0)]])
      local program = start ""
      ready(program)
      program.signal "INT"
      program.expect "^(stopping)$"
      program.signal "INT"
      assert.equal(1, program.wait())
    end)

    it("a hook of the app fails, or does not end: it is named", function()
      write("app.lua", [[
        local sio = require "sio"
        local app = sio.server()
        app:on_start(function() error "no cache" end)
        app:on_stop(function() sio.sleep(600) end)
        app:listen(0)]])
      local program = start "--drain 0.3"
      program.expect "on_start hook error: .*app.lua:3: (no cache)$"
      ready(program)
      program.signal "INT"
      program.expect "(on_stop hooks have not ended in time)"
      assert.equal(0, program.wait())
    end)

    it("a worker that computes gets no clients meanwhile and is not replaced", function()
      write("app.lua", [[
        local sio = require "sio"
        local app = sio.server()
        app:on_start(function(w)
          io.stderr:write(("started %d %d\n"):format(w.id, w.pid))
          if w.id == 1 then return end
          sio.sleep(0.5)
          local from = os.time()
          while os.time() - from < 4 do end
        end)
        app:listen(0)]])
      local program = start "-w 2"
      ready(program)
      program.expect "worker 2 %(pid %d+%) does not answer"
      program.expect "worker 2 %(pid %d+%) answers again"
      program.signal "INT"
      assert.equal(0, program.wait())
      assert.equal(2, select(2, program.output():gsub("started", "")))
    end)
  end)
end)
