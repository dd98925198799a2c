-- SPDX-License-Identifier: MIT
-- What people's code can do to a worker: whatever it is, an error in the log, and the loop goes on.

local child = require "support.child"
local core = require "sio.core"
local serve = require "support.serve"
local sio = require "sio"
local test = require "sio.test"

-- Runs the source, which must come to its line "alive" and end with exit code 0; the output. Behind
-- it only the counts of lines that were held back may stand.
local function survives(source, limits)
  local output, code = child(source .. "\nrun(function() sio.sleep(0) end) say 'alive'", limits)
  assert.equal(0, code, output:sub(-2000))
  assert.matches("alive\n", output)
  return output
end

local function count(text, plain)
  local n, at = 0, 1
  while true do
    local _, last = text:find(plain, at, true)
    if not last then return n end
    n, at = n + 1, last + 1
  end
end

describe("errors without end", function()
  it("of handlers that start each other end after 90", function()
    local output = survives [[
      local n = 0
      local function again() n = n + 1 sio.spawn(again) end
      sio.spawn(again)
      say("started " .. n)
    ]]
    assert.matches("stack overflow: handlers start each other without end", output)
    assert.matches("started 90\n", output)
  end)

  it("that name ever new places fill no log", function()
    local output = survives [[
      for i = 1, 1000 do
        sio.spawn(function() error(("chat.lua:%d: of a client"):format(i), 0) end)
      end
    ]]
    local shown = count(output, ": of a client\n")
    assert.is_true(shown >= 10 and shown <= 160, shown)
    assert.matches("more held back", output)
  end)

  it("through what is closed after an error", function()
    local output = survives [[
      local function again()
        local _ <close> = setmetatable({}, { __close = function() sio.spawn(again) end })
        error "x"
      end
      sio.spawn(again)
    ]]
    assert.matches("handlers start each other without end", output)
  end)

  it("through the text of an error", function()
    local output = survives [[
      local strange = setmetatable({}, {})
      getmetatable(strange).__tostring = function()
        sio.spawn(error, strange)
        return "strange"
      end
      sio.spawn(error, strange)
    ]]
    assert.matches("error: strange", output)
    assert.matches("handlers start each other without end", output)
  end)

  it("through hooks end at the first hook", function()
    local output = survives [[
      local app = sio.server { serve_client = false }
      app:on_error(function(message)
        sio.spawn(error, "from a hook's coroutine")
        error(setmetatable({}, { __tostring = function() error "no text" end }))
      end)
      sio.spawn(error, "first")
    ]]
    assert.equal(1, count(output, "sio.spawn error: first"))
    assert.equal(1, count(output, "error hook error: from a hook's coroutine"))
    assert.equal(1, count(output, "error hook error: (an error whose text cannot be made)"))
  end)

  it("through C are stack overflows", function()
    local output = survives [[
      local function tower() return pcall(tower) end
      sio.spawn(tower)
      local function gsub() return (("x"):gsub("x", gsub)) end
      sio.spawn(gsub)
      local meta = setmetatable({}, {})
      getmetatable(meta).__index = function(t, k) return t[k .. "x"] end
      sio.spawn(function() return meta.x end)
      local function sort() table.sort({ 1, 2, 3 }, sort) end
      sio.spawn(sort)
      local function wrap() return coroutine.wrap(wrap)() end
      sio.spawn(wrap)
      sio.spawn(function() return load(("("):rep(1e6)) and nil or error "not parsed" end)
      sio.spawn(string.rep, "x", -1)
    ]]
    assert.matches("C stack overflow", output)
  end)
end)

