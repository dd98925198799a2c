-- SPDX-License-Identifier: MIT
-- What apps hook into the engine's requests: allow_request, generate_id, cookie, initial_packet,
-- middlewares, events, and where the engine's path ends.

local ask = require "support.ask"
local serve = require "support.serve"
local sio = require "sio"

local app
local function server(options)
  app = sio.server(options)
  return app
end

after_each(function() serve.close(app) end)

describe("allow_request", function()
  it("refuses handshakes, with words of its own", function()
    local asked = {}
    server { allow_request = function(req)
      asked[#asked + 1] = req.query.transport
      sio.sleep(0.01)
      if req.headers.authorization == "me" then return true end
      if req.query.silent then return false end
      return nil, 'not "you"'
    end }
    local got = ask(app, [[
      const good = await poll("", { Authorization: "me" });
      const poll_again = await ask("POST", path + "polling&sid=" + sid_of(good), {}, "40");
      return [await poll(), await poll("&silent=1"), await websocket(), good, poll_again,
        await websocket("", { Authorization: "me" })];
    ]])
    assert.same({ 403, '{"code":4,"message":"not \\"you\\""}' }, { got[1].status, got[1].body })
    assert.same({ 403, '{"code":4,"message":"Forbidden"}' }, { got[2].status, got[2].body })
    assert.same({ 403, 'not "you"' }, { got[3].status, got[3].body })
    assert.equal("text/plain; charset=utf-8", got[3].headers["content-type"])
    assert.same({ 200, 200, 101 }, { got[4].status, got[5].status, got[6].status })
    assert.same({ "polling", "polling", "polling", "websocket", "websocket" },
      (function() table.sort(asked) return asked end)())
  end)

  it("comes before the version, and its errors stay inside", function()
    server { allow_request = function() error "secret" end }
    local told = {}
    app:on_error(function(message, context) told = { message:match "secret", context.what } end)
    local got = ask(app, [[ return await poll("&EIO=3"); ]])
    assert.same({ 403, '{"code":4,"message":"Forbidden"}' }, { got.status, got.body })
    assert.same({ "secret", "allow_request" }, told)
  end)
end)

describe("generate_id", function()
  it("names sessions", function()
    server { generate_id = function(req)
      sio.sleep(0.01)
      return "user-" .. req.query.user
    end }
    local got = ask(app, [[
      const first = await poll("&user=1");
      return [first, await poll("&user=1"), await websocket("&user=2"), await poll("&user=a%20b"),
        await ask("POST", path + "polling&sid=" + sid_of(first), {}, "40")];
    ]])
    assert.matches('{"sid":"user%-1",', got[1].body)
    assert.same({ 400, '{"code":3,"message":"Bad request"}' }, { got[2].status, got[2].body })
    assert.matches('{"sid":"user%-2",', got[3].body)
    assert.equal(400, got[4].status)
    assert.equal("ok", got[5].body)
  end)

  it("may fail", function()
    local errors = {}
    server { generate_id = function(req)
      if req.query.raise then error "secret" end
      return nil, "no more ids"
    end }
    app.engine:on("connection_error", function(e) errors[#errors + 1] = e end)
    local got = ask(app, [[ return [await poll(), await poll("&raise=1"), await websocket()]; ]])
    for i = 1, 3 do
      assert.equal(400, got[i].status)
      assert.same({ 3, "Bad request", "ID_GENERATION_ERROR" },
        { errors[i].code, errors[i].message, errors[i].context.name })
    end
    assert.equal("no more ids", errors[1].context.error)
    assert.equal("internal error", errors[2].context.error)
  end)
end)

describe("initial_packet", function()
  it("follows the open packet", function()
    server { initial_packet = "héllo" }
    local got = ask(app, [[
      globalThis.expected = "4h";
      return [await poll(), await websocket()];
    ]])
    assert.matches('"maxPayload":1000000}\x1e4héllo$', got[1].body)
    assert.matches("\x81\x074h", got[2].body)
  end)

  it("may be bytes", function()
    server { initial_packet = sio.binary "\0\1\2" }
    local got = ask(app, [[
      globalThis.expected = "\0\x01\x02";
      return [await poll(), await websocket()];
    ]])
    assert.matches('"maxPayload":1000000}\x1ebAAEC$', got[1].body)
    assert.matches("\x82\x03\0\1\2", got[2].body)
  end)
end)

describe("cookie", function()
  it("has the session's id, on both transports", function()
    server { cookie = true }
    local got = ask(app, [[
      const first = await poll(), second = await websocket();
      const later = await ask("POST", path + "polling&sid=" + sid_of(first), {}, "40");
      return [first.headers["set-cookie"].replace(sid_of(first), "SID"),
        second.headers["set-cookie"].replace(sid_of(second), "SID"),
        later.headers["set-cookie"] ?? "none"];
    ]])
    local cookie = "io=SID; Path=/; HttpOnly; SameSite=Lax"
    assert.same({ cookie, cookie, "none" }, got)
  end)

  it("has one attribute or another, as asked", function()
    for expected, cookie in pairs {
      ["woot=SID; Path=/; HttpOnly; SameSite=Lax"] = { name = "woot" },
      ["io=SID; Path=/custom; HttpOnly; SameSite=Lax"] = { path = "/custom" },
      ["io=SID; HttpOnly; SameSite=Lax"] = { path = false },
      ["io=SID; Path=/; HttpOnly; SameSite=Strict"] = { same_site = "strict" },
      ["io=SID; Path=/; HttpOnly"] = { same_site = false },
      ["io=SID; Path=/; SameSite=Lax"] = { http_only = false },
      [""] = false,
    } do
      server { cookie = cookie }
      local got = ask(app, [[
        const answer = await poll();
        return (answer.headers["set-cookie"] ?? "").replace(sid_of(answer), "SID");
      ]])
      assert.equal(expected, got)
      serve.close(app)
    end
  end)

  it("has attributes", function()
    server { cookie = {
      name = "stick", path = false, http_only = false, same_site = "none", secure = true,
      domain = "example.com", max_age = 3600, expires = 0, encode = function(sid) return #sid end,
    } }
    local got = ask(app, [[ return (await poll()).headers["set-cookie"]; ]])
    assert.equal("stick=20; Max-Age=3600; Domain=example.com; "
      .. "Expires=Thu, 01 Jan 1970 00:00:00 GMT; Secure; SameSite=None", got)
  end)

  it("is secure when the connection is, or as it is told", function()
    local function of(cookie)
      app = sio.server { cookie = cookie, trust_proxy = true }
      local got = ask(app, [[
        const cookie = async (headers) => (await poll("", headers)).headers["set-cookie"];
        return [await cookie(), await cookie({ "X-Forwarded-Proto": "https" })];
      ]])
      serve.close(app)
      return { got[1]:find("; Secure", 1, true) ~= nil, got[2]:find("; Secure", 1, true) ~= nil }
    end
    assert.same({ false, true }, of(true))
    assert.same({ false, false }, of { secure = false })
    assert.same({ true, true }, of { secure = true })
  end)

  it("raises for what no browser takes", function()
    local function refuses(cookie, expected)
      assert.error_matches(function() sio.server { cookie = cookie } end, expected)
    end
    refuses({ name = "a b" }, "option 'cookie%.name': a cookie's name expected")
    refuses({ name = "" }, "option 'cookie%.name'")
    refuses({ http_only = "no" }, "option 'cookie%.http_only': boolean expected, got string")
    refuses({ path = "/;x" }, "option 'cookie%.path': a path without ';'")
    refuses({ domain = "a b" }, "option 'cookie%.domain': a domain expected")
    refuses({ max_age = math.huge }, "option 'cookie%.max_age': a whole number of seconds")
    refuses({ expires = 1e300 }, "option 'cookie%.expires': a whole number of seconds")
    refuses({ expires = 0.5 }, "option 'cookie%.expires': a whole number of seconds")
    refuses({ same_site = "laxx" }, 'unknown same_site "laxx" %(did you mean "lax"%?%)')
    refuses({ httpOnly = true }, "unknown option 'cookie%.httpOnly' %(did you mean 'http_only'%?%)")
    refuses("io", "option 'cookie': boolean or table expected, got string")
    app = nil
  end)
end)

describe("the engine's path", function()
  it("ends with a slash, or not", function()
    server {}
    local got = ask(app, [[
      return (await ask("GET", "/socket.iofoo?EIO=4&transport=polling")).status;
    ]])
    assert.equal(404, got)
    serve.close(app)
    server { add_trailing_slash = false }
    got = ask(app, [=[
      const of = async (target) => (await ask("GET", target + "?EIO=4&transport=polling")).status;
      return [await of("/socket.io"), await of("/socket.io/"), await of("/socket.iofoo"),
        (await ask("GET", "/socket.io/socket.io.js")).headers["content-type"]];
    ]=])
    assert.same({ 200, 200, 200 }, { got[1], got[2], got[3] })
    assert.matches("javascript", got[4])
  end)
end)

describe("an upgrade for another path", function()
  local snippet = [[ return [await ask("GET", "/slow", key), await ask("GET", "/none", key)]; ]]
  local function slow(options)
    server(options)
    app:get("/slow", function() sio.sleep(0.6) return "slow" end) -- less than the default
    return app
  end

  it("has so long to be answered as HTTP", function()
    -- a short keep_alive_timeout has the server look more often than once a second
    local got = ask(slow { destroy_upgrade_timeout = 0.1, keep_alive_timeout = 0.2 }, snippet)
    assert.equal("ECONNRESET", got[1].body)
    assert.same({ 404, "close" }, { got[2].status, got[2].headers.connection })
  end)

  it("may take its time with destroy_upgrade = false", function()
    local got = ask(slow {
      destroy_upgrade = false, destroy_upgrade_timeout = 0.1, keep_alive_timeout = 0.2,
    }, snippet)
    assert.same({ 200, "slow", 404 }, { got[1].status, got[1].body, got[2].status })
  end)
end)
