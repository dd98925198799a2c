-- SPDX-License-Identifier: MIT
-- slow_handler: code that holds the loop up is logged while it still runs.

local child = require "support.child"
local core = require "sio.core"
local serve = require "support.serve"
local sio = require "sio"

local limited = 'local app = sio.server { serve_client = false, slow_handler = 0.05 }\n'

-- The output, which has these texts in this order.
local function check_order(source, ...)
  local own = source:find("slow_handler", 1, true)
  local output, code = child(own and source or limited .. source)
  assert.equal(0, code, output)
  local at = 1
  for _, text in ipairs { ... } do
    local first, last = output:find(text, at, true)
    assert(first, ("%q is not in, or not behind the others in:\n%s"):format(text, output))
    at = last + 1
  end
  return output
end

describe("a handler that holds the loop up", function()
  it("is logged while it still runs, with its traceback, once", function()
    local output = check_order([[
      local function deep() busy(0.4) say "end" end
      run(function() deep() end)
    ]], "slow sio.spawn has run for 0.", "which holds up all else", "stack traceback:", "'busy'",
      "'deep'", "end")
    assert.falsy(output:find("slow sio.spawn.*slow sio.spawn"))
  end)

  it("is none while it waits, and many short runs are no long one", function()
    local output = check_order([[
      local app = sio.server { serve_client = false, slow_handler = 0.3 }
      run(function()
        sio.sleep(0.4)
        local long, last = 0, core.process.now()
        for _ = 1, 40 do
          sio.sleep(0.001)
          busy(0.01)
          local now = core.process.now()
          if now - last > 0.2 then long = long + 1 end
          last = now
        end
        say("long " .. long)
      end)
    ]], "long ")
    -- A machine that is busy with other things makes long runs of short ones.
    local _, slow = output:gsub("slow ", "")
    assert.is_true(slow <= tonumber(output:match "long (%d+)"), output)
  end)

  it("is seen in a timer, in a listener's turn, in a second run", function()
    check_order([[
      run(function()
        sio.sleep(0.01)
        sio.after(0.01, function() busy(0.2) say "timer" end)
        sio.sleep(0.05)
        busy(0.2)
        say "end"
      end)
    ]], "slow timer has run", "timer", "slow sio.spawn", "end")
  end)

  it("is seen inside coroutines of people", function()
    check_order([[
      run(function()
        local inner = coroutine.wrap(function() busy(0.3) say "inner" end)
        local outer = coroutine.create(function() inner() end)
        assert(coroutine.resume(outer))
        say "end"
      end)
    ]], "slow sio.spawn", "'busy'", "in a coroutine of the handler's, stack traceback:",
      "'coroutine.resume'", "inner", "end")
  end)

  it("is seen when it comes back from a C function, or at its end", function()
    check_order([[
      run(function()
        os.execute "sleep 0.3"
        say "back"
        busy(0.01)
      end)
      sio.spawn(os.execute, "sleep 0.3")
      sio.spawn(function() return os.execute "sleep 0.3" end)
    ]], "slow sio.spawn has run for 0.", "back")
    check_order([[ sio.spawn(os.execute, "sleep 0.3") ]],
      "slow sio.spawn ran for 0.", "inside a C function, which held up all else")
  end)

  it("is not blamed for what it has started", function()
    local output = check_order([[
      local app = sio.server { serve_client = false, slow_handler = 0.3 }
      app:on_error(function() busy(0.5) say "hook" end)
      run(function()
        sio.spawn(error, "x")
        busy(0.02)
        say "end"
      end)
    ]], "slow error hook", "hook", "end")
    assert.falsy(output:find "slow sio.spawn")
  end)

  it("keeps the hook of a debugger", function()
    check_order([[
      run(function()
        local n = 0
        debug.sethook(function() n = n + 1 end, "", 1000)
        busy(0.3)
        local before = n
        for _ = 1, 1e5 do end
        say(n > before and "counts" or "lost")
        debug.sethook()
        say(debug.gethook() == nil and "none")
      end)
    ]], "slow sio.spawn", "counts", "none")
  end)

  it("keeps the hook of a debugger, with a parser in Lua on the same thread", function()
    local parser = {}
    function parser.encode(packet)
      return packet.type .. (packet.data and sio.json.encode(packet.data) or "")
    end
    function parser.decode(text)
      local type, data = text:match "^(%d)(.*)$"
      data = data ~= "" and sio.json.decode(data) or nil
      return { type = tonumber(type), nsp = "/", data = data }
    end
    core.set_log_level "off"
    local app = sio.server { serve_client = false, slow_handler = 0.001, parser = parser,
      max_buffered = 64 << 20 }
    local kept
    local list = {}
    for i = 1, 400000 do list[i] = i end
    app:on("connection", function(socket)
      socket:on("go", function()
        local function hook() end
        debug.sethook(hook, "", 1 << 30)
        socket:emit("large", list) -- is in C for longer than that before the parser runs
        kept = debug.gethook() == hook
        debug.sethook()
        socket:emit "end"
      end)
    end)
    serve(app, [[ const c = await client(); await c.emit("go"); await c.next("end"); ]])
    serve.close(app)
    core.set_log_level "info"
    assert.is_true(kept)
  end)

  it("is none with slow_handler = false, nor when its server has gone", function()
    for _, option in ipairs { "false", "0" } do
      local output = child(([[
        local app = sio.server { serve_client = false, slow_handler = %s }
        run(function() busy(0.3) say "end" end)
      ]]):format(option))
      assert.equal("end\n", output)
    end
    local output = child(limited .. [[
      app._on_closed = { core.stop }
      app:close()
      core.run()
      run(function() busy(0.3) say "end" end)
    ]])
    assert.equal("end\n", output:match "[^\n]*\n$")
    assert.falsy(output:find "slow")
  end)

  it("is a number of seconds, or false", function()
    local problems = {
      [true] = "a number of seconds, or false, expected, got true", [-1] = "got %-1",
      [5000] = "seconds, not milliseconds%?", [0.0001] = "at least 0.001 seconds",
    }
    for value, problem in pairs(problems) do
      assert.error_matches(function() sio.server { slow_handler = value } end, problem)
    end
  end)

  it("is seen in each lua_State by the strictest of its servers", function()
    check_order([[
      local app = sio.server { serve_client = false, slow_handler = 0.05 }
      local other = sio.server { serve_client = false, slow_handler = 5 }
      local third = sio.server { serve_client = false, slow_handler = false }
      run(function() busy(0.3) say "end" end)
    ]], "slow sio.spawn", "end")
  end)
end)

