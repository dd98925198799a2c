-- SPDX-License-Identifier: MIT
-- nsp.adapter: who is in which room of this worker, and events of that. Where the events come from
-- is in spec/c/sio_watch_test.c.

local core = require "sio.core"
local sio = require "sio"
local test = require "sio.test"

-- An application of two connected sockets, "1" and "2" below.
local function start(options)
  options = options or {}
  options.serve_client = false
  local server = sio.server(options)
  local app = test.start(server)
  local clients = { app:client(), app:client() }
  local sockets = { server.sockets[clients[1].id], server.sockets[clients[2].id] }
  return server, sockets, clients
end

local function tick()
  sio.sleep(0.001)
end

-- Lists events as "join-room a 1".
local function listen(adapter, sockets, ...)
  local log, short = {}, {}
  for i, socket in ipairs(sockets) do short[socket.id] = i end
  for _, event in ipairs { ... } do
    adapter:on(event, function(room, sid)
      local line = event .. " " .. (short[room] or room)
      log[#log + 1] = sid and line .. " " .. short[sid] or line
    end)
  end
  return log
end

describe("an adapter's events", function()
  it("say that a room begins, once", test(function()
    local app, sockets = start()
    local log = listen(app.adapter, sockets, "create-room")
    sockets[1]:join "a"
    sockets[2]:join "a"
    assert.same({}, log) -- at the end of the tick
    tick()
    assert.same({ "create-room a" }, log)
  end))

  it("do not say that a room begins which was there before", test(function()
    local app, sockets = start()
    sockets[1]:join "a"
    local log = listen(app.adapter, sockets, "create-room")
    sockets[2]:join "a"
    tick()
    assert.same({}, log)
  end))

  it("say who joins, once", test(function()
    local app, sockets = start()
    sockets[2]:join "a"
    local log = listen(app.adapter, sockets, "join-room")
    sockets[1]:join { "a", "b", "a" }
    sockets[1]:join "b"
    tick()
    assert.same({ "join-room a 1", "join-room b 1" }, log)
  end))

  it("do not say that somebody joins who was in already", test(function()
    local app, sockets = start()
    sockets[1]:join { "a", "b" }
    local log = listen(app.adapter, sockets, "join-room")
    sockets[1]:join "a"
    app:sockets_join "b"
    tick()
    assert.same({ "join-room b 2" }, log)
  end))

  it("say who leaves", test(function()
    local app, sockets = start()
    sockets[1]:join "a"
    local log = listen(app.adapter, sockets, "leave-room")
    sockets[1]:leave "a"
    sockets[2]:leave "a"
    tick()
    assert.same({ "leave-room a 1" }, log)
  end))

  it("may be answered with the same again", test(function()
    local app, sockets = start()
    local n = 0
    app.adapter:on("leave-room", function(room, sid)
      n = n + 1
      assert.is_true(app.sockets[sid]:leave(room))
    end)
    sockets[1]:join "a"
    sockets[1]:leave "a"
    tick()
    tick()
    assert.equal(1, n)
    app.adapter:off() -- the test's end makes it leave its own room
  end))

  it("say that somebody leaves all rooms at the end", test(function()
    local app, sockets = start()
    sockets[1]:join { "a", "b" }
    local log = listen(app.adapter, sockets, "leave-room")
    sockets[1]:disconnect()
    tick()
    assert.same({ "leave-room 1 1", "leave-room a 1", "leave-room b 1" }, log)
  end))

  it("say that a room ends, behind its last leaving", test(function()
    local app, sockets = start()
    sockets[1]:join { "a", "b" }
    local log = listen(app.adapter, sockets, "delete-room", "leave-room")
    sockets[1]:leave "a"
    sockets[1]:disconnect()
    tick()
    assert.same({
      "leave-room a 1", "delete-room a", "leave-room 1 1", "delete-room 1", "leave-room b 1",
      "delete-room b",
    }, log)
  end))

  it("do not say that a room ends in which somebody is left", test(function()
    local app, sockets = start()
    sockets[1]:join "a"
    sockets[2]:join { "a", "b" }
    local log = listen(app.adapter, sockets, "delete-room")
    sockets[1]:disconnect()
    tick()
    assert.same({ "delete-room 1" }, log)
  end))

  it("come of a socket's own room too", test(function()
    local server = sio.server { serve_client = false }
    local log = {}
    server.adapter:on("create-room", function(...) log[#log + 1] = table.pack("create", ...) end)
    server.adapter:on("join-room", function(...) log[#log + 1] = table.pack("join", ...) end)
    local id = test.start(server):client().id
    tick()
    assert.same({ { n = 2, "create", id }, { n = 3, "join", id, id } }, log)
  end))

  it("are told to the end of the server", test(function()
    local app, sockets = start()
    sockets[1]:join "a"
    local log = listen(app.adapter, sockets, "leave-room", "delete-room")
    sockets[2]:join "a"
    sockets[2]:leave "a"
    app:close()
    assert.equal("leave-room a 2", log[1])
    assert.equal(7, #log)
    assert.is_not_nil(table.concat(log, ","):find("leave-room a 1,delete-room a", 1, true))
    app.adapter:on("join-room", print):off() -- no more, and no harm
    assert.same({}, app.adapter.rooms)
    assert.equal(0, app.adapter:server_count())
  end))

  it("are those of their namespace", test(function()
    local server = sio.server { serve_client = false }
    local app = test.start(server)
    local games = server:of "^/game"
    local one = app:client { namespace = "/game-1" }
    app:client { namespace = "/game-2" }
    local child = games:child "/game-1"
    local socket = child.sockets[one.id]
    local log = listen(child.adapter, { socket }, "create-room", "delete-room")
    games:sockets_join "a"
    tick()
    assert.same({ "create-room a" }, log)
    socket:disconnect()
    tick()
    assert.same({ "create-room a", "delete-room 1", "delete-room a" }, log)
    assert.is_nil(games.children["/game-1"])
    assert.error_matches(function() return games.adapter end, "a parent has no rooms")
  end))

  it("come while somebody listens", test(function()
    local app, sockets = start()
    local n = 0
    local function count() n = n + 1 end
    local adapter = app.adapter
    assert.equal(adapter, adapter:on("join-room", count))
    assert.equal(adapter, adapter:once("join-room", count))
    sockets[1]:join { "a", "b" }
    tick()
    assert.equal(3, n)
    adapter:off("join-room", count)
    sockets[1]:join "c"
    tick()
    assert.equal(3, n)
    assert.equal(adapter, app:of("/").adapter)
  end))

  it("may be waited in, and fail, without harm to the next", test(function()
    local app, sockets = start()
    local seen = {}
    core.set_log_level "off"
    app._error = {}
    app:on_error(function(_, context) seen[#seen + 1] = context.event .. " failed" end)
    app.adapter:on("create-room", function() sio.sleep(0) seen[#seen + 1] = "late" end)
    app.adapter:on("join-room", function() error "no" end)
    sockets[1]:join "a"
    tick()
    sockets[1]:join "b"
    tick()
    tick()
    core.set_log_level "info"
    table.sort(seen)
    assert.same({ "join-room failed", "join-room failed", "late", "late" }, seen)
  end))

  it("are four", function()
    local adapter = sio.server({ serve_client = false }).adapter
    local function fails(text, ...)
      local args = table.pack(...)
      assert.error_matches(function() adapter:on(table.unpack(args, 1, args.n)) end, text)
    end
    fails('not "createRoom" %(did you mean "create%-room"%?%)', "createRoom", print)
    fails('not "connection"$', "connection", print)
    fails("not nil", nil, print)
    fails("function expected", "join-room")
    assert.error_matches(function() adapter:off "join" end, 'not "join"')
    assert.equal(adapter, adapter:off())
  end)
end)

describe("an adapter", function()
  it("knows who is in which room", test(function()
    local app, sockets = start()
    local one, two = sockets[1].id, sockets[2].id
    sockets[1]:join { "a", "b" }
    sockets[2]:join "b"
    local rooms = app.adapter.rooms
    table.sort(rooms.b)
    local both = { one, two }
    table.sort(both)
    assert.same({ [one] = { one }, [two] = { two }, a = { one }, b = both }, rooms)
    assert.same({ [one] = { one, "a", "b" }, [two] = { two, "b" } }, app.adapter.sids)
    assert.same({ two, "b" }, app.adapter:socket_rooms(two))
    assert.is_nil(app.adapter:socket_rooms "nobody")
    assert.error_matches(function() app.adapter:socket_rooms() end, "string expected")
    assert.error_matches(function() app.adapter.socket_rooms(two) end, "with a colon")
    sockets[2]:disconnect()
    assert.same({ [one] = { one, "a", "b" } }, app.adapter.sids)
  end))

  it("knows its namespace, and how many workers there are", test(function()
    local app = start()
    local chat = app:of "/chat"
    assert.equal(chat, chat.adapter.nsp)
    assert.equal("sio.Adapter: /chat", tostring(chat.adapter))
    assert.equal(1, chat.adapter:server_count())
    assert.error_matches(function() return app.adapter.serverCount end, "server_count")
  end))
end)
