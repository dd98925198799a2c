-- SPDX-License-Identifier: MIT
-- Questions about all sockets of a selection, and changes of all of them, in one process. Several
-- workers and what happens when one fails: spec/client/ask.test.mjs.

local remote = require "sio.remote"
local serve = require "support.serve"
local sio = require "sio"

local app
before_each(function() app = serve.open() end)
after_each(function() serve.close(app) end)

-- Runs fn(sockets) in the handler of the third client's "go"; what it returns.
local function with_three(fn)
  local sockets, result = {}, nil
  app:on("connection", function(socket)
    sockets[#sockets + 1] = socket
    socket:on("go", function()
      result = table.pack(fn(sockets))
      return true
    end)
  end)
  serve(app, [[
    await client();
    await client();
    const c = await client();
    await c.ask("go");
  ]])
  return table.unpack(result, 1, result.n)
end

local function ids(sockets)
  local list = {}
  for i, socket in ipairs(sockets) do list[i] = socket.id end
  table.sort(list)
  return list
end

describe("fetch_sockets", function()
  it("finds all sockets, which are the ones that handlers have", function()
    with_three(function(sockets)
      local found, err = app:fetch_sockets()
      assert.is_nil(err)
      assert.same(ids(sockets), ids(found))
      for _, socket in ipairs(found) do
        assert.is_true(socket == sockets[1] or socket == sockets[2] or socket == sockets[3])
      end
    end)
  end)

  it("finds those of a room, and not those of another", function()
    with_three(function(sockets)
      sockets[1]:join { "a", "b" }
      sockets[2]:join "a"
      sockets[3]:join "b"
      assert.same(ids { sockets[1], sockets[2] }, ids(app:to("a"):fetch_sockets()))
      assert.same({ sockets[2] }, (app:to("a"):except("b"):fetch_sockets()))
      assert.same({}, (app:to("nobody"):fetch_sockets()))
      assert.same({ sockets[3] }, (sockets[1]:except("a"):fetch_sockets()))
      assert.equal(2, #sockets[1].broadcast:fetch_sockets())
    end)
  end)
end)

describe("count and rooms", function()
  it("tell how many there are, and in which rooms", function()
    with_three(function(sockets)
      sockets[1]:join { "a", "b" }
      sockets[2]:join "a"
      assert.equal(3, app:count())
      assert.equal(2, app:to("a"):count())
      assert.equal(2, app.here:except(sockets[1].id):count())
      assert.same({ a = 2, b = 1 }, (app:rooms()))
      assert.same({ a = 1, b = 1 }, (app:to("b"):rooms()))
      assert.equal(0, app:of("elsewhere"):count())
    end)
  end)

  it("wait, so they are for handlers", function()
    for _, name in ipairs { "count", "rooms", "fetch_sockets" } do
      assert.error_matches(function() app[name](app) end,
        name .. " can only be called inside a handler or sio.spawn")
    end
    assert.error_matches(function() app:timeout(0) end, "more than 0 seconds expected")
    assert.error_matches(function() app:to("a"):timeout(5000) end, "seconds, not milliseconds")
  end)

  it("of a parent are those of its children", function()
    local parent = app:of "^/game%-(%d+)$"
    local seen
    local names = {}
    parent:on("connection", function(socket)
      socket:join "a"
      if socket.nsp.name == "/game-2" then
        seen = { parent:count(), parent:rooms(), parent:to("a"):sockets_join "b", parent:rooms() }
        for _, each in ipairs(parent:to("b"):fetch_sockets()) do names[each.nsp.name] = each end
        assert.equal(socket, names["/game-2"])
      end
    end)
    serve(app, [[
      await client({}, "/game-1");
      await client({}, "/game-2");
    ]])
    assert.same({ 2, { a = 2 }, true, { a = 2, b = 2 } }, { table.unpack(seen, 1, 4) })
    assert.is_table(names["/game-1"])
    assert.is_table(names["/game-2"])
  end)
end)

describe("changes of all sockets", function()
  it("take effect before the next line", function()
    with_three(function(sockets)
      sockets[1]:join { "a", "b" }
      sockets[2]:join "a"
      assert.is_true(app:sockets_join "all")
      assert.is_true(app:to("a"):sockets_join { "c", 7 })
      assert.same({ a = 2, b = 1, c = 2, all = 3, ["7"] = 2 }, (app:rooms()))
      assert.is_true(app:to("b"):sockets_leave { "a", "c", "all" })
      assert.is_true(app.here:sockets_leave "7")
      assert.same({ a = 1, b = 1, c = 1, all = 2 }, (app:rooms()))
      assert.is_true(app:sockets_leave(sockets[1].id)) -- nobody leaves his own
      assert.equal(1, app:to(sockets[1].id):count())
    end)
  end)

  it("disconnect", function()
    local reasons = {}
    with_three(function(sockets)
      for i, socket in ipairs(sockets) do
        socket:join(i < 3 and "a" or "b")
        socket:on("disconnect", function(reason) reasons[i] = reason end)
      end
      assert.is_true(app:to("a"):disconnect_sockets())
      assert.equal(1, app:count())
      assert.same({ b = 1 }, (app:rooms()))
      assert.is_nil((sockets[1]:join "too late"))
    end)
    assert.same("server namespace disconnect", reasons[1])
    assert.same("server namespace disconnect", reasons[2])
    assert.not_same("server namespace disconnect", reasons[3])
  end)

  it("say what is no room", function()
    for _, method in ipairs { "sockets_join", "sockets_leave" } do
      assert.error_matches(function() app[method](app, nil) end,
        "bad argument #1 to '" .. method .. "' %(room name or a list of them expected, got nil%)")
      assert.error_matches(function() app[method](app, { {} }) end, "got table")
    end
    assert.same({ nil, "too large" }, { app:sockets_join(("x"):rep(1025)) })
  end)

  it("and questions are answered by a server that is closed: it is closed", function()
    local seen
    sio.spawn(function()
      app:close()
      seen = { app:count(), app:sockets_join "a" }
      seen = { select(2, app:count()), select(2, app:sockets_join "a"),
        select(2, app:disconnect_sockets(true)) }
    end)
    assert.same({ "closed", "closed", "closed" }, seen)
  end)
end)

describe("a remote socket", function()
  it("is nothing but what its bytes say", function()
    assert.error_matches(function() remote.new(app, "garbage") end, "bytes of a socket expected")
    assert.error_matches(function() remote.new(app, "") end, "bytes of a socket expected")
  end)
end)
