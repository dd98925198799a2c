-- SPDX-License-Identifier: MIT
-- How acknowledgements end, both ways: twice, late, never, with bytes, with nothing, after the
-- disconnect, beyond their limit. What they are in everyday use is in socket_spec.lua.

local core = require "sio.core"
local serve = require "support.serve"
local sio = require "sio"

local app
local seen
before_each(function()
  seen = {}
  app = serve.open()
end)
after_each(function() serve.close(app) end)

local function note(...)
  seen[#seen + 1] = { n = select("#", ...), ... }
end

describe("an answer from the client", function()
  it("that comes too late, or twice, or to nothing, is ignored", function()
    app:on_event("go", function(socket)
      socket:timeout(0.01):emit("late", function(...)
        note(...)
        socket:emit "timed out"
      end)
      socket:emit("twice", note)
    end)
    app:on_event("end", function() return true end)
    serve(app, [[
      const c = await client();
      c.emit("go");
      const late = await c.next("late");
      await c.next("timed out");
      await c.answer(late, "too late");
      const twice = await c.next("twice");
      await c.answer(twice, 1);
      await c.answer(twice, 2);
      await c.post('43999["to nothing"]');
      await c.ask("end");
    ]])
    assert.same({ { n = 1, "timeout" }, { n = 1, 1 } }, seen)
  end)

  it("that cannot be read is an error, or no answer to who has no place for one", function()
    app:on_event("go", function(socket)
      socket:emit("q", note)
      socket:timeout(60):emit("q", note)
      note(socket:emit_with_ack "q")
      socket:emit "end"
    end)
    serve(app, [[
      const c = await client();
      c.emit("go");
      const many = JSON.stringify(Array(8001).fill(0));
      for (let i = 0; i < 3; i++) await c.post(`43${(await c.next("q")).ackId}${many}`);
      await c.next("end");
    ]])
    local full = "a limit is reached"
    assert.same({ { n = 1, full }, { n = 2, nil, full } }, seen)
  end)

  it("may be empty, null, or bytes", function()
    app:on_event("go", function(socket)
      socket:emit("q", function(...)
        note(...)
        socket:timeout(5):emit("q", function(...)
          note(...)
          note(socket:emit_with_ack "q")
          local value = socket:emit_with_ack "q"
          note(tostring(value))
          socket:emit "end"
        end)
      end)
    end)
    serve(app, [[
      const c = await client();
      c.emit("go");
      await c.answer(await c.next("q"));
      await c.answer(await c.next("q"));
      await c.answer(await c.next("q"), null);
      const { ackId } = await c.next("q");
      const bytes = Buffer.from([1, 2]).toString("base64");
      await c.post(`461-${ackId}[{"_placeholder":true,"num":0}]`, "b" + bytes);
      await c.next("end");
    ]])
    assert.same({ { n = 0 }, { n = 1, nil }, { n = 1, sio.null }, { n = 1, "\1\2" } }, seen)
  end)

  it("ends with the socket: who waits gets nil and why, a bare callback is not called", function()
    local kept = {}
    local function callbacks() return (select(2, core.handle_count())) end
    app:on_event("go", function(socket)
      kept[1] = callbacks()
      sio.spawn(function() note(socket:emit_with_ack "q") end)
      sio.spawn(function() note(socket:timeout(60):emit_with_ack "q") end)
      socket:timeout(60):emit("q", function(...) note("callback", ...) end)
      socket:emit("q", function() note "called" end)
      kept[2] = callbacks()
      socket:disconnect()
      kept[3] = callbacks()
    end)
    serve(app, [[
      const c = await client();
      c.emit("go");
      await c.next("disconnect");
    ]])
    local ends = {}
    for i, got in ipairs(seen) do ends[i] = table.concat({ got[1] or "", got[2] }, " ") end
    table.sort(ends)
    assert.same({ " disconnected", " disconnected", "callback disconnected" }, ends)
    assert.same({ kept[1], kept[1] + 2, kept[1] }, kept)
  end)

  it("is waited for in handlers only", function()
    local socket
    app:on("connection", function(each) socket = each end)
    serve(app, [[ await client(); ]])
    assert.error_matches(function() socket:emit_with_ack "q" end,
      "emit_with_ack can only be called inside a handler or sio.spawn")
  end)

  it("has a limit to how many are waited for", function()
    local limit = 10000
    app:on_event("go", function(socket)
      for _ = 1, limit do assert(socket:emit("q", note)) end
      note(socket:emit("q", note))
      note(socket:emit_with_ack "q")
      note(socket:emit "without an answer")
      socket:disconnect()
    end)
    serve(app, [[
      const c = await client();
      c.emit("go");
      await c.next("disconnect");
    ]])
    local full = { n = 2, nil, "a limit is reached" }
    assert.same({ full, full, { n = 1, true } }, seen)
  end)
end)

describe("an answer to the client", function()
  it("is what a handler returns or gives to ack, once", function()
    app:on_event("both", function(_, ack)
      ack("ack", 1)
      ack "again"
      return "returned"
    end)
    app:on_event("bytes", function() return sio.binary "\1\2", { x = sio.binary "\3" } end)
    app:on_event("nil", function() return nil end)
    app:on_event("empty", function(_, ack) ack() end)
    local got = serve(app, [[
      const c = await client();
      const got = [];
      for (const event of ["both", "bytes", "nil", "empty"]) got.push(await c.ask(event));
      return got;
    ]])
    assert.same({
      { "ack", 1 }, { { binary = { 1, 2 } }, { x = { binary = { 3 } } } }, { sio.null }, {},
    }, got)
  end)

  it("comes from a handler that has waited, too", function()
    app:on_event("later", function(_, value)
      sio.sleep(0.001)
      return value, "late"
    end)
    app:on_event("lost", function()
      sio.sleep(0.001)
      error "after waiting"
    end)
    app:on_error(function(message) note(message) end)
    local got = serve(app, [[
      const c = await client();
      c.ask("lost");
      return await c.ask("later", 1);
    ]])
    assert.same({ 1, "late" }, got)
    assert.matches("after waiting\nstack traceback:\n.*ack_spec%.lua", seen[1][1])
  end)

  it("is not sent for an object from which its handle was taken", function()
    app:on_event("take", function(socket)
      socket[1] = io.stdout
      return "unsent"
    end)
    app:on_event("give", function(_, ack) ack "unsent" end)
    app:on_event("end", function() app:emit "done" end)
    serve(app, [[
      const odd = await client(), c = await client();
      odd.ask("take");
      odd.ask("give");
      odd.emit("end");
      await c.next("done");
    ]])
  end)

  it("is dropped after the disconnect, and its mistakes are errors there too", function()
    app:on_event("leave", function(socket, ack)
      socket:disconnect()
      note(pcall(ack, "nobody waits"))
    end)
    app:on_event("mistake", function(_, ack)
      note(pcall(ack, 1, print))
      ack "mended"
    end)
    local got = serve(app, [[
      const c = await client();
      const mended = await c.ask("mistake");
      c.ask("leave");
      await c.next("disconnect");
      return mended;
    ]])
    assert.same({ "mended" }, got)
    assert.is_false(seen[1][1])
    assert.matches("argument 2: a function cannot be encoded", seen[1][2])
    assert.same({ n = 1, true }, seen[2])
  end)

  it("cannot be given when none was asked for", function()
    local counts = {}
    app:on_event("e", function(_, ...)
      counts[#counts + 1] = { select("#", ...) }
      return "unasked"
    end)
    serve(app, [[
      const c = await client();
      await c.emit("e", 1);
      await c.ask("e", 1);
    ]])
    assert.same({ { 1 }, { 2 } }, counts)
  end)
end)
