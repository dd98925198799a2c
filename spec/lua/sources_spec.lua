-- SPDX-License-Identifier: MIT
-- Who wins: the command line over sio.conf.lua, that over the application, that over the
-- environment, for each option that can be said at more than one place. Then sio.conf.lua with the
-- command itself.

local flags = require "sio.cli.flags"
local program = require "support.program"
local sources = require "sio.cli.sources"

describe("sio.cli.sources", function()
  -- Any three values that differ: nobody looks at them here.
  for _, flag in ipairs(flags.list) do
    if flag.conf ~= false then
      it("decides about " .. flag.name, function()
        local function says(value) return { [flag.field] = value } end
        assert.equal("a", sources.new(says "a", says "b").asked[flag.field])
        assert.equal("b", sources.new({}, says "b").asked[flag.field])
        assert.is_nil(sources.new({}, {}).asked[flag.field])
        for _, case in ipairs { { "a", "b", "a" }, { nil, "b", "b" }, { nil, nil, "c" } } do
          local known = sources.new(says(case[1]), says(case[2]))
          known:declare(says "c")
          local expected = flag.app and case[3] or case[1] or case[2]
          assert.equal(expected, known.asked[flag.field])
        end
      end)
    end
  end

  it("lets --bind void port and host of the file, not the other way round", function()
    local asked = sources.new({ bind = { { port = 1 } } }, { port = 2, host = "::1" }).asked
    assert.same({ bind = { { port = 1 } } }, asked)
    asked = sources.new({ port = 1 }, { bind = { { port = 2 } } }).asked
    assert.same({ port = 1, bind = { { port = 2 } } }, asked)
  end)

  it("keeps the first of several servers that says something", function()
    local known = sources.new({}, {})
    known:declare { workers = 2 }
    known:declare { workers = 3 }
    assert.equal(2, known.asked.workers)
  end)

  it("takes another file in place, but for what cannot change", function()
    local known = sources.new({ log_level = "warn" },
      { workers = 2, balance = "random", port = 1, file = "/a.lua" })
    local asked = known.asked
    known:declare { workers = 5 }
    local stay = known:reconfigure { log_level = "info", port = 2, file = "/b.lua",
      server = { path = "/x" } }
    table.sort(stay)
    assert.same({ "app", "port" }, stay)
    assert.equal(asked, known.asked)
    assert.same({ log_level = "warn", port = 1, file = "/a.lua", server = { path = "/x" } }, asked)
    known:declare { workers = 5 }
    assert.equal(5, asked.workers)
    assert.same({}, known:reconfigure { port = 1, file = "/a.lua" })
    assert.is_nil(asked.server)
    assert.is_nil(asked.workers)
  end)

  it("sees what has changed in a list of addresses", function()
    local known = sources.new({}, { bind = { { port = 1 }, { unix = "/x" } } })
    assert.same({}, known:reconfigure { bind = { { port = 1 }, { unix = "/x" } } })
    assert.same({ "bind" }, known:reconfigure { bind = { { port = 1 }, { unix = "/y" } } })
    assert.same({ "bind" }, known:reconfigure { bind = { { port = 1 } } })
    assert.same({ "bind" }, known:reconfigure {})
    assert.same({ { port = 1 }, { unix = "/x" } }, known.asked.bind)
  end)
end)

-- ---- with the command ---------------------------------------------------------------------------

