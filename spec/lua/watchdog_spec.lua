-- SPDX-License-Identifier: MIT
-- The rules by which the supervisor judges workers, with times as numbers: no clock, no process.

local heartbeat = require "sio.cli.heartbeat"
local memory = require "sio.cli.memory"

describe("sio.cli.heartbeat with other limits", function()
  local function awake()
    local watch = heartbeat.new(0)
    watch:limit(3, 5)
    for i = 1, 400 do watch:tick(i * heartbeat.PERIOD) end
    return watch
  end

  it("suspects and gives up when these say so", function()
    local watch = awake()
    assert.equal("fine", watch:verdict(3, true))
    assert.equal("suspect", watch:verdict(3.1, true))
    assert.equal("suspect", watch:verdict(5, true))
    assert.equal("hanging", watch:verdict(5.1, true))
  end)

  it("has one limit for who is starting, whatever the others are", function()
    local watch = awake()
    assert.equal("fine", watch:verdict(heartbeat.STARTING, false))
    assert.equal("hanging", watch:verdict(heartbeat.STARTING + 0.1, false))
  end)

  it("goes back to the defaults", function()
    local watch = awake()
    watch:limit(nil, nil)
    assert.equal("fine", watch:verdict(heartbeat.SUSPECT, true))
    assert.equal("hanging", watch:verdict(heartbeat.HANGING + 0.1, true))
  end)

  it("does not count time in which we were stopped ourselves", function()
    local watch = awake()
    watch:tick(1000)
    assert.equal("fine", watch:verdict(900, true))
    for i = 1, 12 do watch:tick(1000 + i * heartbeat.PERIOD) end
    assert.equal("fine", watch:verdict(903, true))
    watch:tick(1003.25)
    assert.equal("suspect", watch:verdict(903.25, true))
  end)
end)

describe("sio.cli.memory", function()
  it("replaces at once who has run for long, again and again", function()
    local policy = memory.policy()
    for _ = 1, 3 do assert.equal("replace", policy:decide(1, 7200)) end
  end)

  it("lets the successors of a young one stay longer and longer, up to an hour", function()
    local policy = memory.policy()
    assert.equal("replace", policy:decide(1, 5))
    for _, least in ipairs { 60, 120, 240, 480, 960, 1920, 3600, 3600 } do
      local verdict, seconds = policy:decide(1, 5)
      assert.same({ "wait", least - 5 }, { verdict, seconds })
      assert.equal("wait", (policy:decide(1, least - 1)))
      assert.equal("replace", (policy:decide(1, least)))
    end
  end)

  it("forgets that once a worker has lasted, and keeps numbers apart", function()
    local policy = memory.policy()
    assert.equal("replace", policy:decide(1, 5))
    assert.equal("replace", policy:decide(2, 5))
    assert.equal("replace", policy:decide(1, 600))
    assert.equal("replace", policy:decide(1, 5))
    assert.equal("wait", (policy:decide(2, 5)))
  end)
end)