describe("coroutines of people", function()
  it("are as Lua has them", function()
    local wrap, create, resume = coroutine.wrap, coroutine.create, coroutine.resume
    local co = create(function(...)
      local a, b = coroutine.yield(select("#", ...), ...)
      return a, b, nil
    end)
    assert.same({ true, 2, 1, nil, n = 4 }, table.pack(resume(co, 1, nil)))
    assert.same({ true, "x", "y", nil, n = 4 }, table.pack(resume(co, "x", "y")))
    assert.same({ false, "cannot resume dead coroutine" }, { resume(co) })
    assert.same({ false, "cannot resume non-suspended coroutine" },
      { resume(coroutine.running()) })
    assert.error_matches(function() resume(1) end, "coroutine expected")
    assert.error_matches(function() wrap(1) end, "function expected")

    local three = wrap(function() for i = 1, 3 do coroutine.yield(i) end end)
    assert.same({ 1, 2, 3, nil }, { three(), three(), three(), three() })
    local _, dead = pcall(function() return (three()) end)
    assert.matches("slow_spec.lua:%d+: cannot resume dead coroutine", dead)
    local closed
    local failing = wrap(function()
      local _ <close> = setmetatable({}, { __close = function(_, err) closed = err end })
      error({ code = 7 })
    end)
    local ok, err = pcall(failing)
    assert.is_false(ok)
    assert.equal(7, err.code)
    assert.equal(err, closed)
  end)

  it("wait where they could before", function()
    local ok, err
    sio.spawn(function()
      ok, err = pcall(coroutine.wrap(function() sio.sleep(0) end))
    end)
    assert.is_false(ok)
    assert.matches("only be called inside a handler", err)
  end)
end)
