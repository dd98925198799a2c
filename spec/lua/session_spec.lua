-- SPDX-License-Identifier: MIT
-- What becomes of a client's connection: socket.conn and the sessions of sio.engine, pressure and
-- its end.

local serve = require "support.serve"
local sio = require "sio"

-- A websocket that reads nothing until it is told to.
local websocket = [[
  const net = await import("node:net");
  async function deaf(path, sid = "") {
    const socket = net.connect(Number(new URL(url).port), "127.0.0.1").pause();
    socket.on("error", () => {});
    socket.write(`GET ${path}?EIO=4&transport=websocket&sid=${sid} HTTP/1.1\r\nHost: x\r\n` +
      "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    return socket;
  }
  const frame = (text) => Buffer.concat([
    Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]);
  // Reads until the server's close frame, and leaves.
  const ended = (socket) => new Promise((resolve) => {
    socket.on("close", resolve);
    socket.on("data", (data) => data.at(-2) === 0x88 && data.at(-1) === 0 && socket.destroy());
    socket.resume();
  });
]]

local big = ("x"):rep(50000)

-- Sends until there is pressure; what the last send answered.
local function press(send)
  local result
  for _ = 1, 1000 do
    result = table.pack(send())
    if result[2] then break end
  end
  return result
end

describe("a session", function()
  local app
  after_each(function() serve.close(app) end)

  it("has listeners for once, and says how it is called", function()
    app = sio.engine()
    local seen = {}
    app:on("connection", function(session)
      session:once("message", function(text) seen[#seen + 1] = "once " .. text end)
      session:on("message", function(text) seen[#seen + 1] = text end)
      local _, err = pcall(session.once, "close", print)
      seen.dot = err
      _, err = pcall(session.once, session, "messge", print)
      seen.typo = err
    end)
    serve(app, [[
      const path = url + "/engine.io/?EIO=4&transport=polling";
      const { sid } = JSON.parse((await (await fetch(path)).text()).slice(1));
      await fetch(path + "&sid=" + sid, { method: "POST", body: "4a\x1e4b" });
    ]])
    table.sort(seen)
    assert.same({ "a", "b", "once a", dot = seen.dot, typo = seen.typo }, seen)
    assert.matches("bad self to 'once' %(sio.Session expected; methods are called with a colon%)",
      seen.dot)
    assert.matches("a session has no event 'messge' %(did you mean 'message'%?%)", seen.typo)
  end)

  it("tells of pressure, and when it is over", function()
    app = sio.engine { high_water = 100000 }
    local seen = {}
    app:on("connection", function(session)
      assert.is_false(session.pressure)
      session:on("drain", function()
        seen.drained = { session.pressure, session.buffered }
        session:close()
      end)
      seen.result = press(function() return session:send(big) end)
      seen.pressed = { session.pressure, session.buffered > 100000, session.buffered < 500000 }
    end)
    serve(app, websocket .. [[
      const socket = await deaf("/engine.io/");
      await fetch(url + "/");
      await ended(socket);
    ]])
    assert.same({ true, "pressure", n = 2 }, seen.result)
    assert.same({ true, true, true }, seen.pressed)
    assert.same({ false, 0 }, seen.drained)
  end)

  it("is closed at high_water when slow_reader says so", function()
    app = sio.engine { high_water = 100000, slow_reader = "close" }
    local result, reason
    app:on("connection", function(session)
      session:on("close", function(...) reason = { ... } end)
      result = press(function() return session:send(big) end)
    end)
    serve(app, websocket .. [[
      const socket = await deaf("/engine.io/");
      await fetch(url + "/"); // answered once there is too much
      await ended(socket);
    ]])
    assert.same({ nil, "a limit is reached", n = 2 }, result)
    assert.same({ "transport error", "too much is buffered" }, reason)
  end)

  it("that does not read for pressure_timeout is closed", function()
    app = sio.server { high_water = 100000, pressure_timeout = 0.05 }
    app:of("/watch")
    app:on("connection", function(socket)
      socket.conn:on("close", function(...) app:of("/watch"):emit("over", ...) end)
      press(function() return socket:emit("big", big) end)
    end)
    local over = serve(app, websocket .. [[
      const watch = await client(undefined, "/watch");
      const socket = await deaf("/socket.io/");
      socket.write(frame("40"));
      const over = await watch.next("over");
      socket.destroy();
      return over;
    ]])
    assert.same({ "over", "transport error", "the client reads too slowly" }, over)
  end)

  it("is socket.conn, the same for every namespace", function()
    app = sio.server { high_water = 100000, slow_reader = "pause" }
    local conns, seen = {}, {}
    local function note(socket)
      conns[#conns + 1] = socket.conn
      assert.equal("websocket", socket.conn.transport)
      assert.equal(socket.handshake.url, socket.conn.handshake.url)
    end
    app:of("/other"):on("connection", note)
    app:on("connection", function(socket)
      note(socket)
      socket.conn:on("drain", function() seen[#seen + 1] = "drain" end)
      socket.conn:on("close", function(reason) seen[#seen + 1] = reason end)
      socket:on("more", function() seen[#seen + 1] = "more" end)
      seen[#seen + 1] = press(function() return socket:emit("big", big) end)[2]
      assert.error_matches(function() socket.conn:on("message", print) end,
        "a session has no event 'message'")
    end)
    app:get("/seen", function() return seen end)
    serve(app, websocket .. [[
      const socket = await deaf("/socket.io/");
      socket.write(Buffer.concat([frame("40/other,"), frame("40")]));
      await fetch(url + "/");
      socket.write(frame('42["more"]'));
      await fetch(url + "/");
      socket.resume();
      while (!(await (await fetch(url + "/seen")).text()).includes("more"));
      socket.destroy();
      while (!(await (await fetch(url + "/seen")).text()).includes("close"));
    ]])
    assert.same({ "pressure", "drain", "more", "transport close" }, seen)
    assert.equal(2, #conns)
    assert.is_true(rawequal(conns[1], conns[2]))
    assert.is_nil(conns[1].transport)
  end)

  it("that sends more than it may is closed", function()
    for option, detail in pairs {
      max_packets_per_second = "more than max_packets_per_second",
      max_bytes_per_second = "more than max_bytes_per_second",
    } do
      app = sio.engine { [option] = 3 }
      local count, seen = 0, nil
      app:on("connection", function(session)
        session:on("message", function() count = count + 1 end)
        session:on("close", function(...) seen = { ... } end)
      end)
      serve(app, [[
        const path = url + "/engine.io/?EIO=4&transport=polling";
        const { sid } = JSON.parse((await (await fetch(path)).text()).slice(1));
        const body = Array(9).fill("4x").join("\x1e");
        await fetch(path + "&sid=" + sid, { method: "POST", body });
      ]])
      assert.same({ "transport error", detail }, seen)
      assert.equal(3, count)
      serve.close(app)
    end
  end)

  it("tells of its upgrade", function()
    app = sio.engine {}
    local seen = {}
    app:on("connection", function(session)
      seen[1] = session.transport
      session:on("upgrade", function()
        seen[2] = session.transport
        session:close()
      end)
    end)
    serve(app, websocket .. [[
      const path = "/engine.io/?EIO=4&transport=polling";
      const { sid } = JSON.parse((await (await fetch(url + path)).text()).slice(1));
      const socket = await deaf("/engine.io/", sid);
      socket.write(Buffer.concat([frame("2probe"), frame("5")]));
      await ended(socket);
    ]])
    assert.same({ "polling", "websocket" }, seen)
  end)
end)
