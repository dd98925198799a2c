-- SPDX-License-Identifier: MIT
-- Finalizers run whenever Lua makes something, also while it makes an object of ours, and they may
-- do anything. In processes of their own: the collector runs all the time in them.

local child = require "support.child"

-- with_finalizers(nth, act, fn): fn's result and how often finalizers ran in it; the nth calls act.
-- each_moment(fn): fn(moment) returns that number; until moments are too late to meddle.
local head = [[
local test = require "sio.test"
local function with_finalizers(nth, act, fn)
  local calls, running, begun = 0, true, false
  local mt = {}
  function mt.__gc()
    if not running then return end
    calls = calls + 1
    if begun and calls == nth then act() end
    setmetatable({}, mt)
  end
  setmetatable({}, mt)
  collectgarbage()
  collectgarbage("incremental", 100, 400, 30)
  collectgarbage("setpause", 0)
  repeat local _ = {} until calls > 20 -- the collector has to get going
  calls, begun = 0, true
  local result = fn()
  running = false
  collectgarbage("incremental", 200, 100, 13)
  return result, calls
end
local function each_moment(fn)
  local moment, calls = 0, 1
  while moment <= calls do
    moment = moment + 1
    calls = fn(moment)
  end
  assert(moment > 1)
  return moment
end
]]

local function passes(source)
  local output, code = child(head .. source .. '\nsay "passed"')
  assert.equal(0, code, output)
  assert.matches("passed\n$", output)
end

describe("an object that is being made", function()
  it("of a socket that a finalizer ends is one of a socket that has gone", function()
    passes [[
      test(function()
        each_moment(function(moment)
          local server = sio.server { serve_client = false, slow_handler = false }
          local app = test.start(server)
          assert(app:client())
          local function close() server:close() end
          local sockets, calls = with_finalizers(moment, close, function()
            return server.sockets
          end)
          for _, socket in pairs(sockets) do
            assert(socket.connected == (calls < moment))
            assert(socket:emit "x")
          end
          app:close()
          assert(select(3, core.handle_count()) == 0)
          return calls
        end)
      end)()
    ]]
  end)

  it("of a connection that a finalizer ends, likewise", function()
    passes [[
      test(function()
        each_moment(function(moment)
          local socket
          local server = sio.server { serve_client = false, slow_handler = false }
          server:on("connection", function(s) socket = s end)
          local app = test.start(server)
          assert(app:client())
          local function close() socket:disconnect(true) end
          local conn, calls = with_finalizers(moment, close, function() return socket.conn end)
          assert(socket.connected == (calls < moment))
          if conn then conn:close() end
          app:close()
          return calls
        end)
      end)()
    ]]
  end)
end)

describe("a packet that is made ready in Lua", function()
  it("is shown to outgoing listeners once, whatever a finalizer sends meanwhile", function()
    passes [[
      test(function()
        local socket
        local server = sio.server { serve_client = false, slow_handler = false }
        server:on("connection", function(s) socket = s end)
        assert(test.start(server):client())
        local told
        socket:on_any_outgoing(function(event) told[event] = (told[event] or 0) + 1 end)
        each_moment(function(moment)
          told = {}
          local _, calls = with_finalizers(moment, function() socket:emit "finalizer" end,
            function() return socket:emit("event", { 1, { 2 } }, "x") end)
          assert(told.event == 1 and told.finalizer == (moment <= calls and 1 or nil))
          return calls
        end)
      end)()
    ]]
  end)

  it("is given to a parser whole, whatever a finalizer encodes meanwhile", function()
    passes [[
      local serve = require "support.serve"
      local lists, moments = {}, nil
      local parser = {}
      function parser.encode(packet)
        local list = packet.data and packet.data[2]
        if list then lists[#lists + 1] = list end
        return packet.type .. (packet.data and sio.json.encode { packet.data[1] } or "{}")
      end
      function parser.decode(text)
        local type, data = text:match "^(%d)(.*)$"
        data = data ~= "" and sio.json.decode(data) or nil
        return { type = tonumber(type), nsp = "/", data = data }
      end
      local app = sio.server { serve_client = false, slow_handler = false, parser = parser }
      app:on("connection", function(socket)
        socket:on("go", function()
          moments = each_moment(function(moment)
            local large = ("x"):rep(10000 << moment)
            local _, calls = with_finalizers(moment, function() sio.json.encode(large) end,
              function() return socket:emit("list", { 1, { 2 } }) end)
            return calls
          end)
          socket:emit "end"
        end)
      end)
      serve(app, 'const c = await client(); await c.emit("go"); await c.next("end");')
      serve.close(app)
      assert(#lists == moments)
      for _, list in ipairs(lists) do assert(list[1] == 1 and list[2][1] == 2) end
    ]]
  end)
end)

describe("the end of a state", function()
  it("lets go of processes, of one that runs and of one that has just ended", function()
    local output, code = child [[
      local spawn = require "sio.core".process.spawn
      local function never() say "not reached" end
      assert(spawn({ "/bin/sleep", "0.2" }, {}, {}, never))
      assert(spawn({ "/bin/true" }, {}, {}, never))
      os.execute "sleep 0.1"
    ]]
    assert.same({ "", 0 }, { output, code })
  end)
end)
