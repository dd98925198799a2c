-- SPDX-License-Identifier: MIT
-- Engine.IO without Socket.IO: sessions and messages.

local serve = require "support.serve"
local sio = require "sio"

describe("an engine", function()
  local engine
  before_each(function() engine = sio.engine() end)
  after_each(function() serve.close(engine) end)

  it("carries text and bytes", function()
    local closed
    engine:on("connection", function(session)
      session:on("message", function(data) session:send(data) end)
      session:on("close", function(reason) closed = reason end)
      session:send("welcome " .. session.transport)
      assert.equal(1, engine.clients_count)
    end)
    local got = serve(engine, [[
      const path = url + "/engine.io/?EIO=4&transport=polling";
      const { sid } = JSON.parse((await (await fetch(path)).text()).slice(1));
      const poll = async () => (await (await fetch(path + "&sid=" + sid)).text()).split("\x1e");
      const seen = await poll();
      await fetch(path + "&sid=" + sid, { method: "POST", body: "4text\x1ebAQL/" });
      seen.push(...await poll());
      await fetch(path + "&sid=" + sid, { method: "POST", body: "1" });
      return seen;
    ]])
    assert.same({ "4welcome polling", "4text", "bAQL/" }, got)
    assert.equal("transport close", closed)
    assert.equal(0, engine.clients_count)
  end)

  it("knows what a session's first request said", function()
    local seen, later
    engine:on("connection", function(session)
      local handshake = session.handshake
      seen = { handshake.query.a, handshake.headers["x-b"], handshake.address, handshake.auth }
      assert.is_true(rawequal(handshake, session.handshake))
      session:on("close", function() later = session.handshake.query.a end)
    end)
    serve(engine, [[
      const path = url + "/engine.io/?EIO=4&transport=polling&a=1";
      const headers = { "X-B": "2" };
      const { sid } = JSON.parse((await (await fetch(path, { headers })).text()).slice(1));
      await fetch(path + "&sid=" + sid, { method: "POST", body: "1" });
    ]])
    assert.same({ "1", "2", "127.0.0.1" }, seen)
    assert.equal("1", later)
  end)

  it("says what is wrong", function()
    assert.error_matches(function() engine:on("conection", print) end,
      "an engine has no event 'conection' %(did you mean 'connection'%?%)")
    local errors = {}
    engine:on("connection", function(session)
      local function note(...) errors[#errors + 1] = select(2, pcall(...)) end
      note(session.on, session, "massage", print)
      note(session.send, session, 12)
      note(session.send, session, "\xff")
      note(session.send, "x")
      session:close()
      session:close()
    end)
    serve(engine, [[ await fetch(url + "/engine.io/?EIO=4&transport=polling"); ]])
    assert.matches("a session has no event 'massage' %(did you mean 'message'%?%)", errors[1])
    assert.matches("string or sio.binary expected, got number", errors[2])
    assert.matches("string is not valid UTF%-8 %(use sio%.binary for bytes%)", errors[3])
    assert.is_string(errors[4])
  end)
end)
