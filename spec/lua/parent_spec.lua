-- SPDX-License-Identifier: MIT
-- Parents and their children as objects, without clients: what of takes, what a child keeps, and
-- what is left of one.

local core = require "sio.core"
local serve = require "support.serve"
local sio = require "sio"

describe("a parent", function()
  local app
  before_each(function() app = sio.server { serve_client = false } end)
  after_each(function()
    serve.close(app)
    app = nil
  end)

  local function next_tick()
    serve.wait(function(done)
      sio.sleep(0.001)
      done()
    end)
  end

  local function handles()
    collectgarbage()
    return (core.handle_count())
  end

  it("is one per pattern or function", function()
    local function any() return true end
    local games = app:of "^/game%-(%d+)$"
    assert.equal(games, app:of "^/game%-(%d+)$")
    assert.equal(app:of(any), app:of(any))
    assert.not_equal(games, app:of(any))
    assert.equal("/_0", games.name)
    assert.equal("/_1", app:of(any).name)
    assert.equal(app, games.server)
    assert.equal("sio.Parent: /_0", tostring(games))
  end)

  it("takes a listener in the same breath", function()
    local function welcome() end
    local games = app:of("^/game", welcome)
    assert.equal(welcome, games._on.connection)
    assert.equal(welcome, app:of("/chat", welcome)._on.connection)
    assert.error_matches(function() app:of("/chat", 1) end, "#2 to 'of' %(function expected")
    assert.equal(games, games:on("connection", welcome):use(welcome):off("connection", welcome))
  end)

  it("is no pattern that Lua does not have", function()
    assert.error_matches(function() app:of "^/game-\\d+$" end, "Lua's patterns have %%d")
    for _, bad in ipairs {
      "^/(game", "^/game)", "^/game[", "^/game%", "^/%b(", "^/[^]x", "^/%1",
    } do
      assert.error_matches(function() app:of(bad) end, "malformed pattern")
    end
    for _, good in ipairs {
      "^", "^/%(", "^/%%b", "^/[]x]", "^/[%]]", "^/%b()$", "^/%f[%a]a", "^/((a)b)",
    } do
      assert.equal("sio.Parent", getmetatable(app:of(good)).__name)
    end
    assert.error_matches(function() app:of(nil) end, "string expected, got nil")
  end)

  it("adopts what the app names", function()
    local games = app:of "^/game%-(%d+)-(%a*)$"
    local game = app:of "game-7-x"
    assert.equal(games, game.parent)
    assert.same({ "7", "x" }, game.captures)
    assert.equal(game, app:of "/game-7-x")
    assert.same({ ["/game-7-x"] = game }, games.children)
    assert.is_nil(app:of("/chat").parent)
  end)

  it("finds the first that matches, and what was there before", function()
    local static = app:of "/game-0"
    local first, second = app:of "^/game%-(.*)$", app:of "^/(.*)$"
    assert.equal(static, app:of "/game-0")
    assert.equal(first, app:of("/game-1").parent)
    assert.equal(second, app:of("/other").parent)
    assert.same({ "other" }, app:of("/other").captures)
  end)

  it("gives children of a function by name", function()
    local rooms = app:of(function() error "not asked" end)
    local room = rooms:child "/room"
    assert.equal(rooms, room.parent)
    assert.equal(room, app:of "/room")
    assert.is_nil(room.captures)
    for _, bad in ipairs { "room", "", "/a,b", "/" .. ("x"):rep(1024) } do
      assert.error_matches(function() rooms:child(bad) end, "a namespace's name expected")
    end
    assert.error_matches(function() rooms.child "/room" end, "bad self to 'child'")
  end)

  it("gives children of a pattern their captures, whoever makes them", function()
    local games = app:of "^/game%-(%d+)$"
    assert.same({ "7" }, games:child("/game-7").captures)
    assert.is_nil(games:child("/other").captures)
  end)

  it("survives a pattern that breaks on a name", function()
    core.set_log_level "off"
    local errs = {}
    app:on_error(function(message, context) errs[#errs + 1] = context.what .. ": " .. message end)
    app:of("^/" .. ("(a)"):rep(33) .. "$") -- more captures than Lua can have
    assert.is_nil(app:of("/" .. ("a"):rep(33)).parent)
    assert.equal(1, #errs)
    assert.matches("^namespace pattern: .*too many captures", errs[1])
    core.set_log_level "info"
  end)

  it("lets a child go that nobody needs", function()
    local games = app:of "^/game%-(%d+)$"
    local before = handles()
    local game = app:of "/game-1"
    assert.is_true(game:emit("x"))
    next_tick()
    assert.same({}, games.children)
    assert.same({}, game.sockets)
    assert.is_true(game:to("r"):emit("x"))
    assert.equal(game, app:of "/game-1")
    game = nil -- luacheck: ignore
    next_tick()
    for i = 1, 100 do app:of("/game-" .. i):emit("x") end
    next_tick()
    assert.equal(before, handles())
    assert.is_nil(next(app._children))
  end)

  it("keeps a child that was given something", function()
    local games = app:of "^/game%-(%d+)$"
    local names = {}
    app:on("new_namespace", function(nsp) names[#names + 1] = nsp.name end)
    app:of("/game-1"):on("connection", print)
    app:of("/game-2"):use(print)
    app:of("/game-3").score = 3
    app:of("/game-4"):emit("x")
    next_tick()
    assert.same({ "/game-1", "/game-2", "/game-3" }, names)
    assert.equal(3, app:of("/game-3").score)
    names = {}
    for name in pairs(games.children) do names[#names + 1] = name end
    table.sort(names)
    assert.same({ "/game-1", "/game-2", "/game-3" }, names)
  end)

  it("does not bring a child back for what is left on it late", function()
    local games = app:of "^/game%-(%d+)$"
    local old
    games:on("connection", function(socket) old = socket.nsp end)
    serve(app, [[
      const c = await client({}, "/game-1");
      await c.post(`41/game-1,`);
    ]])
    next_tick()
    assert.same({}, games.children)
    old.score = 3
    old:on("connection", print)
    next_tick()
    assert.same({}, games.children)
    assert.is_true(old:emit "x")
    assert.not_equal(old, app:of "/game-1")
    assert.is_nil(app:of("/game-1").score)
    app:of("/game-1").score = 4
    assert.same({}, old.sockets)
    next_tick()
    assert.equal(4, app:of("/game-1").score)
  end)

  it("asks and changes a child that has gone here, for its sockets may be elsewhere", function()
    local game = app:of("^/game"):child "/game-1"
    local function late(method, ...)
      next_tick()
      local args, result = table.pack(...), nil
      serve.wait(function(done)
        result = { game[method](game, table.unpack(args, 1, args.n)) }
        done()
      end)
      return result
    end
    assert.same({ 0 }, late "count")
    assert.same({ {} }, late "rooms")
    assert.same({ {} }, late "fetch_sockets")
    assert.same({ true }, late("sockets_join", "room"))
    assert.same({ true }, late "disconnect_sockets")
    next_tick()
    assert.same({}, game.parent.children)
  end)

  it("tells of every namespace that is made", function()
    local names = {}
    app:on("new_namespace", function(nsp) names[#names + 1] = nsp.name end)
    app:of "/nsp"
    app:of "nsp"
    app:of "/"
    assert.same({ "/nsp" }, names)
    app:on("new_namespace", function() error "on purpose" end)
    core.set_log_level "off"
    assert.equal("/two", app:of("/two").name)
    core.set_log_level "info"
    assert.same({ "/nsp", "/two" }, names)
    assert.error_matches(function() app:of("/nsp"):on("new_namespace", print) end,
      'an event of the server')
  end)

  it("ends with its server", function()
    local games = app:of "^/game%-(%d+)$"
    local game = app:of "/game-1"
    serve.close(app)
    assert.same({ nil, "closed" }, { games:emit "x" })
    assert.same({ nil, "closed" }, { game:emit "x" })
    assert.same({}, games.children)
    assert.error_matches(function() app:of "/game-2" end, "closed")
  end)
end)
