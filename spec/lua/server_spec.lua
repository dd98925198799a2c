-- SPDX-License-Identifier: MIT
-- The server as an object: what it answers to misuse, namespaces, hooks, its end.

local broadcast = require "sio.broadcast"
local core = require "sio.core"
local serve = require "support.serve"
local sio = require "sio"

describe("a server", function()
  local app
  before_each(function() app = sio.server { serve_client = false } end)
  after_each(function()
    serve.close(app)
    app = nil
  end)

  it("knows that it hides Lua's io library", function()
    for _, name in ipairs { "open", "write", "read", "lines", "stderr", "popen" } do
      assert.error_matches(function() return app[name] end,
        name .. ": this is the Socket%.IO server; Lua's io library is hidden by your local `io`")
    end
    assert.is_nil(app.something_else)
  end)

  it("stands for its namespace /", function()
    for _, name in ipairs {
      "use", "on", "once", "off", "to", "except", "emit", "send", "compress",
    } do
      assert.is_function(app[name])
    end
    local function any() end
    assert.equal(app, app:use(any))
    assert.equal(any, app:of("/")._uses[1])
    assert.equal(app, app:on("connection", any))
    assert.equal(any, app:of("/")._on.connection)
    assert.same({}, app.sockets)
    assert.equal(app:of "/", (broadcast.fields(app:to "room")))
  end)

  it("has namespaces by name", function()
    assert.equal(app:of "chat", app:of "/chat")
    assert.equal("/chat", app:of("chat").name)
    assert.equal(app:of "/", app:of "")
    assert.equal(app, app:of("chat").server)
    assert.error_matches(function() app:of(1) end, "string expected, got number")
    for _, name in ipairs { "a,b", "a?b" } do
      assert.error_matches(function() app:of(name) end, "no client can name that")
    end
    assert.error_matches(function() app:of(("x"):rep(2000)) end, "at most 1024 bytes")
  end)

  it("says that events of clients are a socket's", function()
    for _, name in ipairs { "disconnect", "disconnecting", "error" } do
      assert.error_matches(function() app:on(name, print) end,
        'a namespace has the event "connection" and those of server_side_emit, not "' .. name)
    end
    assert.error_matches(function() app:on "connection" end, "function expected, got nil")
    assert.error_matches(function() app:on(nil, print) end, "server_side_emit, not nil")
  end)

  it("asks many, and hears nothing of nobody", function()
    local heard = {}
    serve.wait(function(done)
      heard.answers, heard.err = app:to("nobody"):timeout(60):emit_with_ack("q", 1)
      heard.sent = app:emit("q", function(err, answers)
        heard.called = { err = err, n = #answers }
      end)
      heard.servers = app:server_side_emit_with_ack("q")
      heard.told = app:server_side_emit("q", { 1 })
      done()
    end)
    assert.same({ answers = {}, sent = true, called = { n = 0 }, servers = {}, told = true }, heard)
    assert.error_matches(function() app:emit_with_ack("q") end,
      "emit_with_ack can only be called inside a handler")
    assert.error_matches(function() app:server_side_emit_with_ack("q") end,
      "server_side_emit_with_ack can only be called inside a handler")
    assert.error_matches(function() app:emit("q", print, 1) end, "argument 2: ")
    assert.error_matches(function() app:to("r"):emit("disconnect", print) end, "reserved event")
  end)

  it("keeps its own events from other servers", function()
    for _, name in ipairs { "connect", "connection", "new_namespace" } do
      assert.error_matches(function() app:server_side_emit(name) end,
        '"' .. name .. '" is an event of this worker')
    end
    assert.error_matches(function() app:server_side_emit(7) end, "string expected, got number")
    assert.error_matches(function() app:server_side_emit("e", { print }) end, "argument 2%[1%]")
  end)

  it("refuses what cannot be emitted, at the caller's line", function()
    local function refuses(pattern, ...)
      local args = table.pack(...)
      local ok, err = pcall(function() app:emit(table.unpack(args, 1, args.n)) end)
      assert.is_false(ok)
      assert.matches("server_spec%.lua:%d+: " .. pattern, err)
    end
    refuses("argument 1: event name expected, got number", 1)
    refuses("argument 1: event name expected, got no value")
    for _, name in ipairs {
      "connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener",
    } do
      refuses(('"%s" is a reserved event name'):format(name), name)
    end
    refuses("argument 2: string is not valid UTF%-8 %(use sio%.binary for bytes%)", "x", "\xff")
    refuses("argument 3%.a%[2%]: a function cannot be encoded", "x", 1, { a = { 1, print } })
    refuses("argument 2: a function cannot be encoded", "x", print, 1)
    local many = {}
    for i = 1, 11 do many[i] = sio.binary "x" end
    refuses("argument 2%[11%]: more than 10 binary attachments", "x", many)
    assert.is_true(app:emit("x", nil, sio.null, {}, sio.binary "b"))
  end)

  it("raises for an event that is too large", function()
    core.set_log_level "off"
    assert.error_matches(function() app:emit("x", ("y"):rep(64 * 1024 * 1024)) end,
      "the event is too large to be sent")
    core.set_log_level "info"
  end)

  it("has operators that do not change", function()
    local a = app:to "a"
    local ab = a:to "b"
    local root = app:of "/"
    assert.same({ root, "a", nil, 0, nil }, { broadcast.fields(a) })
    assert.same({ root, { "a", "b" }, nil, 0, nil }, { broadcast.fields(ab) })
    assert.same({ "x", "7" }, (select(3, broadcast.fields(app:except { "x", 7 }))))
    assert.equal(core.VOLATILE, (select(4, broadcast.fields(app.volatile))))
    assert.equal(core.VOLATILE | core.HERE, (select(4, broadcast.fields(app.volatile.here))))
    assert.equal(core.HERE, (select(4, broadcast.fields(app.here()))))
    assert.is_true(app.here:to("a"):except("b").volatile:emit("x", 1))
    assert.is_true(app.broadcast():emit "x")
    assert.error_matches(function() app:to() end, "room name or a list of them expected, got nil")
    assert.error_matches(function() app:to {} end, "a list of them expected, got an empty list")
    assert.error_matches(function() app:except { a = 1 } end, "got a table that is no list")
    assert.same({ "b" }, (select(3, broadcast.fields(a:except({ "b" }):except {}))))
    assert.error_matches(function() a:except { true } end, "got boolean")
  end)

  it("has operators for one room that keep what they are made from", function()
    local chat = app:of "/chat"
    for _, room in ipairs { "a", "b" } do -- the first makes what the second is made from
      assert.same({ chat, room, nil, 0, nil }, { broadcast.fields(chat:to(room)) })
    end
    local narrow = app:except("x"):timeout(2).volatile
    assert.same({ app:of "/", "a", "x", core.VOLATILE, 2 }, { broadcast.fields(narrow:to "a") })
    assert.equal("7", (select(2, broadcast.fields(app:to(7)))))
  end)

  it("does not take anything else for an operator", function()
    local odd = app:of "/odd"
    odd[broadcast.EVERYBODY] = io.stdout
    assert.error_matches(function() odd:to "a" end, "sio.Broadcast expected")
    local copy = setmetatable({}, getmetatable(app:to "a"))
    assert.error_matches(function() copy:to "a" end, "sio.Broadcast expected")
    assert.error_matches(function() copy:emit "x" end, "sio.Broadcast expected")
  end)

  it("is told from a call with a dot, at the caller's line", function()
    for _, method in ipairs { "on", "once", "off", "of", "use", "to", "except", "static", "get",
      "on_start", "listen", "close" } do
      local _, err = pcall(function() app[method]("connection", print) end)
      assert.matches("server_spec.lua:%d+: bad self to '" .. method .. "' .*with a colon", err)
    end
  end)

  it("can listen once", function()
    app._listening = true
    assert.error_matches(function() app:listen(3000) end, "listen was called before")
    app._listening = nil
    for _, bad in ipairs { "x:y", "localhost", -1, 70000, 1.5, true, { port = "3000" },
      { prot = 3000 } } do
      assert.error_matches(function() app:listen(bad) end, "bad argument #1 to 'listen'")
    end
    app._listening = nil
  end)

  it("closes before it ever listened, and says when that is done", function()
    local other, order = sio.server(), {}
    other:on_stop(function(reason) order[#order + 1] = "hook " .. reason end)
    serve.wait(function(done)
      other:close(function()
        order[#order + 1] = "closed"
        other:close(function() -- again, of what is closed already
          order[#order + 1] = "still closed"
          done()
        end)
      end)
      other:close()
    end)
    assert.same({ "hook closed", "closed", "still closed" }, order)
    assert.error_matches(function() other:listen(0) end, "server was closed: make a new one")
    assert.error_matches(function() other:close(1) end, "bad argument #1 to 'close'")
  end)

  it("has brothers in the same process, each with what is its own", function()
    local other = sio.server()
    other:get("/who", function() return "the other" end)
    app:get("/who", function() return "the one" end)
    local ask = [[ return await (await fetch(url + "/who")).text(); ]]
    assert.equal("the one", serve(app, ask))
    assert.equal("the other", serve(other, ask))
    serve.close(other)
    assert.equal("the one", serve(app, ask))
    local third = sio.server()
    third:get("/who", function() return "the third" end)
    assert.equal("the third", serve(third, ask))
    serve.close(third)
  end)

  it("listens with several at once, or with none", function()
    local one, two = sio.server(), sio.server()
    local fd, port = assert(core.process.listen_tcp("127.0.0.1", 0))
    assert.error_matches(function()
      sio.listen({ one, "127.0.0.1:0" }, { two, { host = "127.0.0.1", port = port } })
    end, "cannot listen on 127%.0%.0%.1 port " .. port)
    assert.is_nil(one._listening)
    assert.error_matches(function() sio.listen() end, "bad argument #1 to 'sio.listen'")
    assert.error_matches(function() sio.listen({ one, 0 }, { 3000 }) end,
      "bad argument #2 to 'sio.listen' %({ server, address } expected%)")
    assert.error_matches(function() sio.listen({ one, "x:y" }) end, "bad argument #1 to 'listen'")
    core.process.close(fd)
    serve.close(one)
    serve.close(two)
  end)

  it("says which address it cannot have", function()
    local fd, port = assert(core.process.listen_tcp("127.0.0.1", 0))
    local other = sio.server { serve_client = false }
    for _ = 1, 2 do -- it may be tried again
      assert.error_matches(function() other:listen { host = "127.0.0.1", port = port } end,
        "cannot listen on 127%.0%.0%.1 port " .. port .. ": [Aa]ddress already in use")
    end
    core.process.close(fd)
    serve.close(other)
  end)

  it("has the browser client, unless it shall not", function()
    local snippet = [[ return (await fetch(url + "/socket.io/socket.io.js")).status; ]]
    assert.equal(404, serve(app, snippet))
    serve.close(app)
    app = sio.server()
    assert.equal(200, serve(app, snippet))
  end)

  it("runs its stop hooks, last first, and then is closed", function()
    local seen = {}
    app:on_stop(function(reason) seen[#seen + 1] = "first " .. reason end)
    core.set_log_level "off"
    app:on_stop(function() error "ignored" end)
    app:on_stop(function()
      sio.sleep(0.01)
      seen[#seen + 1] = "last"
    end)
    serve.close(app)
    core.set_log_level "info"
    assert.same({ "last", "first closed" }, seen)
    assert.equal("closed", select(2, app:emit "x"))
    assert.equal(0, app.engine.clients_count)
    assert.same({}, app.sockets)
    app = nil
  end)

  it("waits for its own handlers only", function()
    local other, ticket = serve.open(), core.job.ticket()
    local mine, others = core.handlers(app), core.handlers(other)
    other:get("/wait", function() core.job.wait(ticket) end)
    other:get("/count", function() return tostring(others()) end)
    serve(other, [[
      fetch(url + "/wait").catch(() => null);
      while (await (await fetch(url + "/count")).text() !== "2");
    ]])
    assert.same({ 0, 1 }, { mine(), others() })
    serve.close(app)
    assert.equal(1, others())
    core.job.wake(ticket)
    serve.close(other)
    assert.same({ 0, 0 }, { mine(), others() })
    app = nil
  end)

  it("does not close twice", function()
    app:close()
    app:close()
  end)
end)

describe("sio", function()
  it("has a version and a worker", function()
    assert.equal("0.1.0", sio._VERSION)
    local worker = sio.worker()
    assert.equal(1, worker.id)
    assert.equal(core.process.pid(), worker.pid)
  end)

  it("refuses arguments of the wrong type at the caller's line", function()
    for pattern, call in pairs {
      ["'sio%.after' %(seconds expected"] = function() sio.after("1", print) end,
      ["'sio%.after' %(function expected, got nil"] = function() sio.after(1) end,
      ["'sio%.every' %(seconds expected, got %-1"] = function() sio.every(-1, print) end,
      ["bad argument #1 to 'sio%.after' %(seconds expected, got inf"] =
        function() sio.after(math.huge, print) end,
      ["bad argument #1 to 'sio%.every' %(more than 0"] =
        function() sio.every(0, print) end,
      ["bad argument #1 to 'sio%.binary' %(string expected, got number"] =
        function() sio.binary(1) end,
      ["bad argument #1 to 'sio%.json%.decode' %(string expected, got nil"] =
        function() sio.json.decode() end,
      ["'sio%.spawn' %(function expected"] = function() sio.spawn(1) end,
      ["'sio%.object' %(table expected"] = function() sio.object(1) end,
      ["'sio%.array' %(table expected"] = function() sio.array() end,
      ["sio%.sleep can only be called inside a handler or sio%.spawn"] = function()
        sio.sleep(1)
      end,
    } do
      -- error_matches would take the position off
      assert.matches("server_spec.lua:%d+: .*" .. pattern, select(2, pcall(call)))
    end
  end)
end)
