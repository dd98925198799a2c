-- SPDX-License-Identifier: MIT
-- What can be sent, and what an emit says about the rest: it names the argument and the way to it.

local serve = require "support.serve"
local sio = require "sio"

local app
before_each(function() app = serve.open() end)
after_each(function() serve.close(app) end)

local cycle = { {} }
cycle[1].back = cycle

local deep = {}
for _ = 1, 200 do deep = { deep } end

-- Arguments of emit, and what it says.
local refused = {
  { { nil }, "argument 1: event name expected, got nil" },
  { { 7 }, "argument 1: event name expected, got number" },
  { { {} }, "argument 1: event name expected, got table" },
  { { "\xff" }, "argument 1: string is not valid UTF%-8" },
  { { "connect" }, '"connect" is a reserved event name' },
  { { "disconnecting" }, '"disconnecting" is a reserved event name' },
  { { "e", print, 1 }, "argument 2: a function cannot be encoded" },
  { { "e", { 1, { on = print } } }, "argument 2%[2%]%.on: a function cannot be encoded" },
  { { "e", coroutine.create(print) }, "argument 2: a thread cannot be encoded" },
  { { "e", io.stdout }, "argument 2: a FILE%* cannot be encoded" },
  { { "e", 1, "a\xc3" }, "argument 3: string is not valid UTF%-8 %(use sio%.binary for bytes%)" },
  { { "e", { key = "\xed\xa0\x80" } }, "argument 2%.key: string is not valid UTF%-8" },
  { { "e", { ["\xff"] = 1 } }, "argument 2.*: string is not valid UTF%-8" },
  { { "e", cycle }, "argument 2%[1%]%.back.*: nesting too deep %(cycle%?%)" },
  { { "e", deep }, "argument 2%[1%].*: nesting too deep" },
  { { "e", { [1e9] = true, [1] = 1 } }, "argument 2: list has too many holes" },
  { { "e", { 1, 2, x = 3 } }, "argument 2: table has list items and keys" },
  { { "e", { [1.5] = 1 } }, "argument 2: a float cannot be a key" },
  { { "e", { [true] = 1 } }, "argument 2: a boolean cannot be a key" },
}

describe("an emit", function()
  it("raises for what cannot be sent, wherever it is called", function()
    local checked = 0
    app:on_event("go", function(socket)
      local ways = {
        socket.emit, socket.emit_with_ack,
        function(_, ...) return socket.volatile:emit(...) end,
        function(_, ...) return socket:timeout(5):emit_with_ack(...) end,
        function(_, ...) return socket.broadcast:emit(...) end,
        function(_, ...) return app:emit(...) end,
        function(_, ...) return app:to "room":emit(...) end,
      }
      for _, case in ipairs(refused) do
        for _, emit in ipairs(ways) do
          local ok, message = pcall(emit, socket, table.unpack(case[1], 1, math.max(1, #case[1])))
          assert(not ok and message:find(case[2]), tostring(message) .. " for " .. case[2])
          checked = checked + 1
        end
      end
      return true
    end)
    local events = serve(app, [[
      const c = await client();
      await c.ask("go");
      return c.events.length;
    ]])
    assert.equal(#refused * 7, checked)
    assert.equal(0, events) -- no part of one was sent
  end)

  it("sends what JSON can say, numbers that are none as null", function()
    app:on_event("go", function(socket)
      socket:emit("e", nil, sio.null, 0 / 0, 1 / 0, -1 / 0, 1 << 53, -0.0, { 1, nil, 3 }, {},
        sio.object {}, { [2] = "b" }, { x = { y = {} } }, "\0ä\u{1F600}")
    end)
    local got = serve(app, [[
      const c = await client();
      c.emit("go");
      return JSON.stringify(await c.next("e"));
    ]])
    assert.equal('["e",null,null,null,null,null,9007199254740992,0,[1,null,3],[],{},{"2":"b"},'
      .. '{"x":{"y":[]}},"\\u0000ä😀"]', got)
  end)

  it("carries ten pieces of bytes and not one more", function()
    local message
    app:on_event("go", function(socket)
      local pieces = {}
      for i = 1, 10 do pieces[i] = sio.binary(tostring(i)) end
      socket:emit("ten", pieces)
      message = select(2, pcall(socket.emit, socket, "eleven", pieces, sio.binary "11"))
      return true
    end)
    local ten = serve(app, [[
      const c = await client();
      await c.ask("go");
      return (await c.next("ten"))[1].length;
    ]])
    assert.equal(10, ten)
    assert.matches("argument 3: more than 10 binary attachments", message)
  end)
end)
