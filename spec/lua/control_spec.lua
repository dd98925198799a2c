-- SPDX-License-Identifier: MIT
-- The control socket of a supervisor, with one that is made up: answers, limits, who may connect,
-- and clients that mean no good. As a program: operate_spec.lua.

local client = require "sio.cli.client"
local control = require "sio.cli.control"
local core = require "sio.core"
local program = require "support.program"
local sio = require "sio"
local test = require "sio.test"

local process = core.process

describe("a control socket", function()
  local folder, path, limits
  before_each(function()
    folder = program.folder()
    path = folder.path .. "/control.sock"
    limits = {
      connections_max = control.connections_max, commands_max = control.commands_max,
      idle = control.idle,
    }
    core.set_log_level "off"
  end)
  after_each(function()
    core.set_log_level "info"
    for name, value in pairs(limits) do control[name] = value end
    folder:remove()
  end)

  -- Runs fn(supervisor, part) while a supervisor's part listens.
  local function serving(fn)
    return test(function()
      local supervisor = { asked = { status = { unix = path } }, exit_code = 0, calls = {} }
      function supervisor.status() return { pid = process.pid(), app = "app.lua", workers = {} } end
      function supervisor:stop(reason) table.insert(self.calls, "stop " .. reason) end
      function supervisor:halt(reason) table.insert(self.calls, "halt " .. reason) end
      local part = assert(control.start(supervisor))
      local ran, err = pcall(fn, supervisor, part)
      part:close()
      if not ran then error(err, 0) end
    end)
  end

  local function connect() return assert(client.connect(path)) end

  -- Sends a line as it is: the answer.
  local function say(connection, line)
    assert(connection.lines:send(line))
    return connection:receive(5)
  end

  -- Runs Lua source in a process of its own, as another user with the prefix; `arg` has the
  -- socket's path. What it can read of ours is what it gets here.
  local function run_lua(source, prefix, on_exit)
    folder:write("main.lua", "local core = package.loadlib(arg[2], 'luaopen_sio_core')()\n" ..
      source)
    local module = folder.path .. "/core.so"
    os.execute(("cp %s %s && chmod 755 %s && chmod 644 %s/main.lua"):format(
      package.searchpath("sio.core", package.cpath), module, module, folder.path))
    local line = ("exec %s lua5.4 %s/main.lua %s %s >%s/output 2>&1"):format(prefix or "",
      folder.path, path, module, folder.path)
    return assert(process.spawn({ "/bin/sh", "-c", line }, {}, {}, on_exit or function() end))
  end

  local function output_of(source, prefix)
    local ended = core.job.ticket()
    run_lua(source, prefix, function() core.job.wake(ended) end)
    core.job.wait(ended)
    return folder:read "output"
  end

  it("answers a command with an object on a line, one after the other", serving(function()
    local c = connect()
    for _ = 1, 3 do
      local answer = say(c, '{"op":"status"}')
      assert.is_true(answer.ok)
      assert.equal(process.pid(), answer.status.pid)
    end
    c:close()
  end))

  it("takes lines however they are cut", serving(function()
    local fd = process.dial_unix(path)
    local got, ticket = {}, core.job.ticket()
    local lines = process.lines(fd, {
      on_line = function(_, text)
        got[#got + 1] = text
        if #got == 4 then core.job.wake(ticket) end
      end,
    }, 1 << 20)
    -- send() ends what it sends with a newline: two in one write, and an empty line
    lines:send '{"op":"status"}\n{"op":"nothing"}\n'
    lines:send '{"op":"status"}'
    if #got < 4 then core.job.wait(ticket) end
    lines:close()
    assert.matches('"ok":true', got[1])
    assert.matches("no such command", got[2])
    assert.matches("expected", got[3])
    assert.matches('"ok":true', got[4])
  end))

  it("takes them byte by byte, and answers who has closed its half", serving(function()
    folder:write("bytes.pl", [[
      use Socket;
      socket(my $s, AF_UNIX, SOCK_STREAM, 0) or die $!;
      connect($s, pack_sockaddr_un($ARGV[0])) or die $!;
      for (split //, qq({"op":"status"}\n{"op":"nothing"}\n)) {
        syswrite $s, $_;
        select undef, undef, undef, 0.001;
      }
      shutdown $s, 1;
      print while defined($_ = readline $s);]])
    local ended = core.job.ticket()
    assert(process.spawn({ "/bin/sh", "-c", ("exec perl %s/bytes.pl %s >%s/output 2>&1"):format(
      folder.path, path, folder.path) }, {}, {}, function() core.job.wake(ended) end))
    core.job.wait(ended)
    local ok, wrong = folder:read "output":match "^(.-)\n(.-)\n$"
    assert.matches('"ok":true', ok)
    assert.matches("no such command", wrong)
  end))

  it("says what is wrong with anything else, and goes on", serving(function()
    local c = connect()
    local deep = ("["):rep(500) .. ("]"):rep(500)
    for _, junk in ipairs { "", "x", "[]", "1", "null", '{"op":1}', "{}", '{"op":', "\0\255", deep,
      '{"op":"status"', '"op"' } do
      local answer = say(c, junk)
      assert.same({ ok = false, error = 'an object with "op" expected' }, answer, junk)
    end
    assert.same({ ok = false, error = "no such command" }, say(c, '{"op":"__index"}'))
    assert.is_true(say(c, '{"op":"status"}').ok)
    c:close()
  end))

  it("tells who asked for the end when it is there", serving(function(supervisor, part)
    local c = connect()
    assert.same({ ok = true, pid = process.pid() }, c:ask({ op = "stop" }, 5))
    assert.same({ "stop sio-lua stop" }, supervisor.calls)
    assert.equal("stop is not over yet", say(c, '{"op":"status"}').error)
    supervisor.exit_code = 1
    part:close()
    assert.same({ ok = true, exit_code = 1 }, c:receive(5))
    c:close()
  end))

  it("can end at once", serving(function(supervisor)
    local c = connect()
    c:ask({ op = "stop", now = true }, 5)
    assert.same({ "halt sio-lua stop" }, supervisor.calls)
    c:close()
  end))

  it("is for its owner alone, and goes with the supervisor", serving(function(_, part)
    local kind, uid, mode = process.inspect(path)
    assert.same({ "socket", process.uid(), tonumber("600", 8) }, { kind, uid, mode })
    part:close()
    assert.is_nil(process.inspect(path))
  end))

  it("takes the place of one whose process has died, not of another's", serving(function()
    local again, err = control.start { asked = { status = { unix = path } } }
    assert.is_nil(again)
    assert.matches("^cannot make the control socket .*: address already in use", err:lower())
    assert.is_true(client.ask(path, { op = "status" }).ok)
    local dead = folder.path .. "/dead.sock"
    process.close((process.listen_unix(dead)))
    local part = assert(control.start { asked = { status = { unix = dead } } })
    part:close()
  end))

  it("is not there for a check", test(function()
    local part = assert(control.start { asked = { check = true, status = { unix = path } } })
    assert.is_nil(process.inspect(path))
    part:close()
    sio.sleep(0)
  end))

  -- ---- limits -----------------------------------------------------------------------------------

  it("takes a line of line_max bytes and ends with a longer one", serving(function()
    local c = connect()
    local line = '{"op":"status","x":"' .. ("x"):rep(control.line_max - 22) .. '"}'
    assert.equal(control.line_max, #line)
    assert.is_true(say(c, line).ok)
    local answer, err = say(c, line .. " ")
    assert.is_nil(answer)
    assert.equal("the connection was closed", err)
    assert.is_true(client.ask(path, { op = "status" }).ok)
  end))

  it("serves connections_max at a time and tells the next", serving(function()
    control.connections_max = 3
    local all = {}
    for i = 1, 3 do
      all[i] = connect()
      assert.is_true(all[i]:ask({ op = "status" }, 5).ok)
    end
    local answer, err = client.ask(path, { op = "status" })
    assert.is_nil(answer)
    assert.equal("too many connections", err)
    all[2]:close()
    repeat answer = client.ask(path, { op = "status" }) until answer
    all[1]:close()
    all[3]:close()
  end))

  it("takes commands_max commands from one connection", serving(function()
    control.commands_max = 3
    local c = connect()
    for _ = 1, 3 do assert.is_true(c:ask({ op = "status" }, 5).ok) end
    assert.is_nil((c:ask({ op = "status" }, 5)))
  end))

  it("closes one that asks for nothing", serving(function()
    control.idle = 0.05
    local c = connect()
    assert.equal("the connection was closed", select(2, c:receive(5)))
  end))

  it("does not close one that waits for its answer", serving(function()
    control.idle = 0.05
    local c, idle = connect(), connect()
    c:ask({ op = "stop" }, 5)
    idle:receive(5) -- the time is over
    assert.is_nil(c.gone)
    c:close()
  end))

  it("leaves a client that does not read", serving(function(supervisor, part)
    local blob, asked = ("x"):rep(100000), 0
    function supervisor.status()
      asked = asked + 1
      return { app = "app.lua", blob = blob }
    end
    local child = run_lua([[
      local lines = core.process.lines(core.process.dial_unix(arg[1]), {}, 1)
      lines:send(('{"op":"status"}\n'):rep(100))
      os.execute "sleep 60"]])
    repeat sio.sleep(0.01) until asked > 0 and next(part.connections) == nil
    assert.is_true(asked < 100)
    assert.is_true(client.ask(path, { op = "status" }).ok)
    child:kill(process.signal_number "kill")
  end))

  it("costs nothing for ten megabytes without a newline", serving(function(_, part)
    local ticket = core.job.ticket()
    local lines = process.lines(process.dial_unix(path),
      { on_gone = function() core.job.wake(ticket) end }, 4096)
    for _ = 1, 16 do lines:send(("x"):rep(640000)) end
    core.job.wait(ticket)
    assert.is_nil(next(part.connections))
    assert.is_true(client.ask(path, { op = "status" }).ok)
  end))

  it("outlives a thousand connections", serving(function()
    local all, refused = {}, 0
    for _ = 1, 1000 do
      local fd, _, code = process.dial_unix(path)
      if fd then
        all[#all + 1] = fd
      else
        assert.equal("eagain", code) -- the backlog is full
        sio.sleep(0)
      end
    end
    for _, fd in ipairs(all) do process.close(fd) end
    local answer, err
    repeat
      answer, err = client.ask(path, { op = "status" })
      refused = refused + 1
      assert.is_true(refused < 10000, err)
    until answer
  end))

  it("refuses other users", test(function()
    if process.uid() ~= 0 then return pending "needs root" end
    local supervisor = { asked = { status = { unix = path } }, exit_code = 0 }
    function supervisor.status() return { app = "app.lua" } end
    local part = assert(control.start(supervisor))
    -- As if somebody had opened the folder and the file: the kernel's word on who it is counts.
    os.execute(("chmod 755 %s && chmod 666 %s"):format(folder.path, path))
    local script = [[
      local lines
      local function say(_, text)
        io.write(text)
        lines:close()
        core.stop()
      end
      local fd, err = core.process.dial_unix(arg[1])
      if not fd then return io.write("not connected: ", err) end
      lines = core.process.lines(fd, { on_line = say, on_gone = say }, 1 << 20)
      lines:send '{"op":"status"}'
      core.run()]]
    assert.matches('"ok":true', output_of(script, ""))
    local refused = output_of(script, "setpriv --reuid 65534 --clear-groups")
    assert.is_nil(refused:find "[{}]") -- an end in one of its forms, no answer
    assert.matches("^%a", refused)
    part:close()
  end))
end)
