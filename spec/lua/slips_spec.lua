-- SPDX-License-Identifier: MIT
-- The usual slips, and that each is told at the line where it was made: a dot for the colon,
-- milliseconds, JavaScript's names, values that cannot be sent.

local core = require "sio.core"
local remote = require "sio.remote"
local sio = require "sio"
local test = require "sio.test"

-- The error of fn, which must name this file's line.
local function slip(fn, ...)
  local ran, err = pcall(fn, ...)
  assert.is_false(ran)
  assert.matches("slips_spec%.lua:%d+: ", err)
  return err
end

-- A socket of another worker, by what that would have said of it.
local function remote_of(app)
  return remote.new(app, string.pack("<s4s4s4s4s4I8I1I4", "id", "", "", "", "", 0, 0, 0))
end

-- What each object has, with an object.
local function objects(socket)
  local app = sio.server { serve_client = false }
  return {
    ["sio.Server"] = { app, "on once off of use to except emit listen close on_start static get" },
    ["sio.Namespace"] = { app:of "/x",
      "on once off use to except compress emit on_event off_event send" },
    ["sio.Parent"] = { app:of "^/y", "on once off use to emit on_event" },
    ["sio.Broadcast"] = { app:to "x", "to except compress emit" },
    ["sio.Socket"] = { socket, "on once off on_any off_any use timeout to except join leave " ..
      "compress emit emit_with_ack disconnect" },
    ["sio.Single"] = { socket:timeout(1), "to except timeout compress emit emit_with_ack" },
    ["sio.RemoteSocket"] = { remote_of(app), "emit emit_with_ack timeout join leave disconnect" },
    ["sio.RemoteTimeout"] = { remote_of(app):timeout(1), "emit emit_with_ack" },
    ["sio.Session"] = { socket.conn, "on once off" },
    ["sio.Engine"] = { sio.engine(), "on once off use listen close" },
    ["sio.log"] = { app.log, "debug info warn error" },
  }
end

-- A socket, in a test.
local function with_socket(fn)
  return test(function()
    local server = sio.server { serve_client = false }
    local app = test.start(server)
    local client = app:client()
    fn(server.sockets[client.id])
  end)
end

