-- SPDX-License-Identifier: MIT
-- The way of an event: catch-all listeners, middlewares, listeners; who stops it, and what it is
-- then.

local serve = require "support.serve"
local sio = require "sio"

local app, seen
before_each(function()
  seen = {}
  app = serve.open()
end)
after_each(function() serve.close(app) end)

local function note(...)
  seen[#seen + 1] = { ... }
end

-- Whose last argument is a function: an acknowledgement was asked for.
local function noting(name)
  return function(...)
    local last = select(-1, ...)
    local asked = type(last) == "function"
    note(name, asked, table.unpack({ ... }, 1, select("#", ...) - (asked and 1 or 0)))
  end
end

describe("middlewares of events", function()
  it("run in order, with the event's name, its arguments, and ack behind them", function()
    app:on("connection", function(socket)
      socket:use(noting "first"):use(noting "second"):on_any(noting "any")
      socket:on("join", function(room) note("handler", room) return "joined" end)
    end)
    local answer = serve(app, [[
      const c = await client();
      await c.emit("join", "woot");
      return await c.ask("join", "here");
    ]])
    assert.same({ "joined" }, answer)
    assert.same({
      { "any", false, "join", "woot" }, { "first", false, "join", "woot" },
      { "second", false, "join", "woot" }, { "handler", "woot" },
      { "any", true, "join", "here" }, { "first", true, "join", "here" },
      { "second", true, "join", "here" }, { "handler", "here" },
    }, seen)
  end)

  it("may acknowledge what they refuse; those behind do not hear of it", function()
    app:on("connection", function(socket)
      socket:on("error", function(err) note("error", err.message) end)
      socket:use(function(event, ack)
        if event ~= "secret" then return end
        ack "refused"
        return nil, { message = "Authentication error" }
      end)
      socket:use(noting "second")
      socket:on("secret", noting "handler")
      socket:on("open", function() return "still connected" end)
    end)
    local got = serve(app, [[
      const c = await client();
      return [await c.ask("secret"), await c.ask("open")];
    ]])
    assert.same({ { "refused" }, { "still connected" } }, got)
    assert.same({ { "error", "Authentication error" }, { "second", true, "open" } }, seen)
  end)

  it("that fail drop the event, and are reported", function()
    app:on_error(function(message, context) note(message:match "[^\n]*", context.event) end)
    app:on("connection", function(socket)
      socket:use(function(event) if event == "e" then error("broken", 0) end end)
      socket:on("e", noting "handler")
      socket:on("end", function() return true end)
    end)
    serve(app, [[
      const c = await client();
      await c.emit("e");
      await c.ask("end");
    ]])
    assert.same({ { "broken", "e" } }, seen)
  end)

  it("hold up their event alone, which is dropped when its socket goes", function()
    local gone
    app:on("connection", function(socket)
      socket:use(function(event)
        if event == "slow" then sio.sleep(0.01) end
        if event == "leaving" then
          socket:disconnect()
          gone = function() note "waited" end
          sio.sleep(0)
          gone()
        end
      end)
      for _, event in ipairs { "slow", "fast", "leaving" } do
        socket:on(event, function() note(event) return true end)
      end
    end)
    serve(app, [[
      const c = await client();
      const slow = c.ask("slow");
      await c.ask("fast");
      await slow;
      c.emit("leaving");
      await c.next("disconnect");
    ]])
    serve.wait(function(done) sio.after(0.01, done) end)
    assert.same({ { "fast" }, { "slow" }, { "waited" } }, seen)
  end)

  it("are those that were there when the event came", function()
    app:on("connection", function(socket)
      socket:use(function()
        note "first"
        socket:use(function() note "late" end)
      end)
      socket:on("e", function() return true end)
    end)
    serve(app, [[
      const c = await client();
      await c.ask("e");
    ]])
    assert.same({ { "first" } }, seen)
  end)
end)

describe("an event", function()
  it("nobody listens to is no error, and not acknowledged", function()
    app:on("connection", function(socket)
      socket:on("known", function() return true end)
    end)
    local answered = serve(app, [[
      const c = await client();
      let answered = false;
      c.ask("unknown").then(() => { answered = true; });
      await c.ask("known");
      return answered;
    ]])
    assert.is_false(answered)
  end)

  it("is heard by whoever listens by the time it comes", function()
    app:on("connection", function(socket)
      socket:on("first", function()
        socket:on("second", function() return "heard" end)
        return true
      end)
    end)
    local got = serve(app, [[
      const c = await client();
      await c.ask("first");
      return await c.ask("second");
    ]])
    assert.same({ "heard" }, got)
  end)
end)
