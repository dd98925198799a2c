-- SPDX-License-Identifier: MIT
-- Flags of an emit to one socket: each is a value of its own, and what it says goes with it.

local broadcast = require "sio.broadcast"
local core = require "sio.core"
local serve = require "support.serve"

describe("an operator of a socket", function()
  local app
  before_each(function() app = serve.open() end)
  after_each(function() serve.close(app) end)

  -- Runs fn(socket) in a connection handler.
  local function with_socket(fn)
    local ran, err
    app:on("connection", function(socket) ran, err = pcall(fn, socket) end)
    serve(app, [[ await client(); ]])
    assert(ran, err)
  end

  it("does not change when another is made of it, nor does the socket", function()
    with_socket(function(socket)
      local volatile = socket.volatile
      local both = volatile:compress(false)
      local timed = both:timeout(5)
      assert.equal(core.VOLATILE, volatile._flags)
      assert.equal(core.VOLATILE | core.PLAIN, both._flags)
      assert.same({ both._flags, nil }, { both._flags, both._seconds })
      assert.same({ both._flags, 5 }, { timed._flags, timed._seconds })
      assert.equal(core.VOLATILE, timed:compress(true)._flags)
      assert.is_true(socket:emit "plain")
    end)
  end)

  it("hands its flags on to broadcasts, which leave the socket out", function()
    with_socket(function(socket)
      local flagged = socket.volatile:compress(false):timeout(5)
      for _, others in ipairs {
        flagged.broadcast, flagged:to "room", flagged:except "room", flagged.here,
      } do
        local _, _, except, flags, seconds = broadcast.fields(others)
        assert.equal(core.VOLATILE | core.PLAIN, flags & ~core.HERE)
        assert.equal(5, seconds)
        assert.equal(socket.id, type(except) == "table" and except[1] or except)
      end
      assert.equal(core.HERE, (select(4, broadcast.fields(socket.here))))
      assert.equal("room", (select(2, broadcast.fields(flagged:to "room"))))
    end)
  end)

  it("is what calling a property gives, too", function()
    with_socket(function(socket)
      assert.equal(core.VOLATILE, socket.volatile()._flags)
      assert.equal(core.VOLATILE, socket:volatile()._flags)
      assert.is_true(socket:broadcast():emit "e")
    end)
  end)

  it("says what it cannot be", function()
    with_socket(function(socket)
      assert.error_matches(function() socket:compress "yes" end, "boolean expected, got string")
      for _, seconds in ipairs { 0, -1, "5", 0 / 0 } do
        assert.error_matches(function() socket:timeout(seconds) end, "timeout")
      end
      assert.error_matches(function() socket:timeout(5000) end, "seconds, not milliseconds?")
      assert.error_matches(function() socket:to {} end, "an empty list")
      assert.error_matches(function() socket:to(print) end, "room name or a list of them expected")
    end)
  end)

  it("of a socket that has gone does nothing, but tells who waits", function()
    local told = {}
    local function tell(...) told[#told + 1] = { ... } end
    app:on_event("disconnecting", function(socket) -- it is on its way
      socket:timeout(1):emit("e", tell)
      socket:emit("e", tell)
    end)
    with_socket(function(socket)
      socket:disconnect()
      assert.is_true(socket.volatile:emit "e")
      assert.is_true(socket:compress(false):emit "e")
      assert.same({ nil, "disconnected" }, { socket:timeout(1):emit_with_ack "e" })
      assert.is_true(socket:timeout(1):emit("e", tell))
      assert.is_true(socket:emit("e", tell))
    end)
    assert.same({ { "disconnected" }, { "disconnected" } }, told)
  end)
end)