describe("errors where nobody catches them", function()
  it("of finalizers are logged, and so is warn", function()
    local output = survives [[
      setmetatable({}, { __gc = function() error "in a finalizer" end })
      collectgarbage()
      collectgarbage()
      warn("one", " and ", "two")
      warn "@off"
      warn "silent"
      warn "@on"
      warn(("x"):rep(1e5))
    ]]
    assert.matches("Lua warning: error in __gc.-in a finalizer", output)
    assert.matches("Lua warning: one and two\n", output)
    assert.falsy(output:find "silent")
    assert.matches("Lua warning: x+", output)
  end)

  it("of finalizers that outlive the loop", function()
    local output, code = child [[
      local names = { "after", "every", "spawn", "server", "emit", "engine", "json", "census",
        "stop", "worker", "listen", "sleep", "close" }
      local app
      local try = {
        after = function() sio.after(0, print) end,
        every = function() sio.every(1, print) end,
        spawn = function() sio.spawn(print) end,
        server = function() sio.server {} end,
        emit = function() app:to("x"):emit("x") end,
        engine = function() sio.engine {} end,
        json = function() sio.json.decode(sio.json.encode { "x" }) end,
        census = function() core.census(app) end,
        stop = core.stop, worker = sio.worker,
        listen = function() app:listen(0) end,
        sleep = function() sio.sleep(0) end,
        close = function() app:close() end,
      }
      local function try_all()
        for _, name in ipairs(names) do pcall(try[name]) end
        say "tried"
      end
      -- Collected before what require has made, and behind it: finalizers run in reverse order.
      local early = package.loaded["sio.early"]
      early.finish = try_all
      app = sio.server { serve_client = false }
      setmetatable({}, { __gc = try_all })
    ]]
    assert.equal(0, code, output)
    assert.equal(2, count(output, "tried"))
  end)

  it("of __close are reported beside the error that closed", function()
    local output = survives [[
      sio.spawn(function()
        local _ <close> = setmetatable({}, { __close = function() error "in close" end })
        error "first"
      end)
      sio.spawn(function()
        local _ <close> = setmetatable({}, { __close = function() end })
        error "alone"
      end)
      sio.spawn(function()
        local co = coroutine.create(function()
          local _ <close> = setmetatable({}, { __close = function() error "closed" end })
          coroutine.yield()
        end)
        coroutine.resume(co)
        say(coroutine.close(co))
      end)
    ]]
    assert.equal(1, count(output, ": first\n"))
    assert.equal(1, count(output, ": in close\n"))
    assert.equal(1, count(output, ": alone\n"))
    assert.matches("\nfalse\n", output)
  end)

  it("of what waits at the end of the process, which is closed", function()
    local output, code = child [[
      local app = sio.server { serve_client = false }
      for _, name in ipairs { "sleeps", "sleeps too" } do
        sio.spawn(function()
          local _ <close> = setmetatable({}, { __close = function()
            say("closed " .. name)
            sio.after(0, print)
            app:emit("x")
            sio.spawn(print)
          end })
          sio.sleep(100)
        end)
      end
    ]]
    assert.equal(0, code)
    assert.matches("closed sleeps\n", output)
    assert.matches("closed sleeps too\n", output)
    assert.equal(2, count(output, "too many handlers are waiting"))
  end)
end)

describe("memory", function()
  local sanitized = (os.getenv "LD_PRELOAD" or ""):find "asan"
  -- In 250 MB of address space.
  local function bomb(source)
    if sanitized then return pending "a sanitizer needs its own address space" end
    local output = survives(([[
      for _ = 1, 2 do sio.spawn(function() %s end) end
    ]]):format(source), "-v 250000")
    assert.equal(2, count(output, "error: not enough memory"))
  end

  it("that a string takes is an error", function()
    bomb [[ return ("x"):rep(1 << 30) ]]
    bomb [[ local s = "x" while true do s = s .. s end ]]
  end)

  it("that a table takes is an error", function()
    bomb [[ local t = {} for i = 1, math.huge do t[i] = i end ]]
  end)

  it("that goes in small pieces is an error", function()
    bomb [[ local t while true do t = { t } end ]]
    bomb [[ local t = {} for i = 1, math.huge do t = { t, tostring(i) } end ]]
    bomb [[ coroutine.wrap(function() local t while true do t = { t } end end)() ]]
  end)

  it("is there again for who catches the error", function()
    if sanitized then return end
    local output = survives([[
      sio.spawn(function()
        for _ = 1, 3 do
          say(select(2, pcall(function() local t while true do t = { t } end end)))
        end
      end)
    ]], "-v 250000")
    assert.equal(3, count(output, "not enough memory\n"))
  end)
end)

describe("handlers that wait", function()
  it("are 100000 at most; then events are dropped with a line", function()
    local output = survives [[
      local job, ok, err, n = core.job, true, nil, 0
      sio.spawn(function()
        sio.sleep(0)
        sio.sleep(0.01)
        core.stop()
      end)
      repeat
        n = n + 1
        ok, err = pcall(sio.spawn, job.wait, job.ticket())
      until not ok
      say(n .. " wait: " .. err)
      sio.after(0, function() say "not called" end)
      core.run()
    ]]
    assert.matches("100000 wait: .*too many handlers are waiting %(100000%)", output)
    assert.equal(1, count(output, "dropped: 100000 handlers are waiting already\n"))
    assert.falsy(output:find "not called")
  end)
end)

