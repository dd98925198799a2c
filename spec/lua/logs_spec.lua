-- SPDX-License-Identifier: MIT
-- The logs over the control socket: the last lines of a process and those to come (tail.lua), and
-- how the supervisor brings those of all processes together (logs.lua), with workers that are made
-- up. As a program: operate_spec.lua.

local client = require "sio.cli.client"
local control = require "sio.cli.control"
local core = require "sio.core"
local logs = require "sio.cli.logs"
local program = require "support.program"
local sio = require "sio"
local tail = require "sio.cli.tail"
local test = require "sio.test"

-- Runs the rest with core's log replaced by one that is made up: log:add(...) logs lines, of which
-- `keep` are kept.
local function with_log(fn)
  local kept, log = {}, { last = 0, lines = {}, keep = 100 }
  local fakes = {
    log_keep = function() end,
    log_kept = function(after)
      local number = math.max(after + 1, log.last - log.keep + 1)
      if log.lines[number] then return number, log.lines[number] end
    end,
    log_follow = function(follower) log.follower = follower end,
  }
  function log:add(...)
    for _, line in ipairs { ... } do
      self.last = self.last + 1
      self.lines[self.last] = line
    end
    if self.follower then self.follower() end
  end
  for name, fake in pairs(fakes) do kept[name], core[name] = core[name], fake end
  local ran, err = pcall(fn, log)
  for name in pairs(fakes) do core[name] = kept[name] end
  if not ran then error(err, 0) end
end

local settings = { pause = tail.pause, batch_bytes = tail.batch_bytes }
local patience, unread_max = logs.patience, logs.unread_max
local function restore()
  for name, value in pairs(settings) do tail[name] = value end
  logs.patience, logs.unread_max = patience, unread_max
end

