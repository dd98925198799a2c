-- SPDX-License-Identifier: MIT
-- Sockets as handlers see them: events, acknowledgements both ways, rooms, middlewares, data.

local core = require "sio.core"
local serve = require "support.serve"
local sio = require "sio"

local app
local function make(options)
  options = options or {}
  options.serve_client = false
  app = serve.open(options)
end
after_each(function() serve.close(app) end)

describe("events", function()
  it("come with their values and are acknowledged by what handlers return", function()
    make()
    local got
    app:on("connection", function(socket)
      socket:on("types", function(...)
        got = table.pack(...)
        return nil, sio.null, {}, sio.object {}, { 1, nil, 3 }, 1.0, "ü"
      end)
      socket:on("echo", function(...) return ... end)
      socket:on("nothing", function() end)
      socket:on("later", function(x, ack)
        sio.after(0.005, function()
          ack("done", x)
          ack "twice"
        end)
      end)
      socket:on("slow", function(x)
        sio.sleep(0.005)
        return x
      end)
    end)
    local answers = serve(app, [[
      const c = await client();
      const answers = [
        await c.ask("types", 1, 2.5, "x", null, [], {}, true),
        await c.ask("echo", { a: [] }, 2),
        await c.ask("later", 5),
        await c.ask("slow", 6),
      ];
      c.ask("nothing").then((a) => answers.push(a));
      await c.ask("echo");
      return answers.concat([await c.ask("echo", 0)]);
    ]])
    assert.equal(8, got.n) -- seven and ack
    assert.same({ 1, 2.5, "x", sio.null, {}, {}, true }, { table.unpack(got, 1, 7) })
    assert.equal("function", type(got[8]))
    assert.same({ sio.null, sio.null, {}, {}, { 1, sio.null, 3 }, 1, "ü" }, answers[1])
    assert.same({ { a = {} }, 2 }, answers[2])
    assert.same({ "done", 5 }, answers[3])
    assert.same({ 6 }, answers[4])
    assert.same({ 0 }, answers[5])
    assert.equal(5, #answers)
  end)

  it("go to all listeners, once to some, to none that was removed", function()
    make()
    local seen = {}
    local function note(name) return function(x) seen[#seen + 1] = name .. x end end
    local removed, kept = note "removed", note "kept"
    app:on("connection", function(socket)
      socket:on("e", function() sio.sleep(10) end) -- holds nobody up
      socket:on("e", kept):once("e", note "once"):on("e", removed)
      socket:off("e", removed)
      socket:on("end", function() return true end)
      socket:on("all gone", function() socket:off "e" return true end)
    end)
    serve(app, [[
      const c = await client();
      c.emit("e", 1);
      await c.ask("end");
      c.emit("e", 2);
      await c.ask("all gone");
      c.emit("e", 3);
      await c.ask("end");
    ]])
    assert.same({ "kept1", "once1", "kept2" }, seen)
  end)

  it("carry bytes both ways", function()
    make()
    local got
    app:on("connection", function(socket)
      socket:on("bin", function(data, rest)
        got = { tostring(data.file), rest }
        socket:emit("back", { data.file, sio.binary "\0\255" }, 1)
        return data.file:sub(2)
      end)
    end)
    local back = serve(app, [[
      const c = await client();
      c.emitBinary([1, 2, 255], "bin", { file: { _placeholder: true, num: 0 } }, "rest");
      return await c.next("back");
    ]])
    assert.same({ "\1\2\255", "rest" }, got)
    assert.same({ "back", { { binary = { 1, 2, 255 } }, { binary = { 0, 255 } } }, 1 }, back)
  end)

  it("that fail are not acknowledged and end nothing", function()
    make()
    local seen = {}
    app:on_error(function(message, context) seen[#seen + 1] = { message, context } end)
    app:on("connection", function(socket)
      socket:on("fail", function() error "boom" end)
      socket:on("bad ack", function() return print end)
      socket:on("ok", function() return "ok" end)
    end)
    local id = serve(app, [[
      const c = await client();
      let answered = false;
      c.ask("fail").then(() => { answered = true; });
      c.ask("bad ack").then(() => { answered = true; });
      const [ok] = await c.ask("ok");
      if (answered || ok !== "ok") throw new Error("answered");
      return c.id;
    ]])
    assert.matches("boom", seen[1][1])
    assert.same({ what = "event handler", event = "fail", sid = id, nsp = "/" }, seen[1][2])
    assert.matches("argument 1: a function cannot be encoded", seen[2][1])
  end)

  it("may have numbers as names", function()
    make()
    app:on("connection", function(socket)
      socket:on("7", function(x) return x end)
    end)
    assert.same({ "x" }, serve(app, [[ return await (await client()).ask(7, "x"); ]]))
  end)

  it("pass on_any and middlewares first", function()
    make()
    local seen = {}
    app:on("connection", function(socket)
      local function any(event, x) seen[#seen + 1] = "any " .. event .. x end
      socket:on_any(any)
      socket:prepend_any(function(event) seen[#seen + 1] = "first " .. event end)
      socket:use(function(event, x)
        if event == "secret" then return nil, "no " .. x end
        sio.sleep(0.001)
      end)
      socket:on("error", function(err) seen[#seen + 1] = "error " .. err end)
      socket:on("secret", function() seen[#seen + 1] = "reached" end)
      socket:on("open", function(x)
        seen[#seen + 1] = "open" .. x
        socket:off_any(any)
        return true
      end)
    end)
    serve(app, [[
      const c = await client();
      await c.emit("secret", 1);
      await c.ask("open", 2);
      await c.ask("open", 3);
    ]])
    assert.same({
      "first secret", "any secret1", "error no 1", "first open", "any open2", "open2",
      "first open", "open3",
    }, seen)
  end)
end)

describe("asking the client", function()
  it("waits for the answer, the limit or the end", function()
    make()
    local seen = {}
    app:on("connection", function(socket)
      socket:on("go", function()
        seen[#seen + 1] = { socket:emit_with_ack("question", 1) }
        seen[#seen + 1] = { socket:timeout(5):emit_with_ack("question", 2) }
        seen[#seen + 1] = { socket:timeout(0.01):emit_with_ack "silence" }
        seen[#seen + 1] = { socket:emit_with_ack "leave" }
        seen[#seen + 1] = { socket:emit_with_ack "gone" }
        seen[#seen + 1] = { socket:timeout(1):emit_with_ack "gone" }
      end)
    end)
    serve(app, [[
      const c = await client();
      c.emit("go");
      await c.answer(await c.next("question"), "one", "more");
      await c.answer(await c.next("question"));
      await c.next("leave");
      await c.post("41");
    ]])
    assert.same({ "one" }, seen[1])
    assert.same({ sio.null }, seen[2])
    assert.same({ nil, "timeout" }, seen[3])
    assert.same({ nil, "disconnected" }, seen[4])
    assert.same({ nil, "disconnected" }, seen[5])
    assert.same({ nil, "disconnected" }, seen[6])
  end)

  it("takes a callback too", function()
    make()
    local seen = {}
    app:on("connection", function(socket)
      socket:on("go", function()
        socket:emit("question", 1, function(...) seen[1] = { ... } end)
        socket:timeout(5):emit("question", 2, function(...) seen[2] = { ... } end)
        socket:timeout(0.01):emit("silence", function(...)
          seen[3] = { ... }
          socket:emit "too late"
        end)
        socket:emit("silence", function() seen[4] = "called" end)
        socket:timeout(5):emit("silence", function(...) seen[5] = { ... } end)
      end)
    end)
    serve(app, [[
      const c = await client();
      c.emit("go");
      for (const x of ["a", "b"]) await c.answer(await c.next("question"), x, 7);
      await c.next("silence"); await c.next("silence"); await c.next("silence");
      await c.next("too late");
      await c.post("41");
    ]])
    assert.same({ "a", 7 }, seen[1])
    assert.same({ nil, "b", 7 }, seen[2])
    assert.same({ "timeout" }, seen[3])
    assert.is_nil(seen[4])
    assert.same({ "disconnected" }, seen[5])
  end)

  it("is refused where nobody can wait", function()
    make()
    local err
    app:on("connection", function(socket)
      coroutine.wrap(function() err = select(2, pcall(socket.emit_with_ack, socket, "q")) end)()
      assert.error_matches(function() socket:timeout(5000) end, "seconds, not milliseconds")
      assert.error_matches(function() socket:timeout() end, "more than 0 seconds expected")
    end)
    serve(app, [[ await client(); ]])
    assert.matches("emit_with_ack can only be called inside a handler or sio.spawn", err)
  end)
end)

describe("rooms", function()
  it("are joined, left, and reached", function()
    make()
    local rooms = {}
    app:on("connection", function(socket)
      socket:on("join", function(room)
        assert(socket:join(room))
        assert(socket:leave "never there")
        rooms = socket.rooms
        return true
      end)
      socket:on("talk", function()
        socket:to("a"):emit("e", "to a from another")
        app:to({ "a", "b" }):emit("e", "to a or b")
        app:to("a"):except("b"):emit("e", "to a, not b")
        socket.broadcast:emit("e", "to others")
        socket:broadcast():emit("e", "to others again")
        socket:except("b"):emit("e", "to others not in b")
        app:to(socket.id):emit("e", "to the sender")
        socket.here:emit("e", "here")
        app:emit("e", "end")
        return true
      end)
    end)
    local heard = serve(app, [[
      const [a, b, c] = [await client(), await client(), await client()];
      await a.ask("join", "a");
      await b.ask("join", ["a", "b"]);
      await c.ask("talk");
      const heard = [];
      for (const x of [a, b, c]) {
        await x.next((e) => e[1] === "end");
        heard.push(x.events.filter((e) => e[0] === "e").map((e) => e[1]));
      }
      return heard;
    ]])
    assert.equal(3, #rooms)
    assert.same({ "a", "b" }, { rooms[2], rooms[3] })
    assert.same({
      "to a from another", "to a or b", "to a, not b", "to others", "to others again",
      "to others not in b", "here",
    }, heard[1])
    assert.same({ "to a from another", "to a or b", "to others", "to others again", "here" },
      heard[2])
    assert.same({ "to the sender" }, heard[3])
  end)

  it("are named by strings", function()
    make()
    local errors = {}
    app:on("connection", function(socket)
      for i, bad in ipairs { true, { {} }, print, 1.5 } do
        errors[i] = select(2, pcall(socket.join, socket, bad))
      end
    end)
    serve(app, [[ await client(); ]])
    for _, err in ipairs(errors) do assert.matches("room name or a list of them expected", err) end
    assert.equal(4, #errors)
  end)
end)

describe("middlewares of a namespace", function()
  it("let in or refuse", function()
    make()
    local connected = 0
    app:use(function(socket)
      local token = socket.handshake.auth.token
      sio.sleep(0.001)
      if token == "text" then return nil, "no entry" end
      if token == "table" then return nil, { message = "unauthorized", data = { code = 401 } } end
      if token == "error" then error "secret details" end
      if token == "function" then return nil, { message = "x", data = print } end
      if token == "false" then return false, "false" end
      socket.data.token = token
    end)
    app:use(function() return true end)
    app:on("connection", function(socket)
      connected = connected + 1
      assert(socket.data.token == "good")
    end)
    local errors = serve(app, [[
      const errors = [];
      for (const token of ["text", "table", "error", "function", "false", "good"])
        errors.push((await client({ token })).error ?? "in");
      return errors;
    ]])
    assert.same({
      { message = "no entry" }, { message = "unauthorized", data = { code = 401 } },
      { message = "internal error" }, { message = "internal error" }, { message = "false" }, "in",
    }, errors)
    assert.equal(1, connected)
  end)

  it("are a namespace's own", function()
    make()
    app:use(function() return nil, "not here" end)
    app:of("chat"):on("connection", function(socket)
      socket:emit("welcome", socket.nsp.name)
    end)
    local got = serve(app, [[
      const c = await client(undefined, "/chat"), none = await client(undefined, "/nope");
      const welcome = await c.next("welcome");
      return [(await client()).error.message, none.error.message, welcome[1] ];
    ]])
    assert.same({ "not here", "Invalid namespace", "/chat" }, got)
  end)
end)

describe("a socket", function()
  it("knows its client", function()
    make { path = "/io" }
    local seen
    app:on("connection", function(socket)
      local h = socket.handshake
      seen = {
        id = socket.id, connected = socket.connected, recovered = socket.recovered,
        auth = h.auth, q = h.query.EIO, path = h.url:match "^[^?]+", address = h.address,
        secure = h.secure, xdomain = h.xdomain, host = h.headers.host:match "^[^:]+",
        issued = math.type(h.issued), time = h.time:match "GMT", again = h == socket.handshake,
        transport = socket.conn.transport, sid = #socket.conn.id, text = tostring(socket),
        found = app.sockets[socket.id] == socket, count = app.engine.clients_count,
      }
    end)
    local id = serve(app, [[ return (await client({ a: 1 }, "/", "/io")).id; ]])
    assert.same({
      id = id, connected = true, recovered = false, auth = { a = 1 }, q = "4", path = "/io/",
      address = "127.0.0.1", secure = false, xdomain = false, host = "127.0.0.1",
      issued = "integer", time = "GMT", again = true, transport = "polling", sid = 20,
      text = "sio.Socket: " .. id, found = true, count = 1,
    }, seen)
  end)

  it("goes with a reason, and is harmless afterwards", function()
    make()
    local seen, socket = {}, nil
    app:on("connection", function(s)
      socket = s
      s:on("disconnecting", function(reason)
        seen[#seen + 1] = { "disconnecting", reason, #s.rooms, s.connected }
      end)
      s:on("disconnect", function(reason)
        seen[#seen + 1] = { "disconnect", reason, #s.rooms, s.connected }
      end)
      s:on("kick", function(close) s:disconnect(close) end)
    end)
    serve(app, [[
      const [a, b, c] = [await client(), await client(), await client()];
      await a.post("41");
      await b.emit("kick");
      await b.next("disconnect");
      await c.emit("kick", true);
      await c.next("closed");
    ]])
    assert.same({
      { "disconnecting", "client namespace disconnect", 1, true },
      { "disconnect", "client namespace disconnect", 0, false },
      { "disconnecting", "server namespace disconnect", 1, true },
      { "disconnect", "server namespace disconnect", 0, false },
      { "disconnecting", "server namespace disconnect", 1, true },
      { "disconnect", "server namespace disconnect", 0, false },
    }, seen)
    assert.is_true(socket:emit("x", 1))
    assert.same({ nil, "closed" }, { socket:join "x" })
    assert.is_false(socket.connected)
    assert.equal("127.0.0.1", socket.handshake.address)
    assert.is_nil(socket.conn)
    socket:disconnect()
    assert.is_table(socket.data)
    assert.error_matches(function() socket.emit("x") end, "called with a colon")
    assert.error_matches(function() core.socket_emit({}, "x") end, "sio.socket expected")
  end)

  it("keeps fields of people, and data as JSON", function()
    make { connection_state_recovery = true }
    local seen = {}
    app:on_error(function(message) seen[#seen + 1] = message end)
    app:on("connection", function(socket)
      socket.name = "mine"
      socket.data.list = { 1, { a = {} } }
      socket:on("name", function() return socket.name end)
      socket:on("data", function() return socket.data end)
      socket:on("replace", function() socket.data = { new = true } return true end)
      socket:on("bad", function() socket.data.f = print end)
      socket:on("bad wait", function()
        socket.data.f = { print }
        sio.sleep(0)
      end)
    end)
    local answers = serve(app, [[
      const c = await client();
      const answers = [];
      for (const event of ["name", "data", "replace", "data"]) answers.push(await c.ask(event));
      await c.emit("bad");
      await c.emit("bad wait");
      return answers;
    ]])
    assert.same({ { "mine" }, { { list = { 1, { a = {} } } } }, { true }, { { new = true } } },
      answers)
    assert.matches("socket%.data%.f: a function cannot be encoded", seen[1])
    assert.matches("socket%.data%.f%[1%]: a function cannot be encoded", seen[2])
  end)

  it("comes back with its data, its rooms and what it missed", function()
    make { connection_state_recovery = true }
    local seen = {}
    app:on("connection", function(socket)
      seen[#seen + 1] = { socket.recovered, socket.data.name, #socket.rooms }
      if socket.recovered then return end
      socket.data.name = socket.handshake.auth.name
      socket:join(socket.handshake.auth.room)
      socket:emit "hello"
      socket:on("say", function(x) app:to("room"):emit("said", x) return true end)
    end)
    local got = serve(app, [[
      const a = await client({ name: "Ada", room: "room" });
      const offset = (await a.next("hello")).at(-1);
      await a.post("1");
      await a.closed;
      await (await client({ name: "Bob", room: "other" })).ask("say", "missed");
      const b = await client({ pid: a.pid, offset });
      return { same: a.id === b.id, missed: (await b.next("said"))[1] };
    ]])
    assert.same({ same = true, missed = "missed" }, got)
    assert.same({ { false, nil, 1 }, { false, nil, 1 }, { true, "Ada", 2 } }, seen)
  end)

  it("leaves nothing behind", function()
    make()
    app:on("connection", function(socket)
      socket:on("x", function() return socket.data.a end)
      socket:emit("q", function() end)
    end)
    local function visit()
      serve(app, [[
        for (let i = 0; i < 5; i++) {
          const c = await client();
          await c.ask("x");
          await c.post("1");
          await c.closed;
        }
      ]])
      return core.handle_count()
    end
    assert.same({ visit() }, { visit() })
  end)
end)
