-- SPDX-License-Identifier: MIT
-- Bodies that handlers write in pieces.

local core = require "sio.core"
local serve = require "support.serve"
local sio = require "sio"

local app

before_each(function() app = serve.open { body_timeout = 0.1 } end)
after_each(function() serve.close(app) end)

-- Sends the text on a connection of its own; what comes back until the end of the connection, or
-- until `stop` is in it.
local function talk(text, stop)
  return serve(app, ([[
    const { connect } = await import("node:net");
    const { port } = new URL(url);
    return new Promise((resolve, reject) => {
      let got = "";
      const socket = connect(port, "127.0.0.1", () => socket.write(%s));
      socket.setEncoding("latin1");
      socket.on("data", (data) => {
        got += data;
        if (%s && got.includes(%s)) socket.destroy();
      });
      socket.on("error", reject);
      socket.on("close", () => resolve(got));
    });
  ]]):format(sio.json.encode(text), stop and "true" or "false", sio.json.encode(stop or "")))
end

local function get(path, version)
  return ("GET %s HTTP/%s\r\nHost: x\r\n\r\n"):format(path, version or "1.1")
end

describe("a body in pieces", function()
  it("goes out while it is made", function()
    app:get("/", function(req)
      return function(write)
        assert.is_true(write "one")
        sio.sleep(0.001)
        assert.is_true(write(sio.binary "two"))
        assert.is_true(write "")
        write(req.query.x)
      end, 201, { ["X-A"] = "b" }
    end)
    local got = talk(get "/?x=three" .. get "/?x=4", "1\r\n4\r\n0\r\n\r\n")
    local head = "HTTP/1.1 201 Created\r\n"
    assert.equal(head, got:sub(1, #head))
    assert.matches("\r\nX%-A: b\r\n", got)
    assert.matches("\r\nContent%-Type: text/plain; charset=utf%-8\r\n", got)
    assert.matches("\r\n\r\n3\r\none\r\n3\r\ntwo\r\n5\r\nthree\r\n0\r\n\r\nHTTP", got)
  end)

  it("with a length has no chunks", function()
    app:get("/", function()
      return function(write) write "abc" end, 200, { ["content-length"] = 3 }
    end)
    assert.matches("\r\nContent%-Length: 3\r\n.*\r\n\r\nabc$", talk(get "/", "abc"))
  end)

  it("is not made for HEAD, 204 and 304", function()
    local made = 0
    local function count() made = made + 1 end
    app:get("/200", function() return count end)
    app:get("/204", function() return count, 204 end)
    app:get("/304", function() return count, 304 end)
    app:get("/end", function() return "end" end)
    local got = talk("HEAD /200 HTTP/1.1\r\nHost: x\r\n\r\n" .. get "/204" .. get "/304"
      .. get "/end", "end")
    assert.equal(0, made)
    assert.matches("200 OK\r\n.*chunked.*\r\n\r\nHTTP/1.1 204 .*\r\n\r\nHTTP/1.1 304 ", got)
  end)

  it("ends with the connection for HTTP/1.0", function()
    app:get("/", function() return function(write) write "a" write "b" end end)
    assert.matches("\r\nConnection: close\r\nDate: [^\r]+\r\n\r\nab$", talk(get("/", "1.0")))
  end)

  it("that fails ends the connection, and says why in the log alone", function()
    local seen = {}
    app:on_error(function(message, context) seen[#seen + 1] = context.what .. ": " .. message end)
    app:get("/boom", function()
      return function(write)
        write "begun"
        error "secret"
      end
    end)
    app:get("/type", function() return function(write) write(nil) end end)
    app:get("/long", function()
      return function(write) write "abcd" end, 200, { ["Content-Length"] = 3 }
    end)
    app:get("/short", function()
      return function(write) write "ab" end, 200, { ["Content-Length"] = 3 }
    end)
    local got = talk(get "/boom" .. get "/boom")
    assert.matches("\r\n\r\n5\r\nbegun\r\n$", got)
    assert.matches("request handler GET /boom: .*secret", seen[1])
    assert.matches("\r\n\r\n$", talk(get "/type"))
    assert.matches("bad argument #1 to 'write' %(string or sio.binary expected, got nil%)", seen[2])
    assert.matches("\r\n\r\n$", talk(get "/long"))
    assert.matches("write: more bytes than Content%-Length says", seen[3])
    assert.matches("\r\n\r\nab$", talk(get "/short"))
    assert.matches("the body has fewer bytes than Content%-Length says", seen[4])
  end)

  it("waits for a slow client", function()
    local pieces = 0
    app:get("/", function()
      return function(write)
        local piece = ("x"):rep(100000)
        for _ = 1, 100 do
          assert.is_true(write(piece))
          pieces = pieces + 1
        end
      end
    end)
    local got = serve(app, [[
      const { connect } = await import("node:net");
      const { port } = new URL(url);
      return new Promise((resolve) => {
        let bytes = 0;
        const socket = connect(port, "127.0.0.1", () => {
          socket.write("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        });
        socket.on("data", (data) => {
          bytes += data.length;
          socket.pause();
          setImmediate(() => socket.resume());
        });
        socket.on("close", () => resolve(bytes));
      });
    ]])
    assert.equal(100, pieces)
    assert.is_true(got > 100 * 100000)
  end)

  -- What an endless writer is told when its client leaves after the first bytes, or never reads.
  local function leave(after_first)
    local reason
    app:get("/", function()
      return function(write)
        local ok
        repeat
          ok, reason = write(("x"):rep(100000))
          sio.sleep(0)
        until not ok
        assert.is_nil(write "more")
      end
    end)
    app:get("/reason", function()
      while not reason do sio.sleep(0.001) end
      return reason
    end)
    return serve(app, ([[
      const { connect } = await import("node:net");
      const { once } = await import("node:events");
      const { port } = new URL(url);
      const socket = connect(port, "127.0.0.1");
      socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
      socket.on("error", () => {});
      if (%s) {
        await once(socket, "data");
        socket.destroy();
      } else {
        socket.pause();
      }
      const reason = (await request("/reason")).body;
      socket.destroy();
      return reason;
    ]]):format(after_first))
  end

  it("learns that the client has left", function()
    assert.equal("closed", leave(true))
  end)

  it("is cut for a client that does not read", function()
    assert.equal("closed", leave(false))
  end)

  it("does not keep a closing server open", function()
    local reason
    app:get("/", function()
      return function(write)
        write "begun"
        sio.sleep(1000)
        reason = select(2, write "too late")
      end
    end)
    app:get("/drop", function()
      core.server_drop_requests(app)
      return "dropped"
    end)
    local got = serve(app, [[
      const { connect } = await import("node:net");
      const { port } = new URL(url);
      return new Promise((resolve) => {
        let got = "";
        const socket = connect(port, "127.0.0.1");
        socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        socket.on("data", async (data) => {
          if (got === "") request("/drop");
          got += data;
        });
        socket.on("close", () => resolve(got));
      });
    ]])
    assert.matches("\r\n\r\n5\r\nbegun\r\n$", got)
    assert.is_nil(reason)
  end)

  it("is written by one coroutine at a time, and never after its end", function()
    local second, late, kept
    app:get("/", function()
      return function(write)
        kept = write
        sio.spawn(function() while write(("x"):rep(100000)) do end end)
        second = select(2, pcall(write, "y"))
      end
    end)
    app:get("/late", function()
      late = select(2, kept "z")
      return "late"
    end)
    talk(get "/" .. get "/late", "late")
    assert.matches("another coroutine is writing", second)
    assert.equal("closed", late)
  end)

  it("and other answers leave their framing to the server", function()
    local seen = {}
    app:on_error(function(message) seen[#seen + 1] = message end)
    app:get("/length", function() return "x", 200, { ["Content-Length"] = 5 } end)
    app:get("/te", function() return "x", 200, { ["transfer-encoding"] = "chunked" } end)
    app:get("/connection", function() return "x", 200, { Connection = "upgrade" } end)
    app:get("/bad", function() return print, 200, { ["Content-Length"] = -1 } end)
    app:get("/close", function() return "bye", 200, { Connection = "close" } end)
    for _, path in ipairs { "/length", "/te", "/connection", "/bad" } do
      assert.matches("^HTTP/1.1 500 ", talk(get(path), "Error"))
    end
    assert.equal(4, #seen)
    assert.matches("\r\nConnection: close\r\nDate: [^\r]+\r\n\r\nbye$",
      talk(get "/close" .. get "/close"))
  end)
end)