describe("a slip", function()
  it("with a dot for the colon is told by every method", with_socket(function(socket)
    for class, object in pairs(objects(socket)) do
      for method in object[2]:gmatch "%S+" do
        local err = slip(function() object[1][method]("connection", print) end)
        assert.matches("bad self.*methods are called with a colon", err, 1, false,
          class .. "." .. method)
      end
    end
  end))

  it("with an object of people's own, whatever it is made of, is told", with_socket(function(socket)
    local others = { io.stdout, socket.nsp[1], socket.conn[1], 7, "x", print }
    for _, handle in ipairs(others) do
      local err = slip(function() socket.emit({ handle }, "x") end)
      assert.matches("bad self (sio.socket expected", err, 1, true)
    end
    assert.is_true(socket.emit({ socket[1] }, "x")) -- no slip
  end))

  it("with a name of JavaScript's is told ours", with_socket(function(socket)
    local app = sio.server { serve_client = false }
    for name, object in pairs {
      emitWithAck = socket, onAny = socket, onEvent = app, onStart = app,
      serverSideEmit = app:of "/x",
    } do
      local ours = name:gsub("%u", function(c) return "_" .. c:lower() end)
      assert.matches(name .. ": here it is called " .. ours .. "$",
        slip(function() return object[name] end))
    end
    slip(function() return app:of("/x").onEvent end)
    assert.is_nil(socket.myOwn)
    assert.is_nil(socket.anything)
    assert.is_nil(app.Mine)
  end))

  it("with what is a Set or a Map there is told what it is here", with_socket(function(socket)
    local app = sio.server { serve_client = false }
    socket:join "lobby"
    assert.same({ socket.id, "lobby" }, socket.rooms)
    assert.equal('["' .. socket.id .. '","lobby"]', sio.json.encode(socket.rooms))
    assert.matches("has: rooms is a list", slip(function() return (socket.rooms.has "x") end))
    assert.matches("size: rooms is a list", slip(function() local _ = socket.rooms.size end))
    for _, name in ipairs { "emit", "get", "sockets" } do
      assert.matches(name .. ": sockets is a table by id",
        slip(function() return (app.sockets[name]("x")) end))
    end
    assert.is_nil(app.sockets.nobody)
  end))

  it("with names of Node's is told ours", with_socket(function(socket)
    local app = sio.server { serve_client = false }
    for theirs, object in pairs {
      clientsCount = app.engine, removeListener = socket, removeAllListeners = app:of "/x",
      allSockets = app:to "x", addListener = app, ["in"] = socket, ["local"] = app,
    } do
      assert.matches("^[^:]*:%d+: " .. theirs .. ": here it is called ",
        slip(function() local _ = object[theirs] end))
    end
    assert.matches("sio.server { ... } makes one", slip(function() sio.Server() end), 1, true)
    assert.matches("a port is for listen", slip(function() local _ = sio.server(3000) end))
    assert.matches("a pattern begins with ^, without slashes around it",
      slip(function() local _ = app:of "/^\\/game-\\d+$/" end), 1, true)
  end))

  it("with several rooms that are no list is told", with_socket(function(socket)
    local app = sio.server { serve_client = false }
    for _, fn in ipairs {
      function() local _ = app:to("a", "b") end,
      function() local _ = app:to("a", nil) end, -- a name that is not there
      function() local _ = app:to("a"):except("a", "b") end,
      function() local _ = socket:to("a", "b") end,
      function() local _ = socket.volatile:except("a", nil) end,
      function() local _ = socket:join("a", "b") end,
      function() local _ = socket:join("a", nil) end,
      function() local _ = socket:leave("a", print) end,
      function() local _ = app:sockets_join("a", "b") end,
    } do
      assert.matches("nothing expected, got %a+[ ;(]+several rooms are a list", slip(fn))
    end
    assert.matches("a table that is no list", slip(function() local _ = socket:join { a = 1 } end))
  end))

  it("with an event that a socket does not have is told", with_socket(function(socket)
    for _, event in ipairs { "connection", "connect", "connect_error" } do
      for _, method in ipairs { "on", "once" } do
        assert.matches('a socket has no event "' .. event .. '"',
          slip(function() socket[method](socket, event, print) end))
      end
    end
  end))

  it("with a property that is set is told", with_socket(function(socket)
    for _, name in ipairs { "rooms", "connected", "recovered", "conn", "broadcast" } do
      assert.matches(name .. ": it can be read, not set",
        slip(function() socket[name] = {} end))
    end
    socket.mine = 1
    assert.equal(1, socket.mine)
  end))

  it("with `next` or `res` is told in the log, and nobody is let in by it", test(function()
    local server = sio.server { serve_client = false }
    local app = test.start(server)
    core.set_log_level "off"
    server:use(function(socket, go_on) if socket then go_on() end end)
    server:get("/", function(_, res) res.send "hello" end)
    local _, err = app:client()
    assert.equal("internal error", err.message)
    assert.equal(500, app:request("GET", "/").status)
    server.engine:use(function(_, _, go_on) go_on() end)
    assert.equal(400, app:request("GET", "/socket.io/?EIO=4&transport=polling").status)
    core.set_log_level "info"
    local told = app:errors()
    assert.matches("next: there is none", told[1])
    assert.matches("res.send: there is no response object", told[2])
    assert.matches("next: there is none", told[3])
  end))

  it("with milliseconds is told by every option that is a time", function()
    local seen = 0
    for _, group in ipairs { "engine", "hooks", "http", "limits", "socket" } do
      for name, option in pairs(require("sio.options." .. group).known) do
        local is_time = name:find "_timeout$" or name:find "_interval$"
        if is_time and option[1] == "number" then
          seen = seen + 1
          assert.matches("option '" .. name .. "': 20000 seconds are more than an hour: " ..
            "seconds, not milliseconds%?", slip(sio.server, { [name] = 20000 }))
        end
      end
    end
    assert.is_true(seen >= 10)
    assert.matches("120000 seconds are more than 24 hours: seconds, not milliseconds%?",
      slip(sio.server, { connection_state_recovery = { max_disconnection_duration = 120000 } }))
  end)

  it("with an option's name is told the nearest", function()
    for given, meant in pairs {
      pingInterval = "ping_interval", maxHttpBufferSize = "max_http_buffer_size",
      connectionStateRecovery = "connection_state_recovery", corss = "cors",
      maxDisconnectionDuration = "connection_state_recovery.max_disconnection_duration",
    } do
      assert.matches(("unknown option '%s' (did you mean '%s'?)"):format(given, meant),
        slip(sio.server, { [given] = 1 }), 1, true)
    end
    assert.matches("table of options expected, got number", slip(sio.server, 3000))
  end)

  it("with a value that cannot be sent is told where it is", with_socket(function(socket)
    local app = sio.server { serve_client = false }
    for text, value in pairs {
      ["argument 2.a[1]: a function cannot be encoded"] = { a = { print } },
      ["argument 2: a thread cannot be encoded"] = coroutine.create(print),
      ["argument 2.x: string is not valid UTF-8 (use sio.binary for bytes)"] = { x = "\xff" },
      ["argument 2: a FILE* cannot be encoded"] = io.stdout,
      ["argument 2.from[1]: a sio.socket cannot be encoded"] = { from = socket },
      ["argument 2[1]: a sio.app cannot be encoded"] = app,
    } do
      assert.matches(text, slip(function() app:emit("x", value) end), 1, true)
    end
    local cycle = {}
    cycle.t = cycle
    assert.matches("nesting too deep %(cycle%?%)", slip(function() app:emit("x", cycle) end))
  end))
end)
