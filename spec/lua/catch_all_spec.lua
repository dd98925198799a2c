-- SPDX-License-Identifier: MIT
-- A socket's catch-all listeners, both ways; those of incoming events are in socket_spec.lua too.

local core = require "sio.core"
local serve = require "support.serve"
local sio = require "sio"

local app
local lines
local function make(options)
  app = serve.open(options)
end
before_each(function() lines = {} end)
after_each(function() serve.close(app) end)

local function note(name)
  return function(...) lines[#lines + 1] = { name, ... } end
end

describe("listeners of what comes in", function()
  it("are listed, and removed one by one or all at once", function()
    make()
    local counts = {}
    app:on("connection", function(socket)
      local a, b = note "a", note "b"
      socket:on_any(a):prepend_any(b)
      assert.same({ b, a }, socket:listeners_any())
      socket:on_any(a):off_any(a)
      assert.same({ b, a }, socket:listeners_any()) -- it was there twice
      socket:off_any(a)
      assert.same({ b }, socket:listeners_any())
      socket:off_any()
      counts[1] = #socket:listeners_any()
      assert.error_matches(function() socket:on_any() end, "function expected, got nil")
    end)
    serve(app, [[ await (await client()).emit("e"); ]])
    assert.same({ 0 }, counts)
    assert.same({}, lines)
  end)
end)

describe("listeners of what is sent", function()
  it("are called for emits and broadcasts, in order, right after each", function()
    make()
    app:on("connection", function(socket)
      socket:join "room"
      socket:on_any_outgoing(note "second"):prepend_any_outgoing(note "first")
      socket:on("go", function()
        socket:emit("direct", 1, { a = { sio.null } })
        lines[#lines + 1] = "between"
        app:emit("all", 2)
        app:to("room"):emit "room"
        app:except("room"):emit "not for it"
        socket.broadcast:emit "not for it"
        socket.volatile:emit("dropped", 3)
        socket:emit("bytes", sio.binary "\1\2")
        return "an answer is no event"
      end)
    end)
    serve(app, [[ await (await client()).ask("go"); ]])
    assert.equal("\1\2", tostring(lines[#lines][3]))
    lines[#lines][3], lines[#lines - 1][3] = nil, nil
    assert.same({
      { "first", "direct", 1, { a = { sio.null } } },
      { "second", "direct", 1, { a = { sio.null } } },
      "between",
      { "first", "all", 2 }, { "second", "all", 2 }, { "first", "room" }, { "second", "room" },
      { "first", "dropped", 3 }, { "second", "dropped", 3 }, { "first", "bytes" },
      { "second", "bytes" },
    }, lines)
  end)

  it("hear of an event that waits for its answer at the end of the tick", function()
    make()
    app:on("connection", function(socket)
      socket:on_any_outgoing(note "sent")
      socket:on("go", function()
        local answer = socket:emit_with_ack("question", 1)
        lines[#lines + 1] = answer
        socket:emit("question", 2, note "answered")
      end)
    end)
    serve(app, [[
      const c = await client();
      c.emit("go");
      for (const answer of ["a", "b"]) await c.answer(await c.next("question"), answer);
    ]])
    assert.same({ { "sent", "question", 1 }, "a", { "sent", "question", 2 }, { "answered", "b" } },
      lines)
  end)

  it("are not told the offsets that recovery adds", function()
    make { serve_client = false, connection_state_recovery = true }
    app:on("connection", function(socket)
      socket:on_any_outgoing(note "sent")
      socket:emit("direct", "x")
      app:emit("all", "y")
    end)
    serve(app, [[ await (await client()).next("all"); ]])
    assert.same({ { "sent", "direct", "x" }, { "sent", "all", "y" } }, lines)
  end)

  it("end with the socket, also when one of them ends it", function()
    make()
    local others = {}
    app:on("connection", function(socket)
      others[#others + 1] = socket
      socket:on_any_outgoing(function(event)
        lines[#lines + 1] = event
        for _, other in ipairs(others) do other:disconnect() end
      end)
      socket:on("go", function()
        app:emit "last"
        app:emit "nobody is left"
      end)
    end)
    serve(app, [[
      const [a, b] = [await client(), await client()];
      a.emit("go");
      await a.next("disconnect");
      await b.next("disconnect");
    ]])
    assert.same({ "last" }, lines)
  end)

  it("can send, which comes to an end when they do not", function()
    make()
    local loops = 0
    app:on("connection", function(socket)
      socket:on_any_outgoing(function(event)
        if event == "ping" then socket:emit "pong" end
        if event == "loop" then
          loops = loops + 1
          socket:emit "loop" -- an error when the stack of C is used up
        end
      end)
      socket:on("go", function(event) socket:emit(event) return true end)
    end)
    serve(app, [[
      const c = await client();
      await c.ask("go", "ping");
      await c.next("pong");
      await c.ask("go", "loop");
    ]])
    assert.is_true(loops > 1 and loops < 200)
  end)

  it("are removed one by one or all at once, and cost nothing then", function()
    make()
    app:on("connection", function(socket)
      local a, b = note "a", note "b"
      socket:on_any_outgoing(a):on_any_outgoing(b)
      assert.same({ a, b }, socket:listeners_any_outgoing())
      socket:off_any_outgoing(a)
      socket:emit("e", 1)
      socket:off_any_outgoing()
      assert.same({}, socket:listeners_any_outgoing())
      socket:emit("e", 2)
      socket:on_any_outgoing(a):off_any_outgoing(a)
      socket:emit("e", 3)
    end)
    serve(app, [[ await client(); ]])
    assert.same({ { "b", "e", 1 } }, lines)
  end)

  it("leave nothing behind for a socket that they were taken from before it ended", function()
    make()
    app:on("connection", function(socket)
      socket:on_any_outgoing(note "sent")
      socket:on("go", function()
        sio.spawn(socket.emit_with_ack, socket, "question") -- waits for the end of the tick
        socket:off_any_outgoing()
        collectgarbage "stop"
        socket:disconnect()
      end)
    end)
    serve(app, [[ const c = await client(); c.emit("go"); await c.next("disconnect"); ]])
    local _, _, loose = core.handle_count()
    collectgarbage "restart"
    collectgarbage()
    assert.equal(0, loose) -- else an object of a socket that is not there any more
    assert.same({}, lines)
  end)

  it("have limits to how much waits for them", function()
    make { serve_client = false, max_buffered = 64 << 20 }
    local limit, limit_bytes = 4096, 16 << 20
    local pointer = 8 -- to the socket, which counts, too
    local function text_of(bytes) return ("x"):rep(bytes - #'["q",""]' - pointer) end
    app:on("connection", function(socket)
      local told, bytes = 0, 0
      socket:on_any_outgoing(function(_, value)
        told = told + 1
        bytes = bytes + (type(value) == "string" and #value or 0)
      end)
      socket:on("go", function()
        for i = 1, limit + 1 do sio.spawn(socket.emit_with_ack, socket, "q", i) end
      end)
      socket:on("go large", function()
        local half = text_of(limit_bytes // 2)
        for _, text in ipairs { half, half, "" } do
          sio.spawn(socket.emit_with_ack, socket, "q", text)
        end
      end)
      socket:on("told", function() return told, bytes end)
    end)
    local told = serve(app, [[
      const [c, large] = [await client(), await client()];
      await c.emit("go"); // the answer to this leaves behind the end of the tick
      await large.emit("go large");
      return [await c.ask("told"), await large.ask("told")];
    ]])
    assert.same({ { limit, 0 }, { 2, limit_bytes - 2 * (8 + pointer) } }, told)
  end)
end)
