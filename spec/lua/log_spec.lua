-- SPDX-License-Identifier: MIT
-- sio.log: fields of any kind in both forms; the last lines, and who follows them.

local cjson = require "cjson"
local child = require "spec.support.child"

local function lines_of(source)
  local output, code = child(source)
  assert.equal(0, code, output)
  local lines = {}
  for line in output:gmatch "[^\n]+" do lines[#lines + 1] = line end
  return lines
end

describe("log", function()
  it("shows fields as text", function()
    local lines = lines_of [[
      core.set_log_format "text"
      sio.log:info("bye", { reason = "a b", sid = "x-1", n = 3, t = { 1, 2 } })
    ]]
    assert.equal('info bye n=3 reason="a b" sid=x-1 t=[1,2]', lines[1]:sub(14))
  end)

  it("has fields as members of JSON", function()
    local lines = lines_of [[
      core.set_log_format "json"
      core.set_log_worker(3)
      sio.log:warn("bye", { reason = "a\nb", n = 3, [7] = true, level = "mine" })
    ]]
    local line = cjson.decode(lines[1])
    assert.equal(1, #lines)
    assert.same({ "warn", 3, "bye", "a\nb", 3, true, "mine" }, { line.level, line.worker, line.msg,
      line.reason, line.n, line["7"], line.level_ })
  end)

  it("never raises for a field", function()
    local lines = lines_of [[
      core.set_log_format "json"
      local loop = {}
      loop.loop = loop
      local bad = setmetatable({ print }, { __tostring = function() error "no" end })
      sio.log:info(nil, { f = print, loop = loop, bad = bad, bytes = "\255\27", inf = 1 / 0 })
      sio.log:info("no table", 5)
      sio.log:info(setmetatable({}, { __tostring = function() return "object" end }), {})
    ]]
    local line = cjson.decode(lines[1])
    assert.matches("^function: ", line.f)
    assert.matches("^table: ", line.loop)
    assert.equal("table", line.bad)
    assert.equal("?\27", line.bytes)
    assert.equal("no table", cjson.decode(lines[2]).msg)
    assert.equal("object", cjson.decode(lines[3]).msg)
  end)

  it("is JSON where there is no terminal, unless the environment has another wish", function()
    local lines = lines_of [[
      core.set_log_format "auto"
      print(core.log_format())
      core.set_log_format "text"
      print(core.log_format())
    ]]
    assert.same({ "json", "text" }, lines)
  end)

  it("counts errors of one line of code after the first ten", function()
    local lines = lines_of [=[
      core.set_log_format "json"
      local often = load([[error("with a client's text: " .. ...)]], "=often")
      local once = load([[error "elsewhere"]], "=once")
      run(function()
        for i = 1, 25 do sio.spawn(often, i) end
        sio.spawn(once)
      end)
    ]=]
    assert.equal(12, #lines)
    assert.matches("elsewhere", lines[11])
    local last = cjson.decode(lines[12])
    assert.equal(15, last.suppressed)
    assert.matches("with a client's text: 1$", last.msg)
  end)

  it("keeps the last lines for who follows them", function()
    local lines = lines_of [[
      core.set_log_format "text"
      core.set_log_level "off"
      core.log_keep(2)
      local last = 0
      core.log_follow(function()
        local number, line = core.log_kept(last)
        while number do
          print(number, line)
          last = number
          number, line = core.log_kept(last)
        end
        core.log_follow(nil)
        core.stop()
      end)
      for i = 1, 3 do core.log_announce("info", "line " .. i, "message") end
      core.run()
      core.log_keep(0)
      print(core.log_kept(0))
    ]]
    table.sort(lines)
    assert.same({ "2\tline 2", "3\tline 3", "line 1", "line 2", "line 3" }, lines)
  end)
end)
