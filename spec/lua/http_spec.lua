-- SPDX-License-Identifier: MIT
-- HTTP of the application: routes and the browser client. Folders: http_static_spec.lua.

local core = require "sio.core"
local serve = require "support.serve"
local sio = require "sio"

local app, dir

local function write(name, content)
  local file = assert(io.open(dir .. "/" .. name, "w"))
  file:write(content)
  file:close()
end

before_each(function()
  core.set_log_level "off"
  app = sio.server()
  dir = os.tmpname()
  os.remove(dir)
end)
after_each(function()
  serve.close(app)
  os.execute("rm -rf " .. dir)
  core.set_log_level "info"
end)

-- status, headers and body of each request
local function ask(requests)
  return serve(app, ([[
    const answers = [];
    for (const [path, options] of %s) answers.push(await request(path, options));
    return answers;
  ]]):format(sio.json.encode(requests)))
end

describe("routes", function()
  it("answer with what handlers return", function()
    app:get("/text", function() return "plain" end)
    app:get("/html", function() return "<h1>hi</h1>" end)
    app:get("/json", function() return { a = {}, b = sio.null } end)
    app:get("/true", function() return true end)
    app:get("/bytes", function() return sio.binary "\1\2" end)
    app:get("/nothing", function() end)
    app:get("/status", function()
      return "made", 201, { ["X-A"] = 1, ["Set-Cookie"] = { "a=1", "b=2" } }
    end)
    app:get("/type", function() return "a,b", 200, { ["content-type"] = "text/csv" } end)
    app:get("/slow", function() sio.sleep(0.005) return "slow" end)
    local a = ask {
      { "/text" }, { "/html" }, { "/json" }, { "/true" }, { "/bytes" }, { "/nothing" },
      { "/status" }, { "/type" }, { "/slow" },
    }
    assert.equal("plain", a[1].body)
    assert.equal("text/plain; charset=utf-8", a[1].headers["content-type"])
    assert.equal("text/html; charset=utf-8", a[2].headers["content-type"])
    assert.same({ a = {}, b = sio.null }, sio.json.decode(a[3].body))
    assert.matches('"a":%[%]', a[3].body)
    assert.equal("application/json; charset=utf-8", a[3].headers["content-type"])
    assert.equal("true", a[4].body)
    assert.equal("application/octet-stream", a[5].headers["content-type"])
    assert.equal(204, a[6].status)
    assert.equal(201, a[7].status)
    assert.equal("1", a[7].headers["x-a"])
    assert.same({ "a=1", "b=2" }, a[7].headers["set-cookie"])
    assert.equal("text/csv", a[8].headers["content-type"])
    assert.equal("slow", a[9].body)
  end)

  it("match paths and methods", function()
    app:get("/users/:id/posts/:post_id", function(req) return req.params end)
    app:post("/users", function(req) return { req.json, req.headers["content-type"] } end)
    app:put("/users", function(req) return req.json == nil end)
    app:delete("/users", function(req) return #req.body end)
    app:patch("/a.b+c", function() return "patched" end)
    app:get("/query", function(req)
      return { req.query, req.method, req.path, req.url, req.address }
    end)
    local a = ask {
      { "/users/a%20b/posts/7" },
      { "/users", { method = "POST", body = '{"a":[1]}' } },
      { "/users", { method = "PUT", body = "{" } },
      { "/users", { method = "DELETE", body = "12345" } },
      { "/a.b+c", { method = "PATCH" } }, { "/axb+c", { method = "PATCH" } },
      { "/query?a=1&b=%C3%BC+x&a=2" }, { "/users" }, { "/users/1/posts/" }, { "/nope" },
      { "/query", { method = "HEAD" } },
    }
    assert.same({ id = "a b", post_id = "7" }, sio.json.decode(a[1].body))
    assert.same({ { a = { 1 } }, "text/plain;charset=UTF-8" }, sio.json.decode(a[2].body))
    assert.equal("true", a[3].body)
    assert.equal("5", a[4].body)
    assert.equal("patched", a[5].body)
    assert.equal(404, a[6].status)
    assert.same({
      { a = "2", b = "ü x" }, "GET", "/query", "/query?a=1&b=%C3%BC+x&a=2", "127.0.0.1",
    }, sio.json.decode(a[7].body))
    assert.equal(405, a[8].status)
    assert.equal("DELETE, OPTIONS, POST, PUT", a[8].headers.allow)
    assert.equal(404, a[9].status)
    assert.equal(404, a[10].status)
    assert.equal(200, a[11].status)
    assert.equal("", a[11].body)
  end)

  it("that fail answer 500 and say no more", function()
    local seen = {}
    app:on_error(function(message, context) seen[#seen + 1] = context.what .. ": " .. message end)
    app:get("/boom", function() error "secret" end)
    app:get("/status", function() return "x", "200" end)
    app:get("/header", function() return "x", 200, { ["X-A"] = "a\r\nB: c" } end)
    app:get("/body", function() return coroutine.create(print) end)
    app:get("/list", function() return "x", 200, { ["X-A"] = { "a", 5 } } end)
    local paths = { { "/boom" }, { "/status" }, { "/header" }, { "/body" }, { "/list" } }
    for _, answer in ipairs(ask(paths)) do
      assert.equal(500, answer.status)
      assert.not_matches("secret", answer.body)
      assert.is_nil(answer.headers.b)
    end
    assert.matches("^request handler GET /boom: .*secret", seen[1])
    assert.matches("second result is the HTTP status", seen[2])
    assert.matches("line break", seen[3])
    assert.matches("a thread cannot be encoded", seen[4])
    assert.matches("header X%-A: a list of strings expected, got number in it", seen[5])
  end)

  it("that wait do not keep a closing server open", function()
    local waits
    app:get("/wait", function()
      waits = true
      sio.sleep(1000)
    end)
    app:get("/drop", function()
      while not waits do sio.sleep(0.001) end
      core.server_drop_requests(app)
      return "too late"
    end)
    local statuses = serve(app, [[
      const answers = await Promise.all([request("/wait"), request("/drop")]);
      return answers.map((a) => a.status);
    ]])
    assert.same({ 503, 503 }, statuses)
  end)

  it("refuse what is no route", function()
    assert.error_matches(function() app:get("x", print) end, "a path begins with '/'")
    assert.error_matches(function() app:get("/x") end, "function expected, got nil")
  end)
end)

describe("the browser client", function()
  local real = package.path

  -- A module tree with a client of its own, so that nothing depends on what `make client` did.
  local function fake(version)
    assert(os.execute("mkdir -p " .. dir .. "/sio/client"))
    write("sio/init.lua", "")
    if version then write("sio/client/version", version .. "\n") end
    write("sio/client/socket.io.min.js", ("io;"):rep(1000))
    package.path = dir .. "/?/init.lua"
    local made = sio.server()
    package.path = real
    serve.close(app)
    app = made
  end
  after_each(function() package.path = real end)

  it("is served as upstream does", function()
    fake "4.8.9"
    local file = "/socket.io/socket.io.min.js"
    local function with(name, value) return { file, { headers = { [name] = value } } } end
    local a = ask {
      { file .. "?x", { headers = { ["Accept-Encoding"] = "identity" } } },
      with("Accept-Encoding", "gzip, deflate, br"), with("Accept-Encoding", "gzip;q=0, deflate"),
      with("If-None-Match", '"4.8.9"'), with("If-None-Match", 'W/"4.8.9"'),
      with("If-None-Match", '"4.8.8"'), { file .. ".map" }, { file, { method = "POST" } },
      { "/socket.io/other.js" },
    }
    local js = ("io;"):rep(1000)
    assert.equal(js, a[1].body)
    assert.equal('"4.8.9"', a[1].headers.etag)
    assert.equal("public, max-age=0", a[1].headers["cache-control"])
    assert.equal("application/javascript; charset=utf-8", a[1].headers["content-type"])
    assert.equal(js, a[2].body)
    assert.equal(core.choose_coding("br, gzip"), a[2].headers["content-encoding"])
    assert.equal(js, a[3].body)
    assert.equal("deflate", a[3].headers["content-encoding"])
    assert.same({ 304, 304, 200, 404, 405, 400 },
      { a[4].status, a[5].status, a[6].status, a[7].status, a[8].status, a[9].status })
  end)

  it("that is absent is explained", function()
    fake(nil)
    local a = ask { { "/socket.io/socket.io.min.js" }, { "/socket.io/socket.io.js" } }
    for i = 1, 2 do
      assert.equal(404, a[i].status)
      assert.matches("make client", a[i].body)
      assert.matches("make dist", a[i].body)
    end
  end)
end)
