-- SPDX-License-Identifier: MIT
-- The options of connection_state_recovery: who is recovered, and what happens then.

local core = require "sio.core"
local serve = require "support.serve"
local sio = require "sio"
local test = require "sio.test"

describe("recovery", function()
  it("brings what was sent to a socket that had gone, and with it its namespace", test(function()
    for _, name in ipairs { "/", "/game-1" } do
      local server = sio.server { serve_client = false, connection_state_recovery = true }
      local gone
      local function on_connection(socket)
        if socket.recovered then return end
        socket:on("disconnect", function()
          gone = socket
          server:emit "gone"
        end)
        socket:emit "hello"
      end
      server:on("connection", on_connection)
      local games = server:of("^/game"):on("connection", on_connection)
      local app = test.start(server)
      local watcher, client = app:client(), app:client { namespace = name }
      client:wait "hello"
      client:drop()
      watcher:wait "gone"
      assert.same({}, games.children)
      assert.is_true(gone:emit("late", name))
      client:reconnect()
      assert.is_true(client.recovered)
      assert.same({ name }, client:wait "late")
    end
  end))

  local app
  before_each(function() core.set_log_level "off" end)
  after_each(function()
    core.set_log_level "info"
    serve.close(app)
  end)

  -- A client that leaves, asks for /later, and comes back; whether its sockets were recovered, and
  -- how often the middleware has run.
  local function come_back(recovery)
    app = sio.server { serve_client = false, connection_state_recovery = recovery }
    local recovered, passed = {}, 0
    app:use(function() passed = passed + 1 end)
    app:on("connection", function(socket)
      recovered[#recovered + 1] = socket.recovered
      socket:emit "hello"
    end)
    app:get("/later", function()
      sio.sleep(0.5)
      return ""
    end)
    serve(app, [[
      const a = await client();
      const offset = (await a.next("hello")).at(-1);
      await a.post("1");
      await a.closed;
      await fetch(url + "/later");
      await client({ pid: a.pid, offset });
    ]])
    return recovered, passed
  end

  it("skips the middlewares", function()
    local recovered, passed = come_back(true)
    assert.same({ false, true }, recovered)
    assert.equal(1, passed)
  end)

  it("may run the middlewares again", function()
    local recovered, passed = come_back { skip_middlewares = false }
    assert.same({ false, true }, recovered)
    assert.equal(2, passed)
  end)

  it("keeps nothing when it is off", function()
    come_back(false)
    local census = core.census(app)
    assert.same({ 0, 0, 0 }, { census.keeps, census.parked, census.claims })
  end)

  it("keeps who is away, and nobody who has come back", function()
    come_back(true)
    local census = core.census(app)
    assert.same({ 1, 0, 0 }, { census.keeps, census.parked, census.claims })
  end)

  it("gives up on who missed more packets than max_missed_packets, or bytes", function()
    for limit, n in pairs { max_missed_packets = 3, max_missed_bytes = 3 * 200 } do
      for more = 0, 1 do
        app = sio.server { serve_client = false, connection_state_recovery = { [limit] = n } }
        local recovered
        app:on("connection", function(socket) recovered = socket.recovered end)
        app:get("/publish", function()
          for _ = 1, 3 + more do app:emit("x", ("y"):rep(100)) end
          return ""
        end)
        serve(app, [[
          const a = await client();
          await a.post("1");
          await a.closed;
          await fetch(url + "/publish");
          await client({ pid: a.pid });
        ]])
        assert.equal(more == 0, recovered, limit)
        serve.close(app)
      end
    end
  end)

  it("is for those who are not away for too long", function()
    local recovered, passed = come_back { max_disconnection_duration = 0.1 }
    assert.same({ false, false }, recovered)
    assert.equal(2, passed)
  end)
end)
