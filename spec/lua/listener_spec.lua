-- SPDX-License-Identifier: MIT
-- An event with one listener takes a short way through C. It must not show: each row is tried on
-- both ways, the long one being that of a socket with a middleware that lets all pass.

local serve = require "support.serve"
local sio = require "sio"

local app, errors
before_each(function()
  errors = {}
  app = serve.open()
  app:on_error(function(message) errors[#errors + 1] = message:match "[^\n]*" end)
end)
after_each(function() serve.close(app) end)

-- What a handler returns: what the client gets for ask("e", "x", { y = 1 }), or the error.
local handlers = {
  nothing = { function() end },
  ["nil"] = { function() return nil end, { sio.null } },
  ["its argument"] = { function(x) return x end, { "x" } },
  ["all arguments"] = { function(x, t) return x, t end, { "x", { y = 1 } } },
  ["all that there is"] = { function(...) return ... end, { "x", { y = 1 } } },
  ["how much there is"] = { function(...) return select("#", ...) end, { 3 } },
  ["a function"] = { function() return print end, nil, "argument 1: a function cannot be encoded" },
  ["after a while"] = { function(x) sio.sleep(0) return x, "later" end, { "x", "later" } },
  ["ack, called"] = { function(_, _, ack) ack(1) end, { 1 } },
  ["ack, called twice"] = { function(_, _, ack) ack(1) ack(2) return 3 end, { 1 } },
  ["ack, not called"] = { function(_, _, ack) return type(ack) end, { "function" } },
  ["ack itself"] = { function(_, _, ack) return ack end, {} },
  ["ack, later"] = { function(_, _, ack) sio.after(0, ack) end, {} },
  ["more than there is"] = { function(_, _, _, more) return more == nil end, { true } },
  ["of C"] = { math.type, { sio.null } },
  failing = { function() error("boom", 0) end, nil, "boom" },
  ["failing after a while"] = { function() sio.sleep(0) error("boom", 0) end, nil, "boom" },
}

local names = {}
for name in pairs(handlers) do names[#names + 1] = name end
table.sort(names)

-- The answers by name: "end" where there is none.
local function ask()
  return serve(app, ([[
    const c = await client();
    const got = {};
    for (const name of %s)
      got[name] = await Promise.race([c.ask(name, "x", { y: 1 }), c.ask("end")]);
    return got;
  ]]):format(sio.json.encode(names)))
end

local function check()
  local got, expected = ask(), {}
  for _, name in ipairs(names) do
    local answer, err = handlers[name][2], handlers[name][3]
    assert.same({ name, answer or { "end" } }, { name, got[name] })
    if err then expected[#expected + 1] = err end
  end
  table.sort(errors)
  table.sort(expected)
  assert.same(expected, errors)
end

local function listen(socket)
  for name, row in pairs(handlers) do socket:on(name, row[1]) end
  socket:on("end", function() sio.sleep(0.005) return "end" end)
end

describe("an event's only listener", function()
  it("is called by the short way", function()
    app:on("connection", listen)
    check()
  end)

  it("is called by the long way", function()
    app:on("connection", function(socket)
      listen(socket)
      socket:use(function() end)
    end)
    check()
  end)

  it("may be the namespace's, which gets the socket first", function()
    local function same(long)
      app:on("connection", function(socket) if long then socket:use(function() end) end end)
      return serve(app, [[
        const c = await client();
        const got = [];
        for (const name of ["none", "x", "ack", "all"]) got.push(await c.ask(name, "x"));
        return { got, id: c.id };
      ]])
    end
    app:on_event("none", function() return "none" end)
    app:on_event("x", function(socket, x) return socket.id, x end)
    app:on_event("ack", function(socket, x, ack) ack(socket.id, x) end)
    app:on_event("all", function(socket, ...) return socket.id, ... end)
    for _, long in ipairs { false, true } do
      local result = same(long)
      local both = { result.id, "x" }
      assert.same({ { "none" }, both, both, both }, result.got)
    end
  end)

  it("has dispatch.lua's way when another one is there, too", function()
    local seen = {}
    app:on("connection", function(socket)
      socket:on("e", function() seen[#seen + 1] = "own" end)
    end)
    app:on_event("e", function(socket)
      seen[#seen + 1] = "namespace's"
      socket:on("e", function() seen[#seen + 1] = "second" end)
      return true
    end)
    serve(app, [[
      const c = await client();
      await c.ask("e");
      await c.ask("e");
    ]])
    assert.same({ "own", "namespace's", "own", "second", "namespace's" }, seen)
  end)
end)
