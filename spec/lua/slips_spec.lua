-- SPDX-License-Identifier: MIT
-- The usual slips, and that each is told at the line where it was made: a dot for the colon,
-- milliseconds, JavaScript's names, values that cannot be sent.

local sio = require "sio"
local test = require "sio.test"

-- The error of fn, which must name this file's line.
local function slip(fn, ...)
  local ran, err = pcall(fn, ...)
  assert.is_false(ran)
  assert.matches("slips_spec%.lua:%d+: ", err)
  return err
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

  it("with a name of JavaScript's is told ours", with_socket(function(socket)
    local app = sio.server { serve_client = false }
    for name, object in pairs {
      emitWithAck = socket, onAny = socket, onEvent = app, onStart = app,
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

  it("with a value that cannot be sent is told where in the arguments it is", function()
    local app = sio.server { serve_client = false }
    for text, value in pairs {
      ["argument 2.a[1]: a function cannot be encoded"] = { a = { print } },
      ["argument 2: a thread cannot be encoded"] = coroutine.create(print),
      ["argument 2.x: string is not valid UTF-8 (use sio.binary for bytes)"] = { x = "\xff" },
      ["argument 2: a userdata cannot be encoded"] = io.stdout,
    } do
      assert.matches(text, slip(function() app:emit("x", value) end), 1, true)
    end
    local cycle = {}
    cycle.t = cycle
    assert.matches("nesting too deep %(cycle%?%)", slip(function() app:emit("x", cycle) end))
  end)
end)
