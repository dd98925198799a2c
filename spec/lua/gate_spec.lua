-- SPDX-License-Identifier: MIT
-- app.engine: middlewares, and the events of requests.

local ask = require "support.ask"
local core = require "sio.core"
local serve = require "support.serve"
local sio = require "sio"
local test = require "sio.test"

describe("an engine's middlewares", function()
  local app
  before_each(function() app = sio.server() end)
  after_each(function() serve.close(app) end)

  it("see every request and add to its answer", function()
    local seen = {}
    app.engine:use(function(req, res)
      sio.sleep(0.01)
      req.user = req.query.user
      res:set("X-Path", req.path):set("X-Gone", "1"):set("X-List", { "a", "b" })
      seen[#seen + 1] = req.method .. (req.upgrade and " upgrade" or "")
    end)
    app.engine:use(function(req, res)
      res:set("x-path", res:get "X-Path" .. "!"):remove("x-gone")
      if req.user then res:set("X-User", req.user) end
    end)
    local got = ask(app, [[
      const first = await poll("&user=me");
      const post = await ask("POST", path + "polling&sid=" + sid_of(first), {}, "40");
      return [first, post, await websocket(), await poll("&transport=no"),
        await ask("GET", "/elsewhere")];
    ]])
    for i = 1, 4 do
      local lists = {}
      for _, line in ipairs(got[i].lines) do
        if line[1] == "x-list" then lists[#lists + 1] = line[2] end
      end
      assert.equal("/socket.io/!", got[i].headers["x-path"])
      assert.same({ "a", "b" }, lists)
      assert.is_nil(got[i].headers["x-gone"])
    end
    assert.same({ 200, 200, 101, 400, 404 },
      { got[1].status, got[2].status, got[3].status, got[4].status, got[5].status })
    assert.equal("me", got[1].headers["x-user"])
    assert.is_nil(got[5].headers["x-path"])
    assert.same({ "GET", "POST", "GET upgrade", "GET" }, seen)
  end)

  it("may answer or refuse", function()
    local errors, later = {}, 0
    app.engine:use(function(req, res)
      if req.query.answer then return res:send("teapot", 418, { ["X-Tea"] = "green" }) end
      if req.query.refuse then return nil, "not you" end
      if req.query.raise then error "secret" end
      res:send()
    end)
    app.engine:use(function() later = later + 1 end)
    app.engine:on("connection_error", function(e) errors[#errors + 1] = e.context end)
    local got = ask(app, [[
      return [await poll("&answer=1"), await websocket("&answer=1"), await poll("&refuse=1"),
        await websocket("&refuse=1"), await poll("&raise=1"), await poll()];
    ]])
    for i = 1, 2 do
      assert.same({ 418, "teapot", "green" },
        { got[i].status, got[i].body, got[i].headers["x-tea"] })
    end
    assert.same({ 400, '{"code":3,"message":"Bad request"}' }, { got[3].status, got[3].body })
    assert.same({ 400, "Bad request" }, { got[4].status, got[4].body })
    assert.same({ 400, 200, "" }, { got[5].status, got[6].status, got[6].body })
    assert.same({
      { name = "MIDDLEWARE_FAILURE", error = "not you" },
      { name = "MIDDLEWARE_FAILURE", error = "not you" },
      { name = "MIDDLEWARE_FAILURE", error = "internal error" },
    }, errors)
    assert.equal(0, later)
  end)

  it("answer even when what they return cannot be told", function()
    local reported = {}
    app:on_error(function(message) reported[#reported + 1] = message:match "no text" end)
    app.engine:use(function()
      return nil, setmetatable({}, { __tostring = function() error "no text" end })
    end)
    local got = ask(app, [[ return await poll(); ]])
    assert.same({ 400, '{"code":3,"message":"Bad request"}' }, { got.status, got.body })
    assert.same({ "no text" }, reported)
    assert.equal(0, app._gate.running)
  end)

  it("are limited in number, those of clients that left included", function()
    app._gate.running = 9999
    app.engine:use(function() sio.sleep(0.1) end)
    local got = ask(app, [[
      const [a, b] = await Promise.all([poll(), poll()]);
      return [a.status, b.status, (await poll()).status].sort();
    ]])
    assert.same({ 200, 200, 503 }, got)
    assert.equal(9999, app._gate.running)
  end)

  it("say what is wrong", function()
    local function refuses(expected, fn, ...)
      local ran, err = pcall(fn, ...)
      assert.is_false(ran)
      assert.matches(expected, err)
    end
    refuses("bad argument #1 to 'use' %(function expected, got string%)", app.engine.use,
      app.engine, "x")
    refuses("bad self to 'use'", app.engine.use, function() end)
    refuses("an engine has no event 'headres' %(did you mean 'headers'%?%)", app.engine.on,
      app.engine, "headres", print)
    refuses("\"headers\" is an event of app.engine: app%.engine:on", app.on, app, "headers", print)
    refuses("generateId is an option of the server: { generate_id = ... }", function()
      app.engine.generateId = print
    end)
    refuses("allow_request is an option of the server", function()
      app.engine.allow_request = print
    end)
    local seen = 0
    app.engine:use(function(_, res)
      refuses("no header of an answer can be set to", res.set, res, "X", "a\r\nY: b")
      refuses("\"Content%-Length\": no header", res.set, res, "Content-Length", "1")
      refuses("string or list of strings expected, got boolean", res.set, res, "X", true)
      refuses("status from 200 to 599", res.send, res, "x", 101)
      refuses("bad self to 'set'", res.set, "X", "y")
      seen = seen + 1
    end)
    local got = ask(app, [[ return (await poll()).status; ]])
    assert.same({ 200, 1 }, { got, seen })
  end)
end)

describe("an engine's events", function()
  local app
  before_each(function() app = sio.server() end)
  after_each(function() serve.close(app) end)

  it("tell of refusals", function()
    local seen = {}
    app.engine:on("connection_error", function(e)
      seen[#seen + 1] = { e.code, e.message, e.context, e.req.method, e.req.address }
    end)
    ask(app, [[
      await poll("&transport=tcp");
      await poll("&sid=nobody");
      await ask("PUT", path + "polling");
      await ask("GET", path + "websocket");
      await poll("&EIO=3");
      await websocket("", { "Sec-WebSocket-Key": "short" });
      const sid = sid_of(await poll());
      await ask("GET", path + "websocket&sid=" + sid);
      await poll("&EIO=3&sid=" + sid);
    ]])
    local function bad(context) return { 3, "Bad request", context, "GET", "127.0.0.1" } end
    assert.same({
      { 0, "Transport unknown", { transport = "tcp" }, "GET", "127.0.0.1" },
      { 1, "Session ID unknown", { sid = "nobody" }, "GET", "127.0.0.1" },
      { 2, "Bad handshake method", { method = "PUT" }, "PUT", "127.0.0.1" },
      bad { name = "TRANSPORT_HANDSHAKE_ERROR" },
      { 5, "Unsupported protocol version", { protocol = "3" }, "GET", "127.0.0.1" },
      bad { name = "TRANSPORT_HANDSHAKE_ERROR",
        error = "Missing or invalid Sec-WebSocket-Key header" },
      bad { name = "TRANSPORT_MISMATCH", transport = "websocket", previousTransport = "polling" },
      bad { name = "PROTOCOL_MISMATCH", protocol = "3", previousProtocol = "4" },
    }, seen)
  end)

  it("add headers", function()
    app.engine:once("initial_headers", function(headers, req)
      headers["X-Initial"] = req.query.transport
    end)
    app.engine:on("headers", function(headers, req)
      headers["Set-Cookie"] = { "a=1", "b=2" }
      headers["X-Method"] = req.method
    end)
    local got = ask(app, [[
      const first = await poll();
      return [first, await ask("POST", path + "polling&sid=" + sid_of(first), {}, "40"),
        await websocket(), await poll("&sid=nobody")];
    ]])
    local function cookies(answer)
      local list = {}
      for _, line in ipairs(answer.lines) do
        if line[1] == "set-cookie" then list[#list + 1] = line[2] end
      end
      return table.concat(list, " ")
    end
    assert.same({ "polling", "GET", "a=1 b=2" },
      { got[1].headers["x-initial"], got[1].headers["x-method"], cookies(got[1]) })
    assert.same({ "POST", "a=1 b=2" }, { got[2].headers["x-method"], cookies(got[2]) })
    assert.same({ 101, "GET", "a=1 b=2" },
      { got[3].status, got[3].headers["x-method"], cookies(got[3]) })
    assert.is_nil(got[2].headers["x-initial"])
    assert.is_nil(got[4].headers["x-method"])
  end)

  it("have one field for a name in any case", function()
    serve.close(app)
    app = sio.server { cookie = true }
    local seen = {}
    app.engine:on("initial_headers", function(headers)
      table.insert(headers["set-cookie"], "mine=1")
      headers["x-gone"] = "1"
      headers["X-Gone"] = nil
      headers["x-one"] = "1"
      headers["X-One"] = "2"
      for name in pairs(headers) do seen[name] = headers[name:upper()] end
    end)
    local got = ask(app, [[
      return (await poll()).lines.filter(([name]) => /^(x-|set-)/.test(name))
        .map(([name, value]) => name + "=" + value.replace(/=.{20};/, "=SID;")).sort();
    ]])
    assert.same({ "set-cookie=io=SID; Path=/; HttpOnly; SameSite=Lax", "set-cookie=mine=1",
      "x-one=2" }, got)
    assert.equal("2", seen["X-One"])
  end)

  it("cannot wait for headers, and survive mistakes", function()
    local errors = {}
    app:on_error(function(message) errors[#errors + 1] = message end)
    app.engine:on("headers", function() sio.sleep(1) end)
    app.engine:on("headers", function(headers)
      headers.Connection = "close"
      headers["X-Good"] = "1"
    end)
    local got = ask(app, [[ return await poll(); ]])
    assert.same({ 200, "1" }, { got.status, got.headers["x-good"] })
    assert.matches("sio%.sleep cannot wait in a listener of 'headers'", errors[1])
    assert.matches('"Connection": no header', errors[2])
  end)

  it("are those of sio.engine, too", function()
    serve.close(app)
    local codes = {}
    app = sio.engine { path = "/socket.io" }
    app:use(function(_, res) res:set("X-Engine", "1") end)
    app:on("connection_error", function(e) codes[#codes + 1] = e.code end)
    local got = ask(app, [[ return [await poll(), await poll("&transport=tcp")]; ]])
    assert.same({ 200, "1", 400 }, { got[1].status, got[1].headers["x-engine"], got[2].status })
    assert.same({ 0 }, codes)
    assert.equal(1, app.clients_count)
  end)
end)

describe("what an engine's middleware leaves on a handshake", function()
  -- A client of a server with that middleware, and its socket there.
  local function connect(fn)
    local server = sio.server { serve_client = false }
    server.engine:use(fn)
    local app = test.start(server)
    local client = assert(app:client { query = { name = "ann" } })
    return server.sockets[client.id], client, server
  end

  local function leave_user(req)
    sio.sleep(0.001)
    req.user = { name = req.query.name }
  end

  it("is the socket's, its connection's, and still there at the end", test(function()
    local socket, client = connect(leave_user)
    assert.equal("ann", socket.request.user.name)
    assert.equal(socket.request, socket.conn.request)
    assert.equal(socket.handshake.headers.host, socket.request.headers.host)
    assert.is_nil(socket.request.nothing)
    local name
    socket:on("disconnect", function() name = socket.request.user.name end)
    client:disconnect()
    while not name do sio.sleep(0.001) end
    assert.equal("ann", name)
    assert.equal("ann", socket.request.user.name)
  end))

  it("is freed with the session, and nothing is kept where there is nothing", test(function()
    local kept = setmetatable({}, { __mode = "k" })
    -- The objects that came with a connected client and its server.
    local function cost(fn)
      local before = core.handle_count()
      local _, client, server = connect(fn)
      return core.handle_count() - before, client, server
    end
    local nothing = cost(function(req)
      for _, name in ipairs { "path", "protocol", "cookies" } do
        local _ = req[name] -- made when it is looked at
      end
    end)
    local user, client, server = cost(function(req)
      leave_user(req)
      kept[req.user] = true
    end)
    assert.equal(nothing + 1, user)
    collectgarbage()
    assert.is_true(next(kept) ~= nil)
    local before = core.handle_count()
    client:drop()
    while next(server.sockets) do sio.sleep(0.001) end
    collectgarbage()
    assert.is_nil(next(kept))
    assert.is_true(core.handle_count() < before)
  end))

  it("is a session's of sio.engine, too", function()
    local engine = sio.engine()
    engine:use(leave_user)
    local name
    engine:on("connection", function(session) name = session.request.user.name end)
    ask(engine, [[ return await ask("GET", "/engine.io/?EIO=4&transport=polling&name=bob"); ]])
    serve.close(engine)
    assert.equal("bob", name)
  end)
end)