describe("values with methods of their own", function()
  local app
  before_each(function() core.set_log_level "off" end)
  after_each(function()
    core.set_log_level "info"
    serve.close(app)
  end)

  it("are encoded as they are: no metamethod runs", function()
    local function no() error "a metamethod ran" end
    local meta = { __index = no, __len = no, __pairs = no, __tostring = no, __name = "x",
      __eq = no, __concat = no, __call = no, __newindex = no }
    local sly = setmetatable({ 1, 2, setmetatable({ a = true }, meta) }, meta)
    assert.equal('[1,2,{"a":true}]', sio.json.encode(sly))
    assert.equal("[]", sio.json.encode(setmetatable({}, { __index = coroutine.yield })))
  end)

  it("refuse a client when a middleware fails with them", function()
    app = sio.server { serve_client = false }
    local seen = {}
    app:on_error(function(message, context) seen[#seen + 1] = { message, context } end)
    local strange = setmetatable({}, { __tostring = function() error "again" end })
    local number = setmetatable({}, { __tostring = function() return 7 end })
    local errors = { strange, number, {}, false, 12 }
    app:use(function() error(table.remove(errors, 1)) end)
    local answers = serve(app, [[
      const answers = [];
      for (let i = 0; i < 5; i++)
        answers.push((await client()).error.message);
      return answers;
    ]])
    for i = 1, 5 do
      assert.equal("internal error", answers[i])
      assert.equal("middleware", seen[i][2].what)
      assert.equal("/", seen[i][2].nsp)
      assert.is_string(seen[i][2].sid)
    end
    assert.matches("text cannot be made", seen[1][1])
  end)
end)

describe("a socket that has gone", function()
  local app
  after_each(function() serve.close(app) end)

  it("does nothing any more, and says so where one waits", function()
    app = sio.server { serve_client = false }
    local gone, called = nil, 0
    app:on("connection", function(socket)
      socket.data.name = "x"
      socket:join "room"
      socket:on("disconnect", function() gone = socket end)
      socket:disconnect(true)
    end)
    serve(app, [[ const c = await client(); await c.closed; ]])
    local function count_call() called = called + 1 end
    assert.is_false(gone.connected)
    assert.is_true(gone:emit("x", 1))
    assert.is_true(gone:emit("x", count_call))
    assert.is_true(gone.volatile:emit "x")
    assert.is_true(gone:timeout(1):emit "x")
    assert.is_true(gone:to("room"):emit "x")
    assert.is_true(gone.broadcast:emit "x")
    assert.same({ nil, "closed" }, { gone:join "other" })
    assert.same({ nil, "closed" }, { gone:leave "room" })
    assert.same({}, gone.rooms)
    assert.equal("x", gone.data.name)
    gone.data.name = "y"
    assert.equal("y", gone.data.name)
    assert.equal(gone, gone:disconnect())
    assert.equal(gone, gone:disconnect(true))
    assert.is_nil(gone.conn)
    gone:on("x", count_call):once("y", count_call):off("x")
    local answer
    serve.wait(function(done)
      answer = { gone:emit_with_ack "x" }
      answer[3], answer[4] = gone:timeout(1):emit_with_ack "x"
      done()
    end)
    assert.same({ nil, "disconnected", nil, "disconnected" }, answer)
    assert.equal(0, called)
  end)
end)

describe("an error that is a table", function()
  it("says its fields, in the log and to hooks, unless it has a text", test(function()
    local server = sio.server { serve_client = false }
    local app = test.start(server)
    server:use(function(socket)
      if socket.handshake.auth.late then error { code = 7 } end
    end)
    server:on_event("fail", function(_, strange)
      error(strange and setmetatable({}, { __tostring = function() return "strange" end })
        or { code = 5, why = { "a", "b" } })
    end)
    core.set_log_level "off"
    local client = app:client()
    client:emit "fail"
    client:emit("fail", true)
    app:client { auth = { late = true } }
    core.set_log_level "info"
    local told = app:errors()
    assert.matches('"code":5', told[1], 1, true)
    assert.matches('"why":["a","b"]', told[1], 1, true)
    assert.matches(": strange\n", told[2], 1, true)
    assert.matches('{"code":7}', told[3], 1, true)
  end))
end)
