-- SPDX-License-Identifier: MIT
-- sio.conf.lua at a reload: what it says then holds, or, where the file or the application is no
-- good, everything stays as it was. Stands on support/program.lua.

local program_of = require "support.program"

local APP = [[
local sio = require "sio"
local app = sio.server()
app:get("/", function()
  return ("%s %s %d"):format(app._options.ping_interval, app._options.balance, sio.worker().id)
end)
app:listen("127.0.0.1:0")
]]

describe("a reload", function()
  local folder, program, port

  before_each(function()
    folder = program_of.folder()
    folder:write("app.lua", APP)
  end)

  after_each(function() folder:remove() end)

  local function start(conf, arguments)
    folder:write("sio.conf.lua", conf)
    program = folder:start(arguments)
    port = program_of.ready(program)
  end

  local function reload(conf)
    folder:write("sio.conf.lua", conf)
    program.signal "HUP"
  end

  local function says(text)
    assert.matches("^" .. text, program_of.fetch(port, "/"))
  end

  local function ends_well()
    assert.equal(0, program.interrupt(), program.output())
  end

  it("takes the file as it is now", function()
    start "return { server = { ping_interval = 5 } }"
    says "5 nil 1"
    reload "return { server = { ping_interval = 6 }, balance = 'random' }"
    program.expect "^sio%-lua: (reloaded)$"
    says "6 random 1"
    reload "return {}"
    program.expect "^sio%-lua: (reloaded)$"
    says "25 nil 1"
    ends_well()
  end)

  it("starts as many workers as the file says now", function()
    start "return { workers = 1 }"
    reload "return { workers = 3 }"
    program.expect "(3 workers instead of 1)$"
    program.expect "(worker 3) is ready"
    ends_well()
  end)

  it("leaves it to the command line what that has said", function()
    start("return { workers = 1, balance = 'random' }", "-w 1 --balance ip-hash")
    reload "return { workers = 3, balance = 'round-robin' }"
    program.expect "^sio%-lua: (reloaded)$"
    says "25 ip%-hash 1"
    assert.is_nil(program.output():find "instead of")
    ends_well()
  end)

  it("says what has changed and takes a restart", function()
    start "return { host = '::1' }"
    reload "return { app = 'other.lua', bind = 'unix:x', server = { ping_interval = 7 } }"
    for _, name in ipairs { "app", "bind", "host" } do
      local line = program.expect "'(%a+)' of the configuration stays as it was"
      assert.equal(name, line)
    end
    program.expect "^sio%-lua: (reloaded)$"
    ends_well()
  end)

  it("changes nothing with a file that is no good", function()
    start "return { server = { ping_interval = 5 } }"
    reload "return {\n  wrokers = 3,\n  server = { ping_interval = 6 },\n}"
    program.expect("^sio%-lua: sio.conf.lua:2: (unknown key 'wrokers') .*: the workers stay as " ..
      "they were$")
    reload "while true do os.exit(9) end"
    program.expect "^sio%-lua: reading sio.conf.lua (ended with status 9): the workers stay"
    os.remove(folder.path .. "/sio.conf.lua")
    program.signal "HUP"
    program.expect "^sio%-lua: (cannot read sio.conf.lua): .*: the workers stay"
    says "5 nil 1"
    ends_well()
  end)

  it("changes nothing when the application does not load with it", function()
    folder:write("app.lua", "if (...) then end " .. APP:gsub("sio.server%(%)", [[sio.server()
      assert(app._options.ping_interval < 10, "too slow")]]))
    start "return { server = { ping_interval = 5 } }"
    reload "return { server = { ping_interval = 20 } }"
    program.expect "app.lua:3: (too slow)$"
    program.expect "^sio%-lua: .*: (the workers stay as they were)$"
    says "5 nil 1"
    reload "return { server = { ping_interval = 6 } }"
    program.expect "^sio%-lua: (reloaded)$"
    says "6 nil 1"
    ends_well()
  end)
end)
