-- SPDX-License-Identifier: MIT
-- The bytes below sio.test: csrc/bind/stream.c, and what its client refuses.

local core = require "sio.core"
local http = require "sio.test.http"
local inbox = require "sio.test.inbox"
local sio = require "sio"
local test = require "sio.test"
local websocket = require "sio.test.websocket"
local wire = require "sio.test.wire"

local MIB = 1024 * 1024

-- An app that writes n bytes and counts what the client has taken.
local function writer()
  local taken = { n = 0 }
  local server = sio.server { serve_client = false, body_timeout = 5 }
  server:get("/:n", function(req)
    return function(write)
      local left = math.tointeger(tonumber(req.params.n))
      while left > 0 do
        if not write(("#"):rep(math.min(left, 65536))) then return end
        left = left - 65536
        taken.n = taken.n + 65536
      end
    end
  end)
  return test.start(server), taken
end

local function ask(app, n)
  local stream = assert(core.stream_open(app.port))
  stream:write(("GET /%d HTTP/1.0\r\nHost: x\r\n\r\n"):format(n))
  return stream
end

describe("a stream", function()
  it("gives all that was sent, and then says that it was closed", test(function()
    local stream = ask((writer()), 3 * MIB)
    local n = 0
    while true do
      local bytes, err = stream:read()
      if not bytes then
        assert.equal("closed", err)
        break
      end
      n = n + select(2, bytes:gsub("#", ""))
    end
    assert.equal(3 * MIB, n)
    assert.same({ nil, "closed" }, { stream:write "late" })
  end))

  it("lets the peer wait while nobody reads", test(function()
    local app, taken = writer()
    local stream = ask(app, 64 * MIB)
    local before
    repeat -- until a tenth of a second has brought nothing
      before = taken.n
      sio.sleep(0.1)
    until taken.n == before and before > 0
    assert.is_true(before < 32 * MIB)
    assert.is_true(#stream:read() >= MIB)
    repeat sio.sleep(0.01) stream:read() until taken.n > before
    stream:reset()
  end))

  it("has one reader, who is woken when it ends here", test(function()
    local app = writer()
    for _, how in ipairs { "close", "reset" } do
      local stream = assert(core.stream_open(app.port))
      local woken
      sio.spawn(function() woken = { stream:read() } end)
      assert.error_matches(function() stream:read() end, "somebody reads this stream already")
      stream[how](stream)
      assert.same({ nil, "closed" }, woken)
      stream[how](stream)
      assert.same({ nil, "closed" }, { stream:read() })
    end
  end))

  it("tells of a port where nobody listens", test(function()
    local fd, port = core.process.listen_tcp("127.0.0.1", 0)
    core.process.close(fd)
    local stream, err = core.stream_open(port)
    if stream then stream, err = stream:read() end
    assert.is_nil(stream)
    assert.matches("refused", err)
    for _, bad in ipairs { 0, 65536, -1 } do
      assert.error_matches(function() core.stream_open(bad) end, "port expected")
    end
  end))

  it("takes 64 MiB that a peer does not read, not more", test(function()
    local stream = assert(core.stream_open((writer()).port))
    local piece = ("x"):rep(16 * MIB)
    for _ = 1, 4 do assert.is_true(stream:write(piece)) end
    assert.same({ nil, "a limit is reached" }, { stream:write "x" })
    stream:reset()
  end))
end)

describe("the client's limits", function()
  -- Runs fn with a limit made small.
  local function with(module, name, value, fn)
    local before = module[name]
    module[name] = value
    local ran, err = pcall(fn)
    module[name] = before
    if not ran then error(err, 0) end
  end

  it("are of a body", test(function()
    local server = sio.server { serve_client = false }
    server:get("/whole", function() return "0123456789" end)
    server:get("/pieces", function()
      return function(write) write "01234" write "56789" end
    end)
    local app = test.start(server)
    for _, path in ipairs { "/whole", "/pieces" } do
      with(http, "body_max", 10, function()
        assert.equal("0123456789", app:request("GET", path).body)
      end)
      with(http, "body_max", 9, function()
        assert.same({ nil, "more than 9 bytes" }, { app:request("GET", path) })
      end)
    end
  end))

  it("are of a line", test(function()
    local server = sio.server { serve_client = false }
    server:get("/", function() return "", 200, { ["X-Long"] = ("x"):rep(3000) } end)
    local app = test.start(server)
    assert.equal(3000, #app:request("GET", "/").headers["x-long"])
    with(wire, "line_max", 3008, function() -- "X-Long: " and the value
      assert(app:request("GET", "/"))
    end)
    with(wire, "line_max", 3007, function()
      assert.same({ nil, "a line is too long" }, { app:request("GET", "/") })
    end)
  end))

  it("are of a message", test(function()
    local server = sio.server { serve_client = false }
    server:on("connection", function(socket)
      socket:on("long", function(n) socket:emit("long", ("x"):rep(n)) end)
    end)
    local a = test.start(server):client()
    with(websocket, "message_max", 1000, function()
      a:emit("long", 1000 - #'42["long",""]')
      assert(a:wait "long")
      a:emit("long", 1001 - #'42["long",""]')
      assert.same({ "transport error" }, a:wait "disconnect")
    end)
  end))

  it("are of events that nobody waits for", test(function()
    with(inbox, "unread_max", 2, function()
      local server = sio.server { serve_client = false }
      server:on("connection", function(socket)
        socket:on("more", function(n)
          for i = 1, n do socket:emit("e", i) end
          return true
        end)
      end)
      local app = test.start(server)
      local a = app:client()
      a:emit_with_ack("more", 2)
      assert.same({}, app:errors())
      a:emit_with_ack("more", 2)
      assert.equal(1, #app:errors())
      assert.same({ { 1 }, { 2 } }, { a:wait "e", a:wait "e" })
    end)
  end))
end)
