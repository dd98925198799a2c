-- SPDX-License-Identifier: MIT
-- Lists of listeners: what is in them, in which order, and how they change while they are called.

local core = require "sio.core"
local emitter = require "sio.emitter"

describe("listeners", function()
  local object, seen
  before_each(function()
    core.set_log_level "off"
    object, seen = {}, {}
  end)
  after_each(function() core.set_log_level "info" end)

  local function note(name)
    return function(...) seen[#seen + 1] = { name, ... } end
  end
  local function call(event, ...)
    emitter.dispatch(object, event, nil, ...)
    local names = {}
    for i, call_ in ipairs(seen) do names[i] = call_[1] end
    seen = {}
    return names
  end

  it("are listed as they were given, in the order of their calls", function()
    local a, b, c = note "a", note "b", note "c"
    assert.same({}, emitter.listeners(object, "e"))
    assert.same({}, emitter.event_names(object))
    emitter.on(object, "e", a)
    emitter.once(object, "e", b)
    emitter.on(object, "e", c)
    emitter.on(object, "another", a)
    assert.same({ a, b, c }, emitter.listeners(object, "e"))
    assert.same({ "another", "e" }, emitter.event_names(object))
    assert.same({ "a", "b", "c" }, call "e")
    assert.same({ a, c }, emitter.listeners(object, "e"))
    assert.same({ "a", "c" }, call "e")
    emitter.listeners(object, "e")[1] = nil -- a copy
    assert.same({ "a", "c" }, call "e")
  end)

  it("may be there twice, and go one by one", function()
    local a = note "a"
    emitter.on(object, "e", a)
    emitter.once(object, "e", a)
    emitter.on(object, "e", a)
    emitter.off(object, "e", a)
    assert.same({ "a", "a" }, call "e")
    assert.same({ "a" }, call "e")
    emitter.off(object, "e", a)
    assert.same({}, call "e")
    assert.is_nil(object._on)
    emitter.off(object, "e", a) -- again, and of what never was
    emitter.off(object, "never")
    emitter.off(object)
  end)

  it("are a list only while there are several", function()
    local a, b = note "a", note "b"
    emitter.on(object, "e", a)
    assert.equal(a, object._on.e)
    assert.same({ a }, emitter.called(object, "e"))
    emitter.on(object, "e", b)
    assert.same({ a, b }, object._on.e)
    assert.same({ "a", "b" }, call "e")
    emitter.off(object, "e", a)
    assert.equal(b, object._on.e)
    assert.same({ "b" }, call "e")
    emitter.off(object, "e", a) -- not there any more
    assert.same({ "b" }, call "e")
    assert.same({}, emitter.called(object, "never"))
  end)

  it("that change the list are called as it was", function()
    local late = note "late"
    emitter.on(object, "e", function()
      seen[#seen + 1] = { "first" }
      emitter.on(object, "e", late)
      emitter.off(object, "e", object.second)
    end)
    object.second = note "second"
    emitter.on(object, "e", object.second)
    assert.same({ "first", "second" }, call "e")
    assert.same({ "first", "late" }, call "e")
  end)

  it("of once run once, also when they cause their own event", function()
    emitter.once(object, "e", function()
      seen[#seen + 1] = { "once" }
      emitter.dispatch(object, "e")
    end)
    assert.same({ "once" }, call "e")
  end)

  it("that fail do not keep the others from running", function()
    emitter.on(object, "e", function() error "first" end)
    emitter.on(object, "e", note "second")
    assert.same({ "second" }, call "e")
  end)

  it("are functions for names", function()
    assert.error_matches(function() emitter.on(object, 1, print) end,
      "bad argument #1 to 'on' %(event name expected, got number%)")
    assert.error_matches(function() emitter.once(object, "e") end,
      "bad argument #2 to 'once' %(function expected, got nil%)")
    assert.error_matches(function() emitter.on("e", print) end, "called with a colon")
  end)
end)
