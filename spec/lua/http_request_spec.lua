-- SPDX-License-Identifier: MIT
-- What a handler gets to know of a request, and which handler gets it.

local core = require "sio.core"
local serve = require "support.serve"
local sio = require "sio"

local app

before_each(function()
  core.set_log_level "off"
  app = sio.server { max_body = 1000 }
end)
after_each(function()
  serve.close(app)
  core.set_log_level "info"
end)

-- status, headers and body of each request, each on a connection of its own
local function ask(requests)
  return serve(app, ([[
    const http = await import("node:http");
    const { port } = new URL(url);
    const answers = [];
    for (const [path, { body, ...options } = {}] of %s) {
      answers.push(await new Promise((resolve, reject) => {
        const req = http.request({ port, path, host: "127.0.0.1", ...options }, (res) => {
          const { statusCode: status, headers } = res;
          let text = "";
          res.on("data", (data) => (text += data));
          res.on("end", () => resolve({ status, headers, body: text }));
        });
        req.on("error", reject);
        req.end(body);
      }));
    }
    return answers;
  ]]):format(sio.json.encode(requests)))
end

describe("a request", function()
  it("has its parts", function()
    app:post("/a b/:id", function(req)
      return { req.method, req.path, req.raw_path, req.url, req.query, req.params, req.host,
        req.protocol, req.secure, req.address, req.nothing == nil }
    end)
    local a = ask { { "/a%20b/x%2fy?q=1+2", { method = "POST", headers = { Host = "h:1" } } } }
    assert.same({ "POST", "/a b/x/y", "/a%20b/x%2fy", "/a%20b/x%2fy?q=1+2", { q = "1 2" },
      { id = "x/y" }, "h:1", "http", false, "127.0.0.1", true }, sio.json.decode(a[1].body))
  end)

  it("tells what a trusted proxy says", function()
    local function where(req) return { req.host, req.protocol, req.secure, req.address } end
    local headers = {
      Host = "inside", ["X-Forwarded-Host"] = "a.example:8443", ["X-Forwarded-Proto"] = "https",
      ["X-Forwarded-For"] = "192.0.2.7",
    }
    app:get("/", where)
    local plain = ask { { "/", { headers = headers } } }
    assert.same({ "inside", "http", false, "127.0.0.1" }, sio.json.decode(plain[1].body))
    serve.close(app)
    app = sio.server { trust_proxy = "loopback" }
    app:get("/", where)
    local proxied = ask { { "/", { headers = headers } } }
    assert.same({ "a.example:8443", "https", true, "192.0.2.7" },
      sio.json.decode(proxied[1].body))
  end)

  it("has a form when it is one", function()
    app:post("/", function(req) return { req.form or sio.null, req.form == req.form } end)
    local function form(body, kind)
      return { "/", { method = "POST", body = body,
        headers = { ["Content-Type"] = kind or "application/x-www-form-urlencoded" } } }
    end
    local a = ask {
      form "a=1&b=%C3%BC+x&a=2&c", form("a=1", "Application/X-WWW-Form-URLEncoded; charset=utf-8"),
      form("a=1", "text/plain"), form(("&"):rep(999)), form(("&"):rep(1000)), form "",
    }
    assert.same({ { a = "2", b = "ü x", c = "" }, true }, sio.json.decode(a[1].body))
    assert.same({ { a = "1" }, true }, sio.json.decode(a[2].body))
    assert.same({ sio.null, true }, sio.json.decode(a[3].body))
    assert.same({ {}, true }, sio.json.decode(a[4].body))
    assert.same({ sio.null, true }, sio.json.decode(a[5].body))
    assert.same({ {}, true }, sio.json.decode(a[6].body))
  end)

  it("has cookies and joined fields", function()
    app:get("/", function(req)
      return { req.cookies, req.headers["x-a"], req.headers["content-type"] }
    end)
    local a = ask { { "/", { headers = {
      Cookie = { "a=1", "b=2" }, ["X-A"] = { "1", "2" }, ["Content-Type"] = { "x/y", "z/z" },
    } } } }
    assert.same({ { a = "1", b = "2" }, "1, 2", "x/y" }, sio.json.decode(a[1].body))
  end)

  it("has a body of at most max_body bytes", function()
    app:post("/", function(req) return #req.body end)
    local a = ask {
      { "/", { method = "POST", body = ("x"):rep(1000) } },
      { "/", { method = "POST", body = ("x"):rep(1001) } },
    }
    assert.equal("1000", a[1].body)
    assert.equal(413, a[2].status)
  end)
end)

describe("routes", function()
  it("know all methods", function()
    app:all("/all", function(req) return req.method end)
    app:get("/get", function() return "got" end)
    app:get("/both", function() return "get", 200, { ["X-By"] = "get" } end)
    app:head("/both", function() return "", 200, { ["X-By"] = "head" } end)
    app:options("/options", function() return "mine" end)
    local function of(method, path) return { path, { method = method } } end
    local a = ask {
      of("GET", "/all"), of("PUT", "/all"), of("OPTIONS", "/all"), of("HEAD", "/get"),
      of("HEAD", "/both"), of("GET", "/both"), of("OPTIONS", "/options"), of("OPTIONS", "/get"),
      of("OPTIONS", "*"), of("POST", "/get"), of("OPTIONS", "/nope"),
    }
    assert.equal("GET", a[1].body)
    assert.equal("PUT", a[2].body)
    assert.equal("OPTIONS", a[3].body)
    assert.same({ 200, "", "3" }, { a[4].status, a[4].body, a[4].headers["content-length"] })
    assert.equal("head", a[5].headers["x-by"])
    assert.equal("get", a[6].headers["x-by"])
    assert.equal("mine", a[7].body)
    assert.same({ 204, "GET, HEAD, OPTIONS" }, { a[8].status, a[8].headers.allow })
    assert.equal(204, a[9].status)
    assert.matches("GET, HEAD, OPTIONS", a[9].headers.allow)
    assert.same({ 405, "GET, HEAD, OPTIONS" }, { a[10].status, a[10].headers.allow })
    assert.equal(404, a[11].status)
  end)
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
