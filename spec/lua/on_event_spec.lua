-- SPDX-License-Identifier: MIT
-- Handlers that a namespace has for the events of its sockets, and what a socket costs meanwhile.

local core = require "sio.core"
local serve = require "support.serve"
local sio = require "sio"

local app
before_each(function() app = serve.open() end)
after_each(function() serve.close(app) end)

-- How many sockets have an object: those that are kept, and those that could be collected.
local function objects()
  local _, _, all = core.handle_count()
  return all
end

describe("a namespace's handlers", function()
  it("get the socket first, and acknowledge with what they return", function()
    local seen = {}
    app:on_event("say", function(socket, text, ack)
      seen[#seen + 1] = { socket.id, text, type(ack) }
      return text:upper(), 2
    end)
    app:of("chat"):on_event("say", function(socket, text)
      seen[#seen + 1] = { socket.id, text, socket.nsp.name }
    end)
    local got = serve(app, [[
      const a = await client(), b = await client(undefined, "/chat");
      const answer = await a.ask("say", "hi");
      await b.emit("say", "ho");
      return { answer, ids: [a.id, b.id] };
    ]])
    assert.same({ "HI", 2 }, got.answer)
    assert.same({ { got.ids[1], "hi", "function" }, { got.ids[2], "ho", "/chat" } }, seen)
  end)

  it("come behind the socket's own, each up to where it waits", function()
    local seen = {}
    local function note(name) seen[#seen + 1] = name end
    app:on_event("e", function() note "shared" end)
    app:on_event("e", function(socket)
      note "shared again"
      sio.sleep(0)
      note "waited"
      socket:emit "end"
    end)
    app:on("connection", function(socket)
      socket:on("e", function() sio.sleep(0) note "own waited" end)
      socket:on("e", function() note "own" return "the first answer counts" end)
    end)
    local answer = serve(app, [[
      const c = await client();
      const answer = await c.ask("e");
      await c.next("end");
      return answer;
    ]])
    assert.same({ "the first answer counts" }, answer)
    assert.same({ "own", "shared", "shared again", "own waited", "waited" }, seen)
  end)

  it("stand behind catch-all listeners and middlewares", function()
    local seen = {}
    local function note(name)
      return function(...) seen[#seen + 1] = { name, select(-1, ...) } end
    end
    app:on_event("e", note "shared")
    app:on_event("error", note "error")
    app:on("connection", function(socket)
      socket:on_any(note "any")
      socket:use(function(_, x) if x == 2 then return nil, "refused" end end)
    end)
    serve(app, [[
      const c = await client();
      await c.emit("e", 1);
      await c.emit("e", 2);
    ]])
    assert.same({ { "any", 1 }, { "shared", 1 }, { "any", 2 }, { "error", "refused" } }, seen)
  end)

  it("hear errors: those that clients send, and those that close the connection", function()
    local seen = {}
    app:on_event("error", function(socket, message)
      seen[#seen + 1] = { #socket.id, message, socket.connected }
      return "told"
    end)
    local answer = serve(app, [[
      const c = await client();
      const answer = await c.ask("error", "of a client");
      await c.post("4garbage");
      await c.closed;
      return answer;
    ]])
    assert.same({ "told" }, answer)
    assert.same({ { 20, "of a client", true }, { 20, seen[2][2], true } }, seen)
    assert.matches("unknown packet type", seen[2][2])
  end)

  it("hear why a socket goes, while it is still in its rooms", function()
    local seen = {}
    local function note(event)
      app:on_event(event, function(socket, reason)
        seen[#seen + 1] = { event, reason, #socket.rooms, socket.connected, socket.data.name }
        sio.sleep(0)
        seen[#seen + 1] = { event, socket.data.name, socket.handshake.auth.from }
      end)
    end
    app:on_event("name", function(socket, name) socket.data.name = name return true end)
    note "disconnecting"
    note "disconnect"
    serve(app, [[
      const c = await client({ from: "London" });
      await c.ask("name", "Ada");
      await c.post("41");
      await c.post("1");
      await c.closed;
    ]])
    assert.same({
      { "disconnecting", "client namespace disconnect", 1, true, "Ada" },
      { "disconnect", "client namespace disconnect", 0, false, "Ada" },
      { "disconnecting", "Ada", "London" }, { "disconnect", "Ada", "London" },
    }, seen)
  end)

  it("are removed one by one or all at once", function()
    local seen = {}
    local function note(x) seen[#seen + 1] = x end
    local function a() note "a" end
    local function b() note "b" end
    app:on_event("e", a):on_event("e", b):on_event("f", a)
    app:on_event("end", function() return true end)
    app:on_event("off", function(_, what)
      if what == "a" then app:off_event("e", a) else app:off_event(what) end
      return true
    end)
    serve(app, [[
      const c = await client();
      for (const step of ["e", "a", "e", "f"]) {
        if (step === "a" || step === "f") await c.ask("off", step);
        await c.emit(step);
      }
      await c.ask("end");
    ]])
    assert.same({ "a", "b", "b" }, seen)
    app:off_event()
    assert.is_nil(app._root._events._on)
  end)

  it("are functions for names", function()
    assert.error_matches(function() app:on_event("e") end,
      "bad argument #2 to 'on_event' %(function expected, got nil%)")
    assert.error_matches(function() app:on_event(print) end, "event name expected, got function")
    assert.error_matches(function() app:on("error", print) end, "on_event of the namespace")
  end)
end)

describe("a socket's object", function()
  it("is made by its first event, and is gone when nobody holds it", function()
    app:on_event("count", function() return objects() end)
    app:on_event("data", function(socket, x)
      socket.data.x = (socket.data.x or 0) + x
      return socket.data.x
    end)
    app:on_event("gc", function()
      sio.after(0, function()
        collectgarbage()
        app:emit("left", objects())
      end)
    end)
    local got = serve(app, [[
      const [a, b, c] = [await client(), await client(), await client()];
      const got = [await a.ask("count"), await b.ask("data", 1), await b.ask("count")];
      c.emit("gc");
      got.push((await a.next("left")).slice(1));
      return got.concat([await b.ask("data", 2)]);
    ]])
    assert.same({ { 1 }, { 1 }, { 2 }, { 0 }, { 3 } }, got)
  end)

  it("stays as long as its socket once it has something of its own", function()
    local keep = {
      field = function(socket) socket.name = "mine" end,
      on = function(socket) socket:on("x", print) end,
      once = function(socket) socket:once("x", print) end,
      any = function(socket) socket:on_any(function() end) end,
      use = function(socket) socket:use(function() end) end,
    }
    app:on_event("keep", function(socket, how)
      keep[how](socket)
      return true
    end)
    app:on_event("same", function(socket)
      collectgarbage()
      collectgarbage()
      return objects(), socket.name or "none"
    end)
    local got = serve(app, [[
      const got = [];
      for (const how of ["field", "on", "once", "any", "use"]) {
        const c = await client();
        await c.ask("keep", how);
        got.push(await c.ask("same"));
      }
      return got;
    ]])
    assert.same({ { 1, "mine" }, { 2, "none" }, { 3, "none" }, { 4, "none" }, { 5, "none" } }, got)
  end)

  it("that a finalizer brings back is as after a disconnect", function()
    local back = {}
    app:on_event("hold", function(socket)
      setmetatable({ socket = socket }, { __gc = function(self) back[#back + 1] = self.socket end })
    end)
    app:on_event("collect", function()
      sio.after(0, function()
        collectgarbage()
        app:emit("collected", #back, back[1].connected)
      end)
    end)
    app:on_event("again", function(socket)
      return back[1].id == socket.id, back[1] == socket, #socket.rooms
    end)
    local got = serve(app, [[
      const a = await client(), b = await client();
      a.emit("hold");
      b.emit("collect");
      const got = [(await b.next("collected")).slice(1), await a.ask("again")];
      await a.post("1");
      await a.closed;
      return got;
    ]])
    assert.same({ { 1, false }, { true, false, 1 } }, got)
    assert.is_true(back[1]:emit "nobody hears it")
  end)
end)
