-- SPDX-License-Identifier: MIT
-- Searches for a namespace that is not there: who is asked, in which order, and what becomes of a
-- search whose client, or server, goes meanwhile. With clients in spec/client/parents.test.mjs.

local core = require "sio.core"
local serve = require "support.serve"
local sio = require "sio"

describe("a search for a namespace", function()
  local app
  before_each(function()
    app = sio.server { serve_client = false }
    core.set_log_level "off"
  end)
  after_each(function()
    serve.close(app)
    app = nil
    core.set_log_level "info"
  end)

  it("asks parents in order, and functions for each client that is not in yet", function()
    local asked = {}
    local function ask(which, yes)
      app:of(function(name, auth)
        asked[#asked + 1] = which .. name .. (auth.token or "")
        if auth.wait then sio.sleep(0.001) end
        return yes(name)
      end)
    end
    ask("a ", function(name) return name == "/a" end)
    app:of "^/p"
    ask("b ", function() return true end)
    local parents = {}
    app:on("new_namespace", function(nsp) parents[nsp.name] = nsp.parent.name end)
    serve(app, [[
      await client({ token: 1 }, "/a");
      await client({ token: 2 }, "/a"); // is there
      await client({ token: 3 }, "/p");
      await client({ token: 4, wait: true }, "/x");
    ]])
    assert.same({ "a /a1", "a /p3", "a /x4", "b /x4" }, asked)
    assert.same({ ["/a"] = "/_0", ["/p"] = "/_1", ["/x"] = "/_2" }, parents)
  end)

  it("takes an error for a no, and tells of it", function()
    local errs = {}
    app:on_error(function(message, context) errs[#errs + 1] = context.what .. ": " .. message end)
    app:of(function(_, auth)
      if auth.wait then sio.sleep(0.001) end
      error "on purpose"
    end)
    app:of(function(name) return name == "/yes" end)
    local answers = serve(app, [==[
      const answers = [];
      for (const [auth, name] of [[{}, "/no"], [{ wait: true }, "/no"], [{}, "/yes"]])
        answers.push((await client(auth, name)).error ?? "in");
      return answers;
    ]==])
    assert.same({ { message = "Invalid namespace" }, { message = "Invalid namespace" }, "in" },
      answers)
    assert.equal(3, #errs)
    for _, err in ipairs(errs) do
      assert.matches("^namespace function: .*lookup_spec%.lua:%d+: on purpose", err)
    end
  end)

  it("finds what was made meanwhile", function()
    app:of(function(name)
      app:of(name) -- the app's own from now on
      return false
    end)
    local answer = serve(app, [[return (await client({}, "/late")).error ?? "in"]])
    assert.equal("in", answer)
    assert.is_nil(app:of("/late").parent)
  end)

  it("comes to nothing when its client has gone", function()
    local made, ended = 0, 0
    local go
    app:on("new_namespace", function() made = made + 1 end)
    app:of(function()
      while not go do sio.sleep(0.001) end
      ended = ended + 1
      return true
    end)
    app:get("/go", function()
      go = true
      while ended < 2 do sio.sleep(0.001) end
      return {}
    end)
    local before = (core.handle_count())
    serve(app, [[
      const http = "/socket.io/?EIO=4&transport=polling";
      const { sid } = JSON.parse((await request(http)).body.slice(1));
      await request(http + "&sid=" + sid, { method: "POST", body: "40/a,\x1e40/b,\x1e40/a," });
      await request(http + "&sid=" + sid, { method: "POST", body: "1" });
      await request("/go");
    ]])
    assert.same({ 0, 2 }, { made, ended })
    assert.is_nil(next(app._children))
    assert.equal(0, app._searching)
    assert.is_true((core.handle_count()) <= before + 2)
  end)

  it("may lose its client while the app hears of the new namespace", function()
    local parent = app:of "^/game"
    app:on("new_namespace", function(nsp)
      nsp:on("connection", function() error "nobody comes" end)
      for _, socket in pairs(app.sockets) do socket:disconnect(true) end
    end)
    local errs = 0
    app:on_error(function() errs = errs + 1 end)
    serve(app, [[
      const c = await client();
      c.post("40/game-1,");
      await c.closed;
    ]])
    serve.wait(function(done)
      sio.sleep(0.001)
      done()
    end)
    assert.same({}, parent.children)
    assert.equal(0, errs)
  end)

  it("outlives its server without harm", function()
    local entered, go
    app:of(function()
      entered = true
      while not go do sio.sleep(0.001) end
      return true
    end)
    app:get("/entered", function()
      while not entered do sio.sleep(0.001) end
      return {}
    end)
    serve(app, [[
      const http = "/socket.io/?EIO=4&transport=polling";
      const { sid } = JSON.parse((await request(http)).body.slice(1));
      await request(http + "&sid=" + sid, { method: "POST", body: "40/a," });
      await request("/entered");
    ]])
    local old = app
    serve.close(app)
    go = true
    app = sio.server { serve_client = false }
    serve.wait(function(done)
      while old._searching > 0 do sio.sleep(0.001) end
      done()
    end)
    assert.is_nil(next(old._children))
  end)

  it("has a limit", function()
    app:of(function() return true end)
    app._searching = 10000
    local error = serve(app, [[return (await client({}, "/a")).error]])
    assert.same({ message = "internal error" }, error)
    app._searching = 9999
    assert.equal("in", serve(app, [[return (await client({}, "/a")).error ?? "in"]]))
    assert.equal(9999, app._searching)
  end)
end)
