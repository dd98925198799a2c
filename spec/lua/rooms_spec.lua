-- SPDX-License-Identifier: MIT
-- Joining and leaving at odd times and in all forms; what rooms are for is in socket_spec.lua.

local serve = require "support.serve"

local app
before_each(function() app = serve.open() end)
after_each(function() serve.close(app) end)

local function rest(list) return { table.unpack(list, 2) } end

describe("a socket's rooms", function()
  it("are joined and left one by one or as a list, by name or by number", function()
    local seen = {}
    app:on("connection", function(socket)
      assert.is_true(socket:join "a")
      assert.is_true(socket:join { "b", 7, "a" })
      assert.is_true(socket:join {})
      seen[1] = rest(socket.rooms)
      assert.is_true(socket:leave { "a", "never there" })
      seen[2] = rest(socket.rooms)
      assert.is_true(socket:leave(7))
      seen[3] = rest(socket.rooms)
      assert.is_true(socket:leave(socket.id)) -- it stays in its own
      seen[4] = socket.rooms[1] == socket.id
    end)
    serve(app, [[ await client(); ]])
    assert.same({ "a", "b", "7" }, seen[1])
    table.sort(seen[2])
    assert.same({ { "7", "b" }, { "b" }, true }, { seen[2], seen[3], seen[4] })
  end)

  it("are kept from a middleware, and forgotten when it refuses", function()
    local refused
    app:use(function(socket)
      socket:join "early"
      if socket.handshake.auth.refuse then
        refused = socket
        return nil, "nope"
      end
    end)
    app:on_event("call", function(socket)
      assert.is_true(#socket.rooms == 2)
      app:to "early":emit "called"
      return #refused.rooms, select(2, refused:join "late"), refused.disconnected, (app:rooms())
    end)
    local got = serve(app, [[
      const out = await client({ refuse: true });
      const c = await client();
      const answer = await c.ask("call");
      await c.next("called");
      return { error: out.error.message, answer, events: out.events };
    ]])
    assert.same({ error = "nope", answer = { 0, "closed", true, { early = 1 } }, events = {} }, got)
  end)

  it("are none after the disconnect, and none can be joined", function()
    local seen = {}
    app:on("connection", function(socket)
      socket:join "room"
      socket:disconnect()
      seen = { socket.rooms, table.pack(socket:join "room"), table.pack(socket:leave "room") }
    end)
    app:get("/rooms", function() return { rooms = (app:rooms()) } end)
    local rooms = serve(app, [[
      await (await client()).next("disconnect");
      return (await request("/rooms")).body;
    ]])
    local closed = { n = 2, nil, "closed" }
    assert.same({ {}, closed, closed }, seen)
    assert.matches('^{"rooms":[%[{][%]}]}$', rooms)
  end)
end)
