-- SPDX-License-Identifier: MIT
-- Coroutines that wait: sleep, timers, spawn; and what happens to their errors.

local core = require "sio.core"
local serve = require "support.serve"
local sio = require "sio"

describe("waiting", function()
  it("goes on where it stopped", function()
    local seen = {}
    serve.wait(function(done)
      seen[#seen + 1] = "a"
      sio.spawn(function()
        seen[#seen + 1] = "b"
        assert(sio.sleep(0.02))
        seen[#seen + 1] = "d"
        done()
      end)
      assert(sio.sleep(0) == true)
      seen[#seen + 1] = "c"
    end)
    assert.same({ "a", "b", "c", "d" }, seen)
  end)

  it("passes arguments on, nil too", function()
    local got
    sio.spawn(function(...) got = table.pack(...) end, 1, nil, "x", nil)
    assert.same({ 1, nil, "x", nil, n = 4 }, got)
  end)

  it("works across pcall", function()
    local ok, err
    serve.wait(function(done)
      ok, err = pcall(function()
        sio.sleep(0.001)
        error("after the wait", 0)
      end)
      done()
    end)
    assert.is_false(ok)
    assert.equal("after the wait", err)
  end)

  it("is refused where nobody could resume", function()
    local err
    local function try(fn)
      sio.spawn(function() err = select(2, pcall(fn)) end)
      return err
    end
    assert.matches("a C function .* is calling", try(function()
      table.sort({ 2, 1 }, function() return sio.sleep(0) end)
    end))
    assert.matches("only be called inside a handler or sio.spawn", try(function()
      coroutine.wrap(function() sio.sleep(0) end)()
    end))
  end)

  it("reuses coroutines after they ended, not after an error", function()
    for i = 1, 1000 do
      sio.spawn(function(n) assert(n == i) end, i)
    end
    local co
    sio.spawn(function() co = coroutine.running() end)
    local again
    sio.spawn(function() again = coroutine.running() end)
    assert.equal(co, again)
  end)

  it("closes what was to be closed when a handler fails", function()
    local closed = false
    core.set_log_level "off"
    sio.spawn(function()
      local _ <close> = setmetatable({}, { __close = function() closed = true end })
      error "x"
    end)
    core.set_log_level "info"
    assert.is_true(closed)
  end)
end)

describe("timers", function()
  it("fire once, or again and again, until they are cancelled", function()
    local once, often = 0, 0
    serve.wait(function(done)
      sio.after(0.001, function() once = once + 1 end)
      local cancelled = sio.after(0.001, function() once = once + 100 end)
      assert.is_true(cancelled:cancel())
      assert.is_false(cancelled:cancel())
      local timer
      timer = sio.every(0.001, function()
        often = often + 1
        if often == 5 then
          timer:cancel()
          sio.after(0.01, done)
        end
      end)
    end)
    assert.equal(1, once)
    assert.equal(5, often)
  end)

  it("leave nothing behind", function()
    local objects, callbacks, loose = core.handle_count()
    serve.wait(function(done)
      for _ = 1, 100 do sio.after(0.001, function() end) end
      for _ = 1, 100 do sio.every(1, function() end):cancel() end
      sio.after(0.02, done)
    end)
    serve.wait(function(done) sio.after(0, done) end)
    assert.same({ objects, callbacks, loose }, { core.handle_count() })
  end)
end)

describe("errors of handlers", function()
  local app, seen
  before_each(function()
    app = sio.server { serve_client = false }
    seen = {}
    app:on_error(function(message, context) seen[#seen + 1] = { message, context } end)
    core.set_log_level "off"
  end)
  after_each(function()
    serve.close(app)
    core.set_log_level "info"
  end)

  it("go to the hooks with a traceback", function()
    sio.spawn(function() error "boom" end)
    assert.equal(1, #seen)
    assert.matches("task_spec%.lua:%d+: boom\nstack traceback:\n.*task_spec%.lua", seen[1][1])
    assert.equal("sio.spawn", seen[1][2].what)
  end)

  it("may be anything", function()
    local strange = setmetatable({}, { __tostring = function() error "again" end })
    for _, value in ipairs { {}, 12, true, strange, print } do
      sio.spawn(function() error(value) end)
    end
    sio.spawn(function() error() end)
    sio.spawn(function() local t = nil; return t.x end)
    assert.equal(7, #seen)
    for _, each in ipairs(seen) do assert.is_string(each[1]) end
  end)

  it("in an error hook end there", function()
    app:on_error(function() error "in the hook" end)
    sio.spawn(function() error "boom" end)
    assert.equal(1, #seen)
  end)

  it("without end do not end the process", function()
    local function forever() return 1 + forever() end
    sio.spawn(forever)
    local function spawner() sio.spawn(spawner) end
    sio.spawn(spawner)
    sio.spawn(function() coroutine.yield() end)
    assert.matches("stack overflow", seen[1][1])
    assert.matches("nothing will resume this handler", seen[#seen][1])
  end)
end)
