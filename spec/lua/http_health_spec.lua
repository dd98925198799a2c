-- SPDX-License-Identifier: MIT
-- app:health: what balancers are told.

local core = require "sio.core"
local host = require "sio.host"
local serve = require "support.serve"
local sio = require "sio"

local app, failures

before_each(function()
  core.set_log_level "off"
  failures = {}
  app = sio.server()
  app:on_error(function(message, context)
    failures[#failures + 1] = { context.what, message:match "^[^\n]*" }
  end)
end)
after_each(function()
  host.stopping = false
  serve.close(app)
  core.set_log_level "info"
end)

-- "200 {...}" of each request, one after the other or all at once
local function ask(requests, together)
  return serve(app, ([[
    const one = async ([path, options]) => {
      const { status, body } = await request(path, options);
      return `${status} ${body}`;
    };
    const list = %s;
    if (%s) return Promise.all(list.map(one));
    const answers = [];
    for (const each of list) answers.push(await one(each));
    return answers;
  ]]):format(sio.json.encode(requests), together and true or false))
end

describe("health", function()
  it("is 200 for GET and HEAD, and for nobody else", function()
    app:health "/health"
    local a = serve(app, [[
      const answers = [];
      for (const method of ["GET", "HEAD", "POST"]) {
        answers.push(await request("/health?a=b", { method }));
      }
      return answers;
    ]])
    assert.equal(200, a[1].status)
    assert.equal('{"status":"ready"}', a[1].body)
    assert.equal("application/json; charset=utf-8", a[1].headers["content-type"])
    assert.equal("no-store", a[1].headers["cache-control"])
    assert.equal(200, a[2].status)
    assert.equal("", a[2].body)
    assert.equal("18", a[2].headers["content-length"])
    assert.equal(405, a[3].status)
    assert.equal("GET, HEAD, OPTIONS", a[3].headers.allow)
  end)

  it("is not there unless it is asked for", function()
    assert.same({ "404 Not Found\n" }, ask { { "/health" } })
  end)

  it("is 503 while the worker drains", function()
    app:health "/health"
    host.stopping = true
    assert.same({ '503 {"status":"draining"}' }, ask { { "/health" } })
  end)

  it("is 503 as soon as the server closes", function()
    app:health "/health"
    app._closing = true -- and as long as its last requests are answered
    local answers = ask { { "/health" } }
    app._closing = nil
    assert.same({ '503 {"status":"draining"}' }, answers)
  end)

  it("is 503 until it listens", function()
    app:health "/health"
    app:get("/unready", function() app._ready = nil return "as before" end)
    assert.same({ "200 as before", '503 {"status":"starting"}' },
      ask { { "/unready" }, { "/health" } })
  end)
end)

describe("a check of the application", function()
  it("decides, and may wait", function()
    local verdicts = { { true }, { nil, "no database" }, { false }, { 1, "fine" }, {} }
    local n = 0
    app:health("/health", function()
      n = n + 1
      sio.sleep(0.001)
      return table.unpack(verdicts[n], 1, 2)
    end)
    local path = { "/health" }
    assert.same({
      '200 {"status":"ready"}', '503 {"status":"failing","error":"no database"}',
      '503 {"status":"failing"}', '200 {"status":"ready"}', '503 {"status":"failing"}',
    }, ask { path, path, path, path, path })
  end)

  it("that raises is reported and fails", function()
    app:health("/health", function() error "secret" end)
    assert.same({ '503 {"status":"failing","error":"the check raised an error"}' },
      ask { { "/health" } })
    assert.equal("health check", failures[1][1])
    assert.matches("secret$", failures[1][2])
  end)

  it("has its time, and is not started again before it has ended", function()
    local runs, resume = 0, nil
    app:health("/health", function()
      runs = runs + 1
      if runs > 1 then return true end
      resume = core.job.ticket()
      core.job.wait(resume)
      return true
    end, { timeout = 0.02 })
    app:get("/resume", function() core.job.wake(resume) return "resumed" end)
    local path = { "/health" }
    assert.same({
      '503 {"status":"failing","error":"no result within 0.02 s"}',
      '503 {"status":"failing","error":"the last check has not ended yet"}',
      "200 resumed", '200 {"status":"ready"}',
    }, ask { path, path, { "/resume" }, path })
    assert.equal(2, runs)
  end)

  it("runs once for all who ask at the same time", function()
    local runs, asked, ticket = 0, 0, nil
    app:health("/health", function()
      runs = runs + 1
      ticket = core.job.ticket()
      core.job.wait(ticket)
      return nil, "run " .. runs
    end)
    -- All of them have come before the check ends: the router sees each request first.
    local add = app._router.routes[1]
    local handler = add.handler
    add.handler = function(req)
      asked = asked + 1
      if asked == 5 then sio.after(0, function() core.job.wake(ticket) end) end
      return handler(req)
    end
    local path, same = { "/health" }, '503 {"status":"failing","error":"run 1"}'
    assert.same({ same, same, same, same, same }, ask({ path, path, path, path, path }, true))
    assert.equal(1, runs)
  end)

  it("is not run while the worker drains, and is overruled when it begins to", function()
    local runs = 0
    app:health("/health", function()
      runs = runs + 1
      host.stopping = true
      return nil, "late"
    end)
    local path, drains = { "/health" }, '503 {"status":"draining"}'
    assert.same({ drains, drains }, ask { path, path })
    assert.equal(1, runs)
  end)

  it("tells 200 bytes of what is wrong, and nothing that is no text", function()
    local object = setmetatable({}, { __tostring = function() return "t" end })
    local errs = { ("x"):rep(201), "\xff", object }
    local n = 0
    app:health("/health", function() n = n + 1 return nil, errs[n] end)
    local path = { "/health" }
    local a = ask { path, path, path }
    assert.equal(('503 {"status":"failing","error":"%s"}'):format(("x"):rep(200)), a[1])
    assert.matches("^503", a[2])
    assert.equal('503 {"status":"failing","error":"t"}', a[3])
  end)
end)

describe("app:health", function()
  local function raises(expected, ...)
    local ok, err = pcall(app.health, ...)
    assert.is_false(ok)
    assert.matches(expected, err, 1, true)
  end

  it("checks what it is given", function()
    raises("bad self to 'health'", "/health")
    raises("bad argument #1 to 'health' (string expected, got nil)", app)
    raises("a path begins with '/'", app, "health")
    raises("bad argument #2 to 'health' (function expected, got table)", app, "/h", {})
    raises("bad argument #3 to 'health' (table expected, got number)", app, "/h", print, 1)
    raises("unknown option 'timeuot' (did you mean 'timeout'?)", app, "/h", print, { timeuot = 1 })
    raises("more than 0 seconds expected", app, "/h", print, { timeout = 0 })
    raises("seconds, not milliseconds?", app, "/h", print, { timeout = 5000 })
  end)

  it("returns the server, and may be there twice", function()
    local alive = function() return true end
    assert.equal(app, app:health("/live", alive):health("/ready"))
    assert.same({ '200 {"status":"ready"}', '200 {"status":"ready"}' },
      ask { { "/live" }, { "/ready" } })
  end)
end)
