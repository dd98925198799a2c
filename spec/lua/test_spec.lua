-- SPDX-License-Identifier: MIT
-- sio.test: what people test their applications with, tried on small applications.

local core = require "sio.core"
local sio = require "sio"
local test = require "sio.test"

-- A server that echoes, acknowledges, asks back.
local function echo_server(options)
  options = options or {}
  options.serve_client = false
  local server = sio.server(options)
  server:on("connection", function(socket)
    socket:on("echo", function(...) socket:emit("echo", ...) end)
    socket:on("ack", function(...)
      local args = table.pack(...)
      return table.unpack(args, 1, args.n - 1)
    end)
    socket:on("ask", function(x) return socket:emit_with_ack("question", x) end)
    socket:on("kick", function() socket:disconnect() end)
    socket:on("end", function() socket:disconnect(true) end)
    socket:on("silence", function() end)
  end)
  return server
end

-- Runs a test and gives its error.
local function failure_of(...)
  core.set_log_level "off"
  local passed, err = pcall(test(...))
  core.set_log_level "info"
  assert.is_false(passed)
  return err
end

describe("a test's client", function()
  it("sends events and waits for them", test(function()
    local app = test.start(echo_server())
    local a = app:client()
    assert.equal(20, #a.id)
    assert.is_true(a.connected)
    assert.is_true(a:emit("echo", 1, "ü", sio.null, {}, { a = { 2.5 } }))
    assert.is_true(a:emit("echo", "second"))
    assert.same({ 1, "ü", sio.null, {}, { a = { 2.5 } } }, a:wait "echo")
    assert.same({ "second" }, a:wait("echo", 1))
    assert.same({ nil, "timeout" }, { a:wait("echo", 0.01) })
    assert.same({}, (function() a:emit "echo" return a:wait "echo" end)())
  end))

  it("carries bytes both ways", test(function()
    local a = test.start(echo_server()):client()
    local bytes = sio.binary(("\0\255\n"):rep(50000))
    a:emit("echo", { file = bytes, list = { sio.binary "" } }, "x")
    local args = a:wait "echo"
    assert.is_true(args[1].file == bytes)
    assert.equal("", tostring(args[1].list[1]))
    assert.equal("x", args[2])
    assert.is_true(bytes == a:emit_with_ack("ack", bytes))
  end))

  it("carries every length of message", test(function()
    local a = test.start(echo_server()):client()
    for _, n in ipairs { 0, 1, 100, 116, 117, 118, 126, 127, 1000, 65525, 65526, 70000 } do
      local text = ("x"):rep(n)
      a:emit("echo", text)
      assert.equal(text, a:wait("echo")[1])
    end
  end))

  it("asks, and answers", test(function()
    local a = test.start(echo_server()):client()
    assert.equal("one", a:emit_with_ack("ack", "one", "two"))
    assert.equal(sio.null, a:emit_with_ack("ack", nil))
    assert.is_false(a:emit_with_ack("ack", false))
    a:on("question", function(x) return x * 2 end)
    assert.equal(42, a:emit_with_ack("ask", 21))
    a:off "question"
    local answer
    a:emit("ask", 5, function(...) answer = { ... } end)
    local args = a:wait "question"
    assert.equal(5, args[1])
    args[2] "later"
    assert.is_true(a:emit_with_ack("ack", true)) -- the answer was on its way before
    assert.same({ "later" }, answer)
  end))

  it("waits for an answer as long as it says", test(function()
    local a = test.start(echo_server()):client()
    assert.same({ nil, "timeout" }, { a:timeout(0.01):emit_with_ack "silence" })
    assert.equal(1, a:timeout(5):emit_with_ack("ack", 1))
    local seen = {}
    local function note(...) seen[#seen + 1] = { ... } end
    a:timeout(5):emit("ack", 1, note)
    a:emit_with_ack("ack", 1) -- answers come in order
    a:timeout(0.01):emit("silence", note)
    repeat sio.sleep(0.01) until #seen == 2
    a:timeout(5):emit("silence", note)
    a:disconnect()
    assert.same({ { nil, 1 }, { "timeout" }, { "disconnected" } }, seen)
    assert.same({ nil, "disconnected" }, { a:emit_with_ack "ack" })
    assert.same({ nil, "disconnected" }, { a:emit("ack", print) })
  end))

  it("shows who it is, and why it was refused", test(function()
    local server = echo_server { cookie = { name = "sio" } }
    server:use(function(socket)
      local h = socket.handshake
      if h.auth.token == "bad" then return nil, { message = "no", data = { code = 401 } } end
      if h.auth.token then assert(h.query.q == "ü & 1" and h.headers.cookie == "a=b") end
    end)
    server:of("/chat"):on("connection", function(socket) socket:emit("at", socket.nsp.name) end)
    server.engine:use(function(req) if req.query.bad then return nil, "go away" end end)
    local app = test.start(server)
    assert(app:client { auth = { token = "good" }, query = { q = "ü & 1" },
      headers = { Cookie = "a=b" } })
    local none, err = app:client { auth = { token = "bad" } }
    assert.is_nil(none)
    assert.equal("no", err.message)
    assert.same({ code = 401 }, err.data)
    assert.equal("no", tostring(err))
    assert.same({ "/chat" }, app:client({ namespace = "chat" }):wait "at")
    assert.equal("Invalid namespace", select(2, app:client { namespace = "/nope" }).message)
    none, err = app:client { query = { bad = 1 } }
    assert.is_nil(none)
    assert.equal(400, err.status)
    assert.error_matches(function() app:client { aut = {} } end, "unknown option 'aut' .*'auth'")
  end))

  it("learns that it was disconnected", test(function()
    local app = test.start(echo_server())
    local a, b, c = app:client(), app:client(), app:client()
    a:emit "kick"
    assert.same({ "io server disconnect" }, a:wait "disconnect")
    assert.is_false(a.connected)
    assert.is_nil(a.id)
    b:emit "end"
    local reason
    b:once("disconnect", function(why) reason = why end)
    assert.same({ nil, "disconnected" }, { b:wait "anything" })
    assert.equal("io server disconnect", reason)
    app:close()
    assert.same({ "transport close" }, c:wait "disconnect")
    assert.same({ nil, "disconnected" }, { c:wait "echo" })
  end))

  it("is lost and comes back to its session", test(function()
    local server = echo_server { connection_state_recovery = true }
    local app = test.start(server)
    local a, b = app:client(), app:client()
    a:emit("echo", 1)
    assert.same({ 1 }, a:wait "echo")
    assert.is_truthy(a.pid)
    local id, offset = a.id, a.offset
    assert.is_truthy(offset)
    local gone = core.job.ticket()
    server.sockets[id]:on("disconnect", function(reason) core.job.wake(gone, reason) end)
    a:drop()
    assert.is_false(a.connected)
    assert.equal("transport close", core.job.wait(gone))
    server:emit("news", "missed")
    assert.same({ "missed" }, b:wait "news")
    assert(a:reconnect())
    assert.is_true(a.recovered)
    assert.equal(id, a.id)
    assert.same({ "missed" }, a:wait "news")
    a:disconnect()
    assert(a:reconnect())
    assert.is_false(a.recovered)
    assert.not_equal(id, a.id)
    assert.error_matches(function() a:reconnect() end, "the client is connected")
  end))

  it("is told from a call with a dot", test(function()
    local a = test.start(echo_server()):client()
    assert.error_matches(function() a.emit("x", 1) end, "bad self to 'emit' .*with a colon")
    assert.error_matches(function() a:wait() end, "bad argument #1 to 'wait' %(string expected")
    assert.error_matches(function() a:wait("x", "1") end, "bad argument #2 to 'wait' %(seconds")
    assert.error_matches(function() a:timeout(5000) end, "seconds, not milliseconds")
    assert.error_matches(function() a:emit("x", print, 1) end, "argument 2: a function cannot")
  end))
end)

describe("a test's application", function()
  it("answers requests", test(function()
    local server = echo_server()
    server:get("/hello/:name", function(req)
      return { hello = req.params.name, agent = req.headers["user-agent"] }, 200,
        { ["Set-Cookie"] = { "a=1", "b=2" } }
    end)
    server:post("/sum", function(req) return tostring(req.json.a + req.json.b), 201 end)
    server:put("/raw", function(req) return req.body end)
    server:get("/pieces", function()
      return function(write) write "one" write "two" end
    end)
    local app = test.start(server)
    local answer = app:request("GET", "/hello/ann?x=1", { headers = { ["User-Agent"] = "me" } })
    assert.equal(200, answer.status)
    assert.same({ hello = "ann", agent = "me" }, answer.json)
    assert.same({ "a=1", "b=2" }, answer.headers["set-cookie"])
    assert.matches("^application/json", answer.headers["content-type"])
    answer = app:request("POST", "/sum", { json = { a = 1, b = 2 } })
    assert.equal(201, answer.status)
    assert.equal("3", answer.body)
    local long = ("0123456789"):rep(30000)
    assert.equal(long, app:request("PUT", "/raw", { body = long }).body)
    assert.equal("onetwo", app:request("GET", "/pieces").body)
    assert.equal("", app:request("HEAD", "/hello/x").body)
    assert.equal(404, app:request("GET", "/nowhere").status)
    assert.is_nil(app:request("GET", "/nowhere").json)
    app:close()
    assert.is_nil(app:request("GET", "/hello/x"))
  end))

  it("is a file that listens, or one that returns its server", test(function()
    local dir = os.tmpname()
    os.remove(dir)
    assert(os.execute("mkdir " .. dir))
    local function write(name, text)
      local file = assert(io.open(dir .. "/" .. name, "w"))
      file:write(text)
      file:close()
    end
    write("page.txt", "the page")
    write("app.lua", [[
      local sio = require "sio"
      local app = sio.server { serve_client = false }
      app:static("/", ".")
      app:get("/arg", function() return arg[0] end)
      app:on_start(function() started = true end)
      app:listen(3000)]])
    write("other.lua", "return require('sio').server { serve_client = false }")
    write("bad.lua", "\nerror 'no database'")
    write("waits.lua", "require('sio').sleep(1)")
    write("nothing.lua", "return 1")
    local before = arg
    local app = test.start(dir .. "/app.lua")
    assert.equal(before, arg)
    assert.not_equal(3000, app.port)
    assert.equal("the page", app:request("GET", "/page.txt").body)
    assert.is_true(_G.started)
    _G.started = nil
    assert(test.start(dir .. "/other.lua"):client())
    assert.error_matches(function() test.start(dir .. "/bad.lua") end, "no database")
    assert.error_matches(function() test.start(dir .. "/waits.lua") end,
      "sleep can only be called inside a handler")
    assert.error_matches(function() test.start(dir .. "/nothing.lua") end,
      "nothing.lua ended without app:listen")
    assert.error_matches(function() test.start(dir .. "/none.lua") end, "cannot read .*none.lua")
    assert.error_matches(function() test.start(1) end, "an app file or a server expected")
    os.execute("rm -r " .. dir)
  end))

  it("is not started outside a test", function()
    assert.error_matches(function() test.start "x.lua" end, "start is for inside a test")
    assert.error_matches(function() test {} end, "bad argument #1 to 'sio.test' %(function")
    assert.error_matches(function() test({ timeot = 1 }, print) end, "did you mean 'timeout'")
    assert.error_matches(function() test({ timeout = 5000 }, print) end, "not milliseconds")
  end)

  it("is tried by one test at a time", test(function()
    assert.error_matches(test(function() end), "there are no tests inside a test")
  end))

  it("speaks the default parser, to an engine no Socket.IO at all", test(function()
    local app = test.start(sio.server { parser = "msgpack", serve_client = false })
    assert.error_matches(function() app:client() end, "the default parser expected")
    local engine = test.start(sio.engine())
    assert.error_matches(function() engine:client() end, "the default parser expected")
    assert.equal(400, engine:request("GET", "/engine.io/?EIO=4").status)
  end))
end)

describe("a test that fails", function()
  local here = "^%.?/?spec/lua/test_spec%.lua:%d+: "

  it("has its own error, at its own line", function()
    assert.matches(here .. "boom", failure_of(function() error "boom" end))
    assert.matches(here .. "x", failure_of(function() sio.sleep(0) assert(nil, "x") end))
    assert.matches(here .. "Expected objects", tostring(failure_of(function()
      sio.sleep(0)
      assert.equal(1, 2)
    end)))
    local server = echo_server()
    server:use(function() return nil, "no entry" end)
    assert.matches(here .. "no entry", tostring(failure_of(function()
      assert(test.start(server):client())
    end)))
    local object = {}
    assert.equal(object, failure_of(function() error(object) end))
  end)

  it("says what it waited for when its time is over", function()
    local function late(pattern, fn)
      assert.matches(here .. "the test has not ended within 0.05 seconds" .. pattern,
        failure_of({ timeout = 0.05 }, fn))
    end
    late(', it waits for the event "nothing"$', function()
      test.start(echo_server()):client():wait "nothing"
    end)
    late(', it waits for the answer to "silence"$', function()
      test.start(echo_server()):client():emit_with_ack "silence"
    end)
    late("$", function() sio.sleep(1000) end)
    local server = echo_server()
    server:use(function() sio.sleep(1000) end)
    late(", it waits for the server's answer to CONNECT$", function()
      test.start(server):client()
    end)
    server = echo_server()
    server:get("/", function() sio.sleep(1000) end)
    late(", it waits for the answer to GET /$", function()
      test.start(server):request("GET", "/")
    end)
  end)

  it("is one in which a handler fails, unless it asks for that", function()
    local function body(looks)
      local server = echo_server()
      server:on("connection", function(socket)
        socket:on("bad", function() error "a slip" end)
      end)
      local app = test.start(server)
      local a = app:client()
      a:emit "bad"
      a:emit_with_ack("ack", 1)
      if looks then assert.matches('a handler of "bad" failed: .*a slip', app:errors()[1]) end
    end
    assert.matches("a slip", failure_of(function() body(false) end))
    core.set_log_level "off"
    test(function() body(true) end)()
    core.set_log_level "info"
  end)

  it("does not read on for ever", function()
    assert.matches("a client has 10000 events that nobody has waited for", failure_of(function()
      local server = echo_server()
      local app = test.start(server)
      local a = app:client()
      for i = 1, 10000 do server:emit("e", i) end
      assert.same({}, app:errors())
      server:emit("e", 10001)
      a:emit_with_ack("ack", 1)
      assert.same({ 1 }, a:wait "e")
    end))
  end)
end)

describe("after a test", function()
  it("everything is closed and nothing runs on", function()
    local server, client
    local ran, stopped, ticks = 0, nil, 0
    failure_of(function()
      server = echo_server()
      server:on_stop(function(reason) stopped = reason end)
      sio.every(0.001, function() ticks = ticks + 1 end)
      client = test.start(server):client()
      sio.sleep(0.01)
      sio.after(0.1, function() ran = ran + 1 end)
      sio.spawn(function()
        sio.sleep(0.1)
        ran = ran + 1
      end)
      error "enough"
    end)
    assert.is_true(ticks > 0)
    local before = ticks
    assert.equal("closed", stopped)
    assert.is_true(server._closed)
    assert.is_false(client.connected)
    test(function() sio.sleep(0.15) end)()
    assert.equal(0, ran)
    assert.equal(before, ticks)
  end)

  it("a body that still waits does not go on", function()
    local went_on = false
    failure_of({ timeout = 0.02 }, function()
      test.start(echo_server()):client():wait "nothing"
      went_on = true
    end)
    test(function() sio.sleep(0.01) end)()
    assert.is_false(went_on)
  end)
end)
