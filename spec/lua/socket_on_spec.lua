-- SPDX-License-Identifier: MIT
-- socket:on, whose first listener of an event C adds and whose others Lua does: both alike.

local serve = require "support.serve"

describe("socket:on", function()
  local app, socket
  local function first() end
  local function second() end

  before_each(function()
    app = serve.open { serve_client = false }
    app:on("connection", function(s) socket = s end)
    serve(app, "await client();")
  end)
  after_each(function() serve.close(app) end)

  it("adds listeners in their order", function()
    assert.equal(socket, socket:on("a", first))
    assert.equal(socket, socket:on("a", second))
    socket:on("b", first):on("c", first)
    assert.same({ first, second }, socket:listeners "a")
    assert.same({ first }, socket:listeners "b")
    assert.same({ "a", "b", "c" }, socket:event_names())
  end)

  it("adds them anew when all are gone", function()
    socket:on("a", first):off "a"
    assert.same({}, socket:event_names())
    socket:on("a", second)
    assert.same({ second }, socket:listeners "a")
  end)

  it("adds one behind one that is for once", function()
    socket:once("a", first):on("a", second)
    assert.same({ first, second }, socket:listeners "a")
  end)

  it("says what is wrong", function()
    local function wrong(want, ...)
      local ok, err = pcall(socket.on, ...)
      assert.is_false(ok)
      assert.matches(want, err, 1, true)
    end
    wrong("event name expected, got number", socket, 1, first)
    wrong("event name expected, got function); methods are called with a colon", socket, first)
    wrong("function expected, got nil", socket, "a")
    wrong("function expected, got table", socket, "a", {})
    wrong('a socket has no event "connection"', socket, "connection", first)
    wrong("methods are called with a colon", "a", first)
    assert.same({}, socket:event_names())
  end)

  it("does no harm to one that has gone", function()
    socket:disconnect()
    assert.equal(socket, socket:on("a", first))
    assert.same({ first }, socket:listeners "a")
  end)
end)