describe("precedence", function()
  local folder, p

  before_each(function() folder = program.folder() end)
  after_each(function() folder:remove() end)

  local app = [[
    local sio = require "sio"
    local app = sio.server { %s }
    print("balance is " .. tostring(app._options.balance), "path is " .. app._options.path)
    app:listen(%s)
  ]]

  -- What each place says, in the order in which it wins, and how --check shows it.
  local rows = {
    { "workers", option = "-w 2", conf = "workers = 3", app = "workers = 4", env = "SIO_WORKERS=5",
      shows = { "2 workers", "3 workers", "4 workers", "5 workers", "1 worker" } },
    { "balance", option = "--balance random", conf = "balance = 'ip-hash'",
      app = "balance = 'round-robin'",
      shows = { "balance is random", "balance is ip%-hash", "balance is round%-robin",
        "balance is nil" } },
    { "port", option = "-p 2", conf = "port = 3", listen = "4", env = "PORT=5",
      shows = { "port 2\n", "port 3\n", "port 4\n", "port 5\n", "port 3000\n" } },
    { "host", option = "-H ::2", conf = "host = '::3'", listen = "'[::4]:3000'",
      shows = { "on ::2 port", "on ::3 port", "on ::4 port", "on port" } },
    { "bind", option = "-b ::1:2 -b unix:x", conf = "bind = { '[::3]:3', 'unix:y' }",
      listen = "'[::4]:4'", option_is = "-b '[::2]:2' -b unix:x",
      shows = { "on ::2 port 2, unix:x\n", "on ::3 port 3, unix:[^\n]*/y\n", "on ::4 port 4\n" } },
    { "path", app = "path = '/a'", conf = "server = { path = '/c' }", app_first = true,
      shows = { "path is /a", "path is /c", "path is /socket.io" } },
  }

  local function places(row)
    local order = row.app_first and { "app", "conf" } or
      { "option", "conf", "app", "listen", "env" }
    local list = {}
    for _, place in ipairs(order) do
      if row[place] then list[#list + 1] = place end
    end
    return list
  end

  for _, row in ipairs(rows) do
    it("of " .. row[1], function()
      local list = places(row)
      -- All places speak, then all but the first, ... at last nobody.
      for first = 1, #list + 1 do
        if not row.shows[first] then break end
        local says = {}
        for i = first, #list do says[list[i]] = row[list[i]] end
        if says.option then says.option = row.option_is or row.option end
        folder:write("app.lua", app:format(says.app or "", says.listen or ""))
        folder:write("sio.conf.lua", ("return { %s }"):format(says.conf or ""))
        p = folder:start("--check " .. (says.option or ""), says.env)
        assert.equal(0, p.wait(), p.output())
        assert.matches(row.shows[first], p.output() .. "\n")
      end
    end)
  end

  it("names the file that is read: -c, else sio.conf.lua when no application is named", function()
    folder:write("app.lua", app:format("", "1"))
    folder:write("other.lua", app:format("", "2"))
    folder:write("sio.conf.lua", "return { app = 'other.lua', workers = 3 }")
    folder:write("c.lua", "return { workers = 4 }")
    for arguments, shows in pairs {
      [""] = "other.lua loads: 3 workers on port 2",
      ["app.lua"] = "app.lua loads: 1 worker on port 1",
      ["-c c.lua"] = "app.lua loads: 4 workers on port 1",
      ["-c c.lua other.lua"] = "other.lua loads: 4 workers on port 2",
      ["-c sio.conf.lua app.lua"] = "app.lua loads: 3 workers on port 1",
    } do
      p = folder:start("--check " .. arguments)
      assert.equal(0, p.wait(), p.output())
      assert.matches(shows, p.output())
    end
  end)

  it("lets --port change the first TCP address of the file", function()
    folder:write("app.lua", app:format("", "1"))
    folder:write("sio.conf.lua", "return { bind = { 'unix:x', '[::1]:2', 3 } }")
    p = folder:start("--check -p 9")
    assert.equal(0, p.wait(), p.output())
    assert.matches("on unix:[^\n]*/x, ::1 port 9, port 3$", p.output())
  end)

  it("gives each worker a port, or says why not", function()
    local listens = { ["{ 20, '[::1]:30' }"] = { 0, "on port 20 to 22, ::1 port 30 to 32$" },
      ["0"] = { 0, "on port 0$" }, ["'unix:x'"] = { 3, "^sio%-lua: %-%-port%-per%-worker: " ..
        "unix:[^ ]*/x has no port$" },
      ["65534"] = { 3, "%-%-port%-per%-worker: there is no port 65536 for worker 3$" } }
    for address, expected in pairs(listens) do
      folder:write("app.lua", "require('sio').server():listen(" .. address .. ")")
      p = folder:start("--check --port-per-worker -w 3")
      assert.equal(expected[1], p.wait(), p.output())
      assert.matches(expected[2], p.output())
    end
  end)

  it("ends with 3 for a file that is wrong, with 2 for one that is not there", function()
    folder:write("app.lua", app:format("", "1"))
    folder:write("sio.conf.lua", "return {\n  wrokers = 4,\n}")
    for _, arguments in ipairs { "", "--check" } do
      p = folder:start(arguments)
      assert.equal(3, p.wait())
      assert.equal("sio-lua: sio.conf.lua:2: unknown key 'wrokers' (did you mean 'workers'?)",
        p.output())
    end
    folder:write("sio.conf.lua", "os.exit(7)")
    p = folder:start()
    assert.equal(3, p.wait())
    assert.equal("sio-lua: reading sio.conf.lua ended with status 7", p.output())
    folder:write("sio.conf.lua", "return { server = { initial_packet = ('x'):rep(70000) } }")
    p = folder:start()
    assert.equal(3, p.wait())
    assert.equal("sio-lua: sio.conf.lua: more than 65536 bytes of options", p.output())
    p = folder:start("-c nowhere.lua")
    assert.equal(2, p.wait())
    assert.matches("^sio%-lua: cannot read nowhere.lua\n", p.output())
    folder:write("sio.conf.lua", "return { app = 'nowhere.lua' }")
    p = folder:start()
    assert.equal(3, p.wait())
    assert.matches("^sio%-lua: sio.conf.lua: app: cannot read /.*/nowhere.lua$", p.output())
  end)
end)