describe("sio.cli.tail", function()
  before_each(function() tail.pause = 0 end)
  after_each(restore)

  local function tailing(fn)
    return test(function()
      with_log(function(log) fn(log, tail.new()) end)
    end)
  end

  it("has the last lines", tailing(function(log, t)
    assert.same({}, t:recent(5))
    log:add("a", "b", "c")
    assert.same({ "b", "c" }, t:recent(2))
    assert.same({ "a", "b", "c" }, t:recent(100))
    assert.same({}, t:recent(0))
    log.keep = 1
    assert.same({ "c" }, t:recent(100))
  end))

  it("gives those to come, together, to who listens", tailing(function(log, t)
    local got = {}
    log:add "before"
    t:follow(function(lines, lost)
      got[#got + 1] = table.concat(lines, " ") .. " " .. lost
      return true
    end)
    log:add "a"
    log:add("b", "c")
    sio.sleep(0)
    assert.same({ "a b c 0" }, got)
    log.keep = 2
    log:add("d", "e", "f", "g")
    sio.sleep(0)
    assert.same({ "a b c 0", "f g 2" }, got)
    t:follow(nil)
    assert.is_nil(log.follower)
    log:add "h"
    sio.sleep(0)
    assert.equal(2, #got)
  end))

  it("gives all there is to who says so", tailing(function(log, t)
    local got
    log:add("a", "b")
    t:follow(function(lines)
      got = lines
      return true
    end, true)
    sio.sleep(0)
    assert.same({ "a", "b" }, got)
  end))

  it("gives again what could not be sent", tailing(function(log, t)
    local got, full = {}, true
    t:follow(function(lines, lost)
      if full then return nil end
      got[#got + 1] = table.concat(lines, " ") .. " " .. lost
      return true
    end)
    log:add("a", "b")
    sio.sleep(0)
    log.keep, full = 2, false
    log:add "c"
    repeat sio.sleep(0) until #got > 0
    assert.same({ "b c 1" }, got)
  end))

  it("sends no more at a time than there is room for", tailing(function(log, t)
    local sizes = {}
    tail.batch_bytes = 2
    t:follow(function(lines)
      sizes[#sizes + 1] = #lines
      return true
    end)
    log:add("aa", "b", "c", "d", "e")
    repeat sio.sleep(0) until #sizes == 3
    assert.same({ 1, 2, 2 }, sizes)
  end))

  it("has given all before it answers with the last ones", tailing(function(log, t)
    local got = {}
    t:follow(function(lines)
      table.move(lines, 1, #lines, #got + 1, got)
      return true
    end)
    log:add("a", "b")
    assert.same({ "a", "b" }, t:recent(5))
    assert.same({ "a", "b" }, got)
    sio.sleep(0)
    assert.equal(2, #got)
  end))
end)

describe("sio.cli.logs", function()
  local folder, path
  before_each(function()
    folder = program.folder()
    path = folder.path .. "/control.sock"
    tail.pause = 0
  end)
  after_each(function()
    restore()
    folder:remove()
  end)

  -- Runs fn(supervisor, log, part): `supervisor.sent` is what the workers were told.
  local function serving(fn)
    return test(function()
      with_log(function(log)
        local members = { { number = 1 }, { number = 2 } }
        local supervisor = {
          asked = { status = { unix = path } }, exit_code = 0, ops = {}, sent = {},
        }
        supervisor.members = {
          list = function() return members end,
          send = function(_, member, message)
            table.insert(supervisor.sent, { member.number, message })
          end,
        }
        function supervisor:reply(number, message)
          message.op = "logged"
          self.ops.logged(self, members[number], message)
        end
        local part, own = assert(control.start(supervisor)), logs.start(supervisor)
        local ran, err = pcall(fn, supervisor, log, own)
        own:close()
        part:close()
        if not ran then error(err, 0) end
      end)
    end)
  end

  local function ask(request)
    local c = assert(client.connect(path))
    request.op = "logs"
    c:send(request)
    return c
  end

  -- Until the workers were told something with the field; which.
  local function told(supervisor, field)
    while true do
      local found = {}
      for _, each in ipairs(supervisor.sent) do
        if each[2][field] ~= nil then found[#found + 1] = each[2] end
      end
      if #found == 2 then
        supervisor.sent = {}
        return found[1]
      end
      sio.sleep(0.001)
    end
  end

  it("brings the last lines of all together, in the order of time", serving(function(s, log)
    log:add("10:00:00.001 info a", "10:00:00.005 info e")
    local c = ask { lines = 4 }
    local id = told(s, "id").id
    s:reply(1, { id = id, lines = { "10:00:00.002 info b", "10:00:00.004 info d" } })
    s:reply(2, { id = id, lines = { "10:00:00.003 info c" } })
    s:reply(2, { id = id, last = true })
    s:reply(1, { id = id, lines = { "10:00:00.006 info f" } })
    s:reply(1, { id = id, last = true })
    local answer = c:receive(5)
    assert.equal("c d e f", (table.concat(answer.lines, " "):gsub("%S+ info ", "")))
    assert.same({ ok = true }, c:receive(5))
    c:close()
  end))

  it("does not wait for a worker that hangs, nor for one that dies", serving(function(s, log, part)
    logs.patience = 0.01
    log:add "10:00:00.001 info a"
    local c = ask { lines = 4 }
    assert.same({ "10:00:00.001 info a" }, c:receive(5).lines)
    assert.same({ ok = true }, c:receive(5))
    s.sent = {}
    logs.patience = 60
    c:send { op = "logs", lines = 4 }
    told(s, "id")
    for _, member in ipairs(s.members.list()) do part:on_exit(member) end
    assert.same({ "10:00:00.001 info a" }, c:receive(5).lines)
    c:close()
  end))

  it("passes on what comes while somebody listens, and then no more", serving(function(s, log)
    logs.patience = 0.01
    local c = ask { lines = 0, follow = true }
    assert.is_true(told(s, "id").follow)
    assert.same({ ok = true }, c:receive(5))
    s:reply(1, { lines = { "one" }, lost = 0 })
    s:reply(2, { lines = { "two", "three" }, lost = 7 })
    log:add "ours"
    assert.same({ lines = { "one" } }, c:receive(5))
    assert.same({ lines = {}, lost = 7 }, c:receive(5))
    assert.same({ lines = { "two", "three" } }, c:receive(5))
    assert.same({ lines = { "ours" } }, c:receive(5))
    s.sent = {}
    c:close()
    assert.is_false(told(s, "follow").follow)
    assert.is_nil(log.follower)
  end))

  it("has lines that come while it gathers behind the last ones", serving(function(s)
    local c = ask { lines = 5, follow = true }
    local id = told(s, "id").id
    s:reply(1, { id = id, lines = { "10:00:00.001 a" } })
    s:reply(1, { id = id, last = true })
    s:reply(2, { lines = { "10:00:00.000 before its last ones" }, lost = 0 })
    s:reply(1, { lines = { "10:00:00.003 c" }, lost = 0 })
    s:reply(2, { id = id, lines = { "10:00:00.002 b" } })
    s:reply(2, { id = id, last = true })
    assert.same({ "10:00:00.001 a", "10:00:00.002 b", "10:00:00.003 c" }, c:receive(5).lines)
    c:close()
  end))

  it("tells a worker that starts meanwhile", serving(function(s, _, part)
    logs.patience = 0.01
    local c = ask { follow = true }
    assert.same({ ok = true }, c:receive(5))
    s.sent = {}
    part:on_ready { number = 3 }
    assert.same({ 3, { op = "log", follow = true, whole = true } }, s.sent[1])
    c:close()
  end))

  it("loses lines for a reader that is slow, and says how many", serving(function(s)
    logs.patience, logs.unread_max = 0.01, 1000
    local c = ask { lines = 0, follow = true }
    assert.same({ ok = true }, c:receive(5))
    -- The loop does not turn here, so nobody reads.
    local line, sent = ("x"):rep(10000), 200
    for _ = 1, sent do s:reply(1, { lines = { line }, lost = 0 }) end
    local got, lost = 0, 0
    while got + lost < sent do
      local answer = assert(c:receive(5))
      got, lost = got + #answer.lines, lost + (answer.lost or 0)
    end
    assert.equal(sent, got + lost)
    assert.is_true(lost > 0 and got > 0)
    c:close()
  end))

  it("refuses numbers that make no sense", serving(function()
    for _, lines in ipairs { -1, 1.5, tail.keep + 1, "x" } do
      local c = ask { lines = lines }
      assert.equal("lines: a number from 0 to 100 expected", c:receive(5).error)
      c:close()
    end
  end))
end)
