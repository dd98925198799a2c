-- SPDX-License-Identifier: MIT
-- The developer's commands as programs: sio-lua new, --check, --watch. Stands on
-- support/program.lua.

local core = require "sio.core"
local program_of = require "support.program"
local test = require "sio.test"

local APP = [[
local sio = require "sio"
local app = sio.server { serve_client = false, %s }
app:get("/version", function() return "%s" end)
app:on_start(function(w) io.stderr:write(("started %%d %%d\n"):format(w.id, w.pid)) end)
app:listen(%s)
]]

describe("sio-lua", function()
  local folder

  before_each(function() folder = program_of.folder() end)
  after_each(function() folder:remove() end)

  local function start(arguments, environment) return folder:start(arguments, environment) end

  local function write_app(version, options, port)
    folder:write("app.lua", APP:format(options or "", version, port or 0))
  end

  describe("new", function()
    it("makes an app that loads, in a folder that it makes too", function()
      local program = start "new chat"
      assert.equal(0, program.wait())
      assert.matches("\n  cd chat\n  sio%-lua %-%-watch$", program.output())
      test(function()
        local app = test.start(folder.path .. "/chat/app.lua")
        assert.matches("<title>Chat</title>", app:request("GET", "/").body)
        local a, b = app:client(), app:client()
        a:emit("chat message", "hi")
        assert.same({ "hi" }, b:wait "chat message")
      end)()
      local lines = 0
      for _ in io.lines(folder.path .. "/chat/app.lua") do lines = lines + 1 end
      assert.is_true(lines <= 9)
    end)

    it("names our annotations for the editor", function()
      assert.equal(0, start("new .").wait())
      local file = assert(io.open(folder.path .. "/.luarc.json"))
      local settings = assert(core.json_decode(file:read "a"))
      file:close()
      local annotations = settings["workspace.library"][1] .. "/sio/meta.d.lua"
      assert.is_truthy(io.open(annotations), annotations)
    end)

    it("touches nothing that is there", function()
      write_app "mine"
      local program = start "new ."
      assert.equal(1, program.wait())
      assert.equal("sio-lua: . is not empty", program.output())
      assert.same({ "app.lua" }, (core.process.list_folder(folder.path)))
      program = start "new app.lua"
      assert.equal(1, program.wait())
      assert.matches("^sio%-lua: cannot make app.lua: ", program.output())
      program = start "new no/where"
      assert.equal(1, program.wait())
      assert.matches("^sio%-lua: cannot make no/where: ", program.output())
      for _, arguments in ipairs { "new", "new a b", "new --hlep" } do
        assert.equal(2, start(arguments).wait())
      end
    end)
  end)

  describe("--check", function()
    it("says what would be done, and does not do it", function()
      local fd, port = core.process.listen_tcp(nil, 0) -- so nobody else can
      write_app("1", "workers = 3", port)
      local program = start "--check"
      assert.equal(0, program.wait())
      assert.equal(("app.lua loads: 3 workers on port %d"):format(port), program.output())
      core.process.close(fd)
      program = start "app.lua --check -w 1 -b unix:/nowhere/x -b 127.0.0.1:1"
      assert.equal(0, program.wait())
      assert.equal("app.lua loads: 1 worker on unix:/nowhere/x, 127.0.0.1 port 1",
        program.output())
      folder:write("app.lua", [[
        local sio = require "sio"
        local public, admin = sio.server(), sio.server()
        public:listen(1)
        admin:listen { port = 2, host = "::1" }]])
      program = start "--check -p 80"
      assert.equal(0, program.wait())
      assert.equal("app.lua loads: 1 worker on port 80, ::1 port 2", program.output())
    end)

    it("ends with 3 and the app's error", function()
      write_app("1", "ping_intervall = 3")
      local program = start "--check"
      assert.equal(3, program.wait())
      assert.matches("^sio%-lua: [^\n]*app.lua:2: unknown option 'ping_intervall' " ..
        "%(did you mean 'ping_interval'%?%)[^\n]*$", program.output())
      folder:write("app.lua", "local function f() error 'no database' end\n\nf()")
      program = start "--check"
      assert.equal(3, program.wait())
      assert.matches("app.lua:1: no database\n\tcalled at [^\n]*app.lua:3$", program.output())
      folder:write("app.lua", "return 1")
      assert.equal(3, start("--check").wait())
      folder:write("app.lua", "require('sio').server():listen(0)\nerror 'behind the listen'")
      program = start "--check"
      assert.equal(3, program.wait())
      assert.matches("app.lua:2: behind the listen", program.output())
    end)
  end)

  describe("--watch", function()
    -- The worker's pid.
    local function started(program) return (select(2, program.expect "^started (%d) (%d+)$")) end

    it("reloads what has changed, on the same port", function()
      write_app "one"
      local program = start "--watch"
      local first = started(program)
      local port = program_of.ready(program)
      assert.equal("one", program_of.fetch(port, "/version"))
      write_app "two"
      program.expect "^sio%-lua: (app.lua changed)$"
      assert.not_equal(first, started(program))
      program.expect "^(sio%-lua: reloaded)$"
      assert.equal("two", program_of.fetch(port, "/version"))
      folder:write("page.html", "x")
      program.expect "^sio%-lua: (page.html changed)$"
      program.expect "^(sio%-lua: reloaded)$"
      program.signal "INT"
      assert.equal(0, program.wait())
    end)

    it("lets connections wait while there is no worker", function()
      folder:write("app.lua", [[
        local sio = require "sio"
        local app = sio.server()
        app:get("/", function() return sio.loaded end)
        app:on_stop(function() io.stderr:write "stopping\n" end)
        local from = os.clock()
        while os.clock() - from < 0.3 do end
        sio.loaded = "anew"
        app:listen(0)]])
      local program = start "--watch"
      local port = program_of.ready(program)
      folder:write("page.html", "x")
      program.expect "^(stopping)$" -- of the trial, which never listened
      program.expect "^(stopping)$"
      for _ = 1, 3 do assert.equal("anew", program_of.fetch(port, "/")) end
      program.signal "INT"
      assert.equal(0, program.wait())
    end)

    it("replaces every worker, one after the other", function()
      write_app "one"
      local program = start "--watch -w 3"
      for _ = 1, 3 do started(program) end
      local port = program_of.ready(program)
      write_app "two"
      for i = 1, 3 do assert.equal(tostring(i), (program.expect "^started (%d) ")) end
      program.expect "^(sio%-lua: reloaded)$"
      assert.equal("two", program_of.fetch(port, "/version"))
      program.signal "INT"
      assert.equal(0, program.wait())
    end)

    it("keeps the ports of several servers", function()
      local function write(version)
        folder:write("app.lua", ([[
          local sio = require "sio"
          for i = 1, 2 do
            local app = sio.server { serve_client = false }
            app:get("/", function() return "%s " .. i end)
            app:listen { host = "127.0.0.1", port = 0 }
          end]]):format(version))
      end
      write "old"
      local program = start "--watch"
      local a, b = program.expect "^sio%-lua %S+  http://%S+:(%d+)  http://%S+:(%d+)  1 worker"
      assert.equal("old 2", program_of.fetch(b, "/"))
      write "new"
      program.expect "^(sio%-lua: reloaded)$"
      assert.same({ "new 1", "new 2" }, { program_of.fetch(a, "/"), program_of.fetch(b, "/") })
      program.signal "INT"
      assert.equal(0, program.wait())
    end)

    it("keeps the workers when the change does not load, and shows why", function()
      write_app "one"
      local program = start "--watch"
      local pid = started(program)
      local port = program_of.ready(program)
      folder:write("app.lua", "local x = = 1")
      program.expect "app.lua:1: (unexpected symbol)"
      program.expect "^sio%-lua: .*: (the workers stay as they were)$"
      assert.equal("one", program_of.fetch(port, "/version"))
      assert.is_truthy(os.execute("kill -0 " .. pid))
      write_app "three"
      program.expect "^(sio%-lua: reloaded)$"
      assert.equal("three", program_of.fetch(port, "/version"))
      program.signal "INT"
      assert.equal(0, program.wait())
    end)

    it("waits for a change when the app does not load at the start", function()
      folder:write("app.lua", "error 'not yet'")
      local program = start "--watch -w 2"
      program.expect "^sio%-lua: (waiting for a change)$"
      write_app "one"
      local port = program_of.ready(program)
      assert.equal("one", program_of.fetch(port, "/version"))
      program.signal "INT"
      assert.equal(0, program.wait())
    end)

    it("sees folders below, also new ones, and not what is hidden", function()
      write_app "one"
      for _, name in ipairs { "lib", ".git", "node_modules" } do
        assert(core.process.make_folder(folder.path .. "/" .. name))
      end
      local program = start "--watch"
      program_of.ready(program)
      folder:write(".git/x.lua", "")
      folder:write("node_modules/x.lua", "")
      folder:write("chat.db", "")
      folder:write("lib/a.lua", "")
      assert.equal("lib/a.lua", (program.expect "^sio%-lua: (%S+) changed$"))
      program.expect "^(sio%-lua: reloaded)$"
      assert(core.process.make_folder(folder.path .. "/lib/new"))
      folder:write("lib/new/b.lua", "")
      assert.equal("lib/new/b.lua", (program.expect "^sio%-lua: (%S+) changed$"))
      program.expect "^(sio%-lua: reloaded)$"
      program.signal "INT"
      assert.equal(0, program.wait())
    end)

    it("watches another folder when asked", function()
      write_app "one"
      assert(core.process.make_folder(folder.path .. "/lib"))
      local program = start "--watch=lib"
      program_of.ready(program)
      folder:write("other.lua", "")
      folder:write("lib/a.lua", "")
      assert.equal("a.lua", (program.expect "^sio%-lua: (%S+) changed$"))
      program.signal "INT"
      assert.equal(0, program.wait())
      program = start "--watch=nowhere"
      assert.equal(3, program.wait())
      assert.matches("^sio%-lua: cannot watch nowhere: ", program.output())
    end)
  end)
end)
