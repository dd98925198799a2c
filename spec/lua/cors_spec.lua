-- SPDX-License-Identifier: MIT
-- The option `cors`: npm's fields, and who may open a WebSocket.

local ask = require "support.ask"
local serve = require "support.serve"
local sio = require "sio"

describe("cors", function()
  local app
  after_each(function() serve.close(app) end)

  -- The answers to a snippet, each with status and the fields that cors knows, as text.
  local function answers(cors, snippet)
    app = sio.server { cors = cors }
    local list = ask(app, snippet)
    for i, answer in ipairs(list) do
      local text = tostring(answer.status)
      for _, name in ipairs { "allow-origin", "allow-credentials", "allow-methods", "allow-headers",
        "expose-headers", "max-age" } do
        local value = answer.headers["access-control-" .. name]
        if value then text = text .. " " .. name .. "=" .. value end
      end
      local vary = answer.headers.vary
      list[i] = text .. (vary and " vary=" .. vary or "")
    end
    serve.close(app)
    return list
  end

  -- GET with a good origin, with another, without; a preflight; a refused request.
  local usual = [[
    const preflight = { Origin: "http://good", "Access-Control-Request-Headers": "x-a,x-b" };
    return [await poll("", { Origin: "http://good" }), await poll("", { Origin: "http://evil" }),
      await poll(), await ask("OPTIONS", path + "polling", preflight),
      await poll("&transport=tcp", { Origin: "http://good" })];
  ]]
  local methods = " allow-methods=GET,HEAD,PUT,PATCH,POST,DELETE"
  local both = " vary=Origin, Access-Control-Request-Headers"

  it("is off", function()
    assert.same({ "200", "200", "200", "400", "400" }, answers(nil, usual))
  end)

  it("opens for everybody", function()
    local open = " allow-origin=*"
    for _, cors in ipairs { true, { origin = "*" } } do
      assert.same({
        "200" .. open, "200" .. open, "200" .. open,
        "204" .. open .. methods .. " allow-headers=x-a,x-b vary=Access-Control-Request-Headers",
        "400" .. open,
      }, answers(cors, usual))
    end
  end)

  it("reflects", function()
    local good = " allow-origin=http://good"
    assert.same({
      "200" .. good .. " vary=Origin", "200 allow-origin=http://evil vary=Origin",
      "200 vary=Origin", "204" .. good .. methods .. " allow-headers=x-a,x-b" .. both,
      "400" .. good .. " vary=Origin",
    }, answers({ origin = true }, usual))
  end)

  it("names one origin", function()
    local good = " allow-origin=http://good vary=Origin"
    assert.same({
      "200" .. good, "403" .. good, "200" .. good,
      "204 allow-origin=http://good" .. methods .. " allow-headers=x-a,x-b" .. both, "400" .. good,
    }, answers({ origin = "http://good" }, usual))
    assert.equal("200" .. good,
      answers({ origin = "http://good", strict_origin = false }, usual)[2])
  end)

  it("chooses by list, pattern and function", function()
    local rules = {
      { "http://other", "http://good" }, { pattern = "^http://g" },
      { "http://other", { pattern = "d$" } },
      function(origin, req)
        sio.sleep(0.01)
        return origin == "http://good" and req.path == "/socket.io/" and { "http://good" }
          or origin == nil and true or {}
      end,
    }
    for _, rule in ipairs(rules) do
      local got = answers({ origin = rule, credentials = true }, usual)
      local with = " allow-credentials=true"
      assert.same({
        "200 allow-origin=http://good" .. with .. " vary=Origin", "403" .. with .. " vary=Origin",
        "200" .. with .. " vary=Origin",
      }, { got[1], got[2], got[3] })
    end
  end)

  it("takes all of its options", function()
    local got = answers({
      origin = "http://good", methods = { "GET", "POST" }, allowed_headers = { "x-c", "x-d" },
      exposed_headers = "x-e", max_age = 60, options_success_status = 200, credentials = true,
    }, usual)
    assert.equal("200 allow-origin=http://good allow-credentials=true expose-headers=x-e "
      .. "vary=Origin", got[1])
    assert.equal("200 allow-origin=http://good allow-credentials=true allow-methods=GET,POST "
      .. "allow-headers=x-c,x-d expose-headers=x-e max-age=60 vary=Origin", got[4])
    assert.matches("^400 allow%-origin=http://good allow%-methods",
      answers({ origin = "http://good", preflight_continue = true }, usual)[4])
  end)

  it("may be a function of the request", function()
    local function cors(req)
      sio.sleep(0.01)
      if req.query.fail then return nil, "no" end
      return { origin = req.headers.origin == "http://good" and "http://good" or false }
    end
    local got = answers(cors, [[
      return [await poll("", { Origin: "http://good" }), await poll("", { Origin: "http://evil" }),
        await poll("&fail=1")];
    ]])
    assert.same({ "200 allow-origin=http://good vary=Origin", "403", "400" }, got)
  end)

  it("guards WebSockets", function()
    local tries = [[
      const from = async (headers) => (await websocket("", headers)).status;
      return [
        await from({ Origin: "http://good" }), await from({ Origin: "http://evil" }),
        await from({}), await from({ Origin: "null" }),
        await from({ Origin: "https://my.host", Host: "my.host:443" }),
        await from({ Origin: "https://my.host:8443", Host: "my.host" }),
      ];
    ]]
    local function statuses(cors)
      app = sio.server { cors = cors }
      local got = ask(app, tries)
      serve.close(app)
      return got
    end
    assert.same({ 101, 101, 101, 101, 101, 101 }, statuses(nil))
    assert.same({ 101, 101, 101, 101, 101, 101 }, statuses { origin = "*" })
    assert.same({ 101, 101, 101, 101, 101, 101 }, statuses { origin = true })
    assert.same({ 101, 403, 101, 403, 101, 403 }, statuses { origin = "http://good" })
    assert.same({ 403, 403, 101, 403, 101, 403 }, statuses { origin = false })
    assert.same({ 101, 101, 101, 101, 101, 101 },
      statuses { origin = "http://good", strict_origin = false })
  end)

  it("guards scripts, which send no Origin (JSONP)", function()
    local tries = [[
      const from = async (headers) => (await poll("&j=0", headers)).status;
      return [
        await from({ Referer: "http://good/a/b?c" }), await from({ Referer: "http://good.evil/" }),
        await from({}), await from({ Origin: "http://good" }),
        await from({ Referer: "https://my.host/", Host: "my.host" }),
        await from({ Referer: "http://good@evil/", Host: "my.host" }),
      ];
    ]]
    local function statuses(cors)
      app = sio.server { cors = cors }
      local got = ask(app, tries)
      serve.close(app)
      return got
    end
    local guarded = { 200, 403, 403, 200, 200, 403 }
    assert.same({ 200, 200, 200, 200, 200, 200 }, statuses(nil))
    assert.same({ 200, 200, 200, 200, 200, 200 }, statuses { origin = "*" })
    assert.same(guarded, statuses { origin = "http://good" })
    assert.same(guarded, statuses { origin = function(origin)
      return origin == nil or origin == "http://good"
    end })
    assert.same({ 200, 200, 200, 200, 200, 200 },
      statuses { origin = "http://good", strict_origin = false })
  end)

  it("does not stop the posts of a session", function()
    app = sio.server { cors = { origin = "http://good" } }
    local got = ask(app, [[
      const sid = sid_of(await poll());
      const evil = { Origin: "http://evil" };
      const post = await ask("POST", path + "polling&sid=" + sid, evil, "40");
      return [post.status, (await websocket("&sid=" + sid, evil)).status];
    ]])
    assert.same({ 200, 403 }, got)
  end)

  it("is on the browser client, too", function()
    local got = answers({ origin = "http://good" }, [[
      const file = "/socket.io/socket.io.js";
      return [await ask("GET", file, { Origin: "http://evil" }),
        await ask("OPTIONS", file, { Origin: "http://good" })];
    ]])
    assert.matches("^200 allow%-origin=http://good vary=", got[1])
    assert.matches("^204 allow%-origin=http://good allow%-methods=", got[2])
  end)

  it("checks what a function answers, too", function()
    app = sio.server { cors = function(req)
      return ({ status = { options_success_status = "200" }, typo = { orign = "http://good" },
        rule = { origin = "good.example" }, list = { origin = { 1 } } })[req.query.cors]
    end }
    local messages = {}
    app:on_error(function(message) messages[#messages + 1] = message:match "option '.-': [^\n]*"
      or message:match "unknown option '.-'" end)
    local got = ask(app, [[
      const options = (query) => ask("OPTIONS", path + "polling" + query, { Origin: "http://x" });
      return [(await options("&cors=status")).status, (await options("&cors=typo")).status,
        (await options("&cors=rule")).status, (await options("&cors=list")).status];
    ]])
    assert.same({ 400, 400, 400, 400 }, got)
    assert.matches("^option 'cors%.options_success_status': number expected", messages[1])
    assert.matches("^unknown option 'cors%.orign'", messages[2])
    assert.matches("^option 'cors%.origin': .*http", messages[3])
    assert.matches("^option 'cors%.origin': ", messages[4])
  end)

  it("raises for origins that no browser names", function()
    local function refuses(origin, expected)
      assert.error_matches(function() sio.server { cors = { origin = origin } } end, expected)
    end
    local an_origin = "option 'cors%.origin': an origin like \"https://example%.com\""
    refuses("https://example.com/", an_origin .. ".*without a path.*got \"https://example%.com/\"")
    refuses({ "http://good", "https://example.com/app" }, an_origin)
    refuses("https://Example.com", an_origin .. ".*in lower case")
    refuses("example.com", an_origin)
    refuses("https://example.com:443", "a browser leaves out the port 443 of https")
    refuses("http://example.com:80", "a browser leaves out the port 80 of http")
    refuses({ "http://good", "*" }, "\"%*\" stands alone")
    for _, good in ipairs { "*", "null", "http://[::1]:3000", "capacitor://localhost" } do
      sio.server({ cors = { origin = good } }):close()
    end
  end)

  it("raises for what it does not know", function()
    local function refuses(cors, expected)
      assert.error_matches(function() sio.server { cors = cors } end, expected)
    end
    refuses({ origin = 1 }, "option 'cors%.origin'")
    refuses({ origin = { pattern = "(" } },
      "option 'cors%.origin': pattern: a Lua pattern expected")
    refuses({ methods = { 1 } }, "option 'cors%.methods': a string or list of strings expected")
    refuses({ allowedHeaders = "x" }, "unknown option 'cors%.allowedHeaders'.*'allowed_headers'")
    refuses({ max_age = math.huge }, "option 'cors%.max_age': a whole number")
    refuses({ options_success_status = 404 }, "option 'cors%.options_success_status'")
    refuses("*", "option 'cors': boolean or table or function expected, got string")
  end)
end)
