-- SPDX-License-Identifier: MIT
-- What a handler gets to know of a request, and which handler gets it.

local serve = require "support.serve"
local sio = require "sio"
local test = require "sio.test"

local app

before_each(function() app = serve.open { max_body = 1000 } end)
after_each(function() serve.close(app) end)

describe("a request", function()
  it("has its parts", test(function()
    app:post("/a b/:id", function(req)
      return { req.method, req.path, req.raw_path, req.url, req.query, req.params, req.host,
        req.protocol, req.secure, req.address, req.nothing == nil }
    end)
    local target = "/a%20b/x%2fy?q=1+2"
    local answer = test.start(app):request("POST", target, { headers = { Host = "h:1" } })
    assert.same({ "POST", "/a b/x/y", "/a%20b/x%2fy", target, { q = "1 2" }, { id = "x/y" }, "h:1",
      "http", false, "127.0.0.1", true }, answer.json)
  end))

  it("tells what a trusted proxy says", test(function()
    local function ask(server)
      server:get("/", function(req) return { req.host, req.protocol, req.secure, req.address } end)
      return test.start(server):request("GET", "/", { headers = {
        Host = "inside", ["X-Forwarded-Host"] = "a.example:8443", ["X-Forwarded-Proto"] = "https",
        ["X-Forwarded-For"] = "192.0.2.7",
      } }).json
    end
    assert.same({ "inside", "http", false, "127.0.0.1" }, ask(app))
    assert.same({ "a.example:8443", "https", true, "192.0.2.7" },
      ask(sio.server { trust_proxy = "loopback" }))
  end))

  it("has a form when it is one", test(function()
    app:post("/", function(req) return { req.form or sio.null, req.form == req.form } end)
    local running = test.start(app)
    local function form(body, kind)
      return running:request("POST", "/", { body = body, headers = {
        ["Content-Type"] = kind or "application/x-www-form-urlencoded",
      } }).json
    end
    assert.same({ { a = "2", b = "ü x", c = "" }, true }, form "a=1&b=%C3%BC+x&a=2&c")
    assert.same({ { a = "1" }, true },
      form("a=1", "Application/X-WWW-Form-URLEncoded; charset=utf-8"))
    assert.same({ sio.null, true }, form("a=1", "text/plain"))
    assert.same({ {}, true }, form(("&"):rep(999)))
    assert.same({ sio.null, true }, form(("&"):rep(1000)))
    assert.same({ {}, true }, form "")
  end))

  it("has cookies and joined fields", test(function()
    app:get("/", function(req)
      return { req.cookies, req.headers["x-a"], req.headers["content-type"] }
    end)
    local answer = test.start(app):request("GET", "/", { headers = {
      Cookie = { "a=1", "b=2" }, ["X-A"] = { "1", "2" }, ["Content-Type"] = { "x/y", "z/z" },
    } })
    assert.same({ { a = "1", b = "2" }, "1, 2", "x/y" }, answer.json)
  end))

  it("has a body of at most max_body bytes", test(function()
    app:post("/", function(req) return #req.body end)
    local running = test.start(app)
    assert.equal("1000", running:request("POST", "/", { body = ("x"):rep(1000) }).body)
    assert.equal(413, running:request("POST", "/", { body = ("x"):rep(1001) }).status)
  end))
end)

describe("routes", function()
  it("know all methods", test(function()
    app:all("/all", function(req) return req.method end)
    app:get("/get", function() return "got" end)
    app:get("/both", function() return "get", 200, { ["X-By"] = "get" } end)
    app:head("/both", function() return "", 200, { ["X-By"] = "head" } end)
    app:options("/options", function() return "mine" end)
    local running = test.start(app)
    local function ask(method, path) return running:request(method, path) end
    for _, method in ipairs { "GET", "PUT", "OPTIONS" } do
      assert.equal(method, ask(method, "/all").body)
    end
    local answer = ask("HEAD", "/get")
    assert.same({ 200, "", "3" }, { answer.status, answer.body, answer.headers["content-length"] })
    assert.equal("head", ask("HEAD", "/both").headers["x-by"])
    assert.equal("get", ask("GET", "/both").headers["x-by"])
    assert.equal("mine", ask("OPTIONS", "/options").body)
    answer = ask("OPTIONS", "/get")
    assert.same({ 204, "GET, HEAD, OPTIONS" }, { answer.status, answer.headers.allow })
    answer = ask("OPTIONS", "*")
    assert.equal(204, answer.status)
    assert.matches("GET, HEAD, OPTIONS", answer.headers.allow)
    answer = ask("POST", "/get")
    assert.same({ 405, "GET, HEAD, OPTIONS" }, { answer.status, answer.headers.allow })
    assert.equal(404, ask("OPTIONS", "/nope").status)
  end))
end)

describe("the times of options", function()
  -- What comes back on a connection that sends `text` and then nothing.
  local function wait_for_end(options, text)
    serve.close(app)
    app = sio.server(options)
    app:all("/", function(req) return #req.body end)
    return serve(app, ([[
      const { connect } = await import("node:net");
      const { once } = await import("node:events");
      const socket = connect(new URL(url).port, "127.0.0.1");
      let got = "";
      socket.on("data", (data) => (got += data));
      socket.write(%s);
      await once(socket, "close");
      return got;
    ]]):format(sio.json.encode(text)))
  end

  it("limit heads, bodies and pauses", function()
    local long = 1000
    local function only(name)
      local options = { head_timeout = long, body_timeout = long, keep_alive_timeout = long }
      options[name] = 0.5 -- the snippet's last request has to be quicker
      return options
    end
    assert.matches("^HTTP/1.1 408 ", wait_for_end(only "head_timeout", "GET / HT"))
    assert.matches("^HTTP/1.1 408 ", wait_for_end(only "body_timeout",
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabc"))
    assert.matches("\r\n\r\n0$", wait_for_end(only "keep_alive_timeout",
      "GET / HTTP/1.1\r\nHost: x\r\n\r\n"))
  end)
end)
