-- SPDX-License-Identifier: MIT
-- sio-lua operated by its own commands: status, list, stop and the others, each as people call it.

local core = require "sio.core"
local json = require("cjson").new()
local program_of = require "support.program"
local values = require "sio.cli.values"

local APP = [[
local sio = require "sio"
local app = sio.server { serve_client = false }
app:get("/say/:word", function(req)
  app.log:info("said " .. req.params.word)
  return "said"
end)
app:listen(0)
]]

describe("sio-lua as it is operated", function()
  local folder

  before_each(function()
    folder = program_of.folder()
    folder:write("app.lua", APP)
  end)

  after_each(function() folder:remove() end)

  -- The control sockets are in the test's folder; other programs on this machine are not seen.
  local function start(arguments)
    local program = folder:start(arguments, "RUNTIME_DIRECTORY=" .. folder.path)
    program.port = program_of.ready(program)
    return program
  end

  -- Runs a command to its end: its exit code and output.
  local function run(arguments)
    local program = folder:start(arguments, "RUNTIME_DIRECTORY=" .. folder.path)
    local code = program.wait()
    return code, program.output()
  end

  local function status()
    local code, output = run "status --json"
    assert.equal(0, code, output)
    return json.decode(output)
  end

  -- Those that a list has, in its order.
  local function pids_of(list)
    local pids = {}
    for pid in list:gmatch "\n *(%d+)  /" do pids[#pids + 1] = pid end
    return table.concat(pids, " ")
  end

  it("shows what runs as a table and as JSON", function()
    local program = start "-w 2"
    local code, output = run "status"
    assert.equal(0, code, output)
    assert.matches(("^sio%%-lua %%S+  %s/app.lua  pid %s  up %%d+s  2 workers  " ..
      "http://localhost:%s\n"):format(folder.path, program.pid, program.port), output)
    assert.matches("\n #  pid +state +clients  ws/poll  rooms  in/s  out/s  lag ms +rss\n", output)
    assert.matches("\n 1  %d+ +ready ", output)
    assert.matches("\n 2  %d+ +ready ", output)
    local now = status()
    assert.same({ "ready", 2, math.tointeger(tonumber(program.pid)) },
      { now.state, now.wanted, now.pid })
    assert.same({ 1, 2 }, { now.workers[1].number, now.workers[2].number })
    assert.equal("http://localhost:" .. program.port, now.addresses[1])
  end)

  it("is stopped by a command that waits until all is over", function()
    local program = start "-w 2"
    assert.same({ 0, "" }, { run "stop" })
    assert.is_nil(core.process.inspect(("%s/%s.sock"):format(folder.path, program.pid)))
    assert.is_false(core.process.is_alive(math.tointeger(tonumber(program.pid))))
    assert.equal(0, program.wait())
    assert.same({ 1, "sio-lua: no sio-lua is running" }, { run "stop" })
  end)

  it("can be stopped at once, also while something hangs", function()
    folder:write("app.lua", [[
      local sio = require "sio"
      local app = sio.server()
      app:on_stop(function() io.stderr:write "stopping\n" sio.sleep(1000) end)
      app:listen(0)]])
    local program = start ""
    assert.same({ 0, "" }, { run "stop --now" })
    assert.equal(1, program.wait())
  end)

  it("is scaled up and down", function()
    start "-w 1"
    local function numbers()
      local list = {}
      for _, worker in ipairs(status().workers) do
        if worker.state ~= "draining" then list[#list + 1] = worker.number end
      end
      return #list
    end
    for _, n in ipairs { 3, 1, 2 } do
      assert.same({ 0, "" }, { run("scale " .. n) })
      assert.equal(n, status().wanted)
      repeat until numbers() == n
    end
    assert.same({ 2, ('sio-lua: scale: expected a number from 1 to %d, got "0"\n'):format(
      values.workers_max) .. "Try 'sio-lua scale --help'." }, { run "scale 0" })
    assert.same({ 2, "sio-lua: scale: a number of workers expected\n" ..
      "Try 'sio-lua scale --help'." }, { run "scale" })
    assert.same({ 0, "" }, { run "scale 1 app.lua" })
    assert.same({ 0, "" }, { run "stop" })
  end)

  it("reloads its workers, and waits until they are new", function()
    local program = start "-w 2"
    local before = status()
    assert.same({ 0, "" }, { run "reload" })
    local after = status()
    assert.equal(before.pid, after.pid)
    for i = 1, 2 do assert.not_equal(before.workers[i].pid, after.workers[i].pid) end
    folder:write("app.lua", "error 'no database'")
    assert.same({ 1, ("sio-lua: not reloaded: the application does not load: %s/app.lua:1: "
      .. "no database"):format(folder.path) }, { run "reload" })
    folder:write("app.lua", "require('sio').server { suspect_after = 11 }:listen(0)")
    assert.same({ 1, "sio-lua: not reloaded: the application does not load: suspect_after: at most "
      .. "heartbeat_timeout, 10 seconds, expected, got 11" }, { run "reload" })
    folder:write("app.lua", "os.exit(7)")
    assert.same({ 1, "sio-lua: not reloaded: the application does not load: worker 1 exited with "
      .. "status 7 before it was ready" }, { run "reload" })
    folder:write("app.lua", "if tonumber(os.getenv('SIO_WORKER'):match '%d+$') > 1 then\n"
      .. "error 'one is enough' end require('sio').server():listen(0)")
    assert.same({ 1, ("sio-lua: not reloaded: %s/app.lua:2: one is enough"):format(folder.path) },
      { run "reload" })
    after = status()
    assert.equal(after.workers[1].pid, status().workers[1].pid)
    assert.same({ 0, "" }, { run "stop" })
    program.wait()
    assert.matches("app.lua:1: no database", program.output())
  end)

  it("shows the last lines of all logs, and those to come", function()
    local program = start "-w 2"
    assert.equal("said", program_of.fetch(program.port, "/say/one"))
    local code, output = run "logs"
    assert.equal(0, code, output)
    assert.matches("said one", output)
    assert.same({ 0, "" }, { run "logs --lines 0" })
    local follower = folder:start("logs -f", "RUNTIME_DIRECTORY=" .. folder.path)
    follower.expect "(said one)"
    program_of.fetch(program.port, "/say/two")
    follower.expect "(said two)"
    assert.same({ 0, "" }, { run "reload" })
    program_of.fetch(program.port, "/say/three") -- by a worker that was not there before
    follower.expect "(said three)"
    assert.same({ 0, "" }, { run "stop" })
    assert.equal(0, follower.wait())
    assert.equal(1, select(2, follower.output():gsub("said two", "")))
  end)

  it("is told from others by its application and its process", function()
    folder:write("other.lua", APP)
    local app, other = start "app.lua", start "other.lua"
    local code, output = run "list"
    assert.equal(0, code)
    for _, each in ipairs { { app, "app" }, { other, "other" } } do
      assert.matches(("\n *%s  %s/%s.lua +ready +1 "):format(each[1].pid, folder.path, each[2]),
        output)
    end
    assert.equal(2, #json.decode((select(2, run "list --json"))))
    assert.equal(pids_of(output), pids_of((select(2, run "status"))))
    assert.matches("pid " .. other.pid, (select(2, run "status other.lua")))
    assert.matches("pid " .. app.pid, (select(2, run("status --pid " .. app.pid))))
    assert.same({ 1, "sio-lua: several are running; name the application, or use --pid" },
      { run "stop" })
    assert.same({ 0, "" }, { run "stop other.lua" })
    assert.same({ 1, "sio-lua: no sio-lua with other.lua is running" }, { run "status other.lua" })
    assert.same({ 0, "" }, { run "stop" })
  end)

  it("is found by the control socket that it was given", function()
    local path = folder.path .. "/own"
    local own = start("--status unix:" .. path)
    assert.equal(0, (run("status --status unix:" .. path)))
    assert.equal(tostring(own.pid), pids_of((select(2, run "list")))) -- there as well
    assert.same({ 0, "" }, { run("stop --status unix:" .. path) })
    assert.matches("^sio%-lua: " .. path .. ": ", (select(2, run("stop --status unix:" .. path))))
    local program = folder:start("--status unix:/nowhere/there")
    assert.equal(3, program.wait())
    assert.matches("^sio%-lua: cannot make the control socket /nowhere/there: ", program.output())
  end)

  it("is not found once it was killed, and its socket goes", function()
    local program = start ""
    program.signal "KILL"
    program.wait()
    local path = ("%s/%s.sock"):format(folder.path, program.pid)
    assert.equal("socket", (core.process.inspect(path)))
    assert.same({ 0, "no sio-lua is running" }, { run "list" })
    assert.is_nil(core.process.inspect(path))
  end)

  it("runs without a control socket where none can be", function()
    folder:write("file", "")
    local program = folder:start("", "RUNTIME_DIRECTORY=" .. folder.path .. "/file")
    program.expect "(warn no control socket: .*/file: it is no folder)"
    program_of.ready(program)
    program.signal "TERM"
    assert.equal(0, program.wait())
  end)

  it("says what is wrong with a command", function()
    local wrong = {
      ["status --jsn"] = "status: unknown option --jsn (did you mean --json?)",
      ["status -n 0"] = 'status: option -n: expected seconds, from 0.1 to 86400, got "0"',
      ["status a b"] = 'status: unexpected "b"',
      ["stop x --pid 1"] = "stop: the application, --pid or --status: one of them",
      ["stop --status 80"] = 'stop: option --status: expected unix:PATH, got "80"',
      ["list x"] = 'list: unexpected "x"',
    }
    for words, text in pairs(wrong) do
      local name = words:match "^%S+"
      assert.same({ 2, ("sio-lua: %s\nTry 'sio-lua %s --help'."):format(text, name) },
        { run(words) })
      local code, help = run(name .. " --help")
      assert.equal(0, code)
      assert.matches("^Usage: sio%-lua " .. name, help)
    end
  end)
end)
