-- SPDX-License-Identifier: MIT
-- sio.conf.lua: what its keys mean, what is said about a wrong one, and that a file which hangs,
-- crashes or says too much ends nothing.

local conf = require "sio.cli.conf"
local program = require "support.program"
local reader = require "sio.cli.reader"

local function check(given)
  return conf.check(given, "/srv/chat")
end

describe("sio.cli.conf", function()
  it("has every option of the command that is not for the command alone", function()
    for _, flag in ipairs(require("sio.cli.flags").list) do
      local name = (flag.conf_name or flag.field):match "^%w+$"
      local _, err = check { [flag.conf_name or flag.field] = {} }
      local known = not (err and err:find "^unknown key")
      if name and flag.name ~= "config" then assert.equal(flag.conf ~= false, known, flag.name) end
    end
  end)

  it("means what the command line would say", function()
    assert.same({
      file = "/srv/chat/main.lua", workers = 4, balance = "ip-hash", log_level = "debug",
      bind = { { port = 3000 }, { host = "::1", port = 80 }, { unix = "/srv/chat/run.sock" },
        { unix = "/run/x", mode = 432 }, { fd = 3 } },
    }, check {
      app = "main.lua", workers = 4, balance = "ip-hash", log = { level = "debug" },
      bind = { 3000, "[::1]:80", "unix:run.sock", { unix = "/run/x", mode = "660" }, "fd:3" },
    })
    assert.same({ workers = "auto", port = 80, host = "::1" },
      check { workers = "auto", port = 80, host = "::1" })
    assert.same({ workers = 4, bind = { { port = 80 } } }, check { workers = "4", bind = 80 })
    assert.same({}, check {})
  end)

  it("takes defaults for sio.server, their certificates beside it", function()
    assert.same({ server = { ping_interval = 5, tls = { cert = "/srv/chat/c.pem",
      key = "-----BEGIN x" } } }, check { server = { ping_interval = 5,
      tls = { cert = "c.pem", key = "-----BEGIN x" } } })
  end)

  local wrong = {
    { { wrokers = 4 }, "unknown key 'wrokers' (did you mean 'workers'?)" },
    { { log = { levle = "info" } }, "unknown key 'log.levle' (did you mean 'log.level'?)" },
    { { log_level = "info" }, "unknown key 'log_level'" },
    { { [1] = "app.lua" }, "unknown key '1'" },
    { { check = true }, "unknown key 'check'" },
    { { workers = 65 }, 'workers: expected a number from 1 to 63, or auto, got "65"' },
    { { workers = 2.5 }, 'workers: expected a number from 1 to 63, or auto, got "2.5"' },
    { { workers = {} }, "workers: expected a number from 1 to 63, or auto, got table" },
    { { workers = false }, "workers: expected a number from 1 to 63, or auto, got boolean" },
    { { balance = "best" }, "balance: expected one of least-connection, round-robin, random, " ..
      'ip-hash, forwarded-for, got "best"' },
    { { log = "info" }, "log: a table expected, got string" },
    { { log = { level = "loud" } },
      'log.level: expected one of debug, info, warn, error, off, got "loud"' },
    { { bind = { "x" } }, "bind: expected a port, HOST:PORT, [IPV6]:PORT, unix:PATH or fd:N, " ..
      "got table" },
    { { bind = true }, "bind: expected a port, HOST:PORT, [IPV6]:PORT, unix:PATH or fd:N, " ..
      "or a list of these, got boolean" },
    { { bind = { "fd:3", "fd:3" } }, "bind: expected fd:3 only once, got table" },
    { { bind = 80, port = 81 }, "bind says where to listen, port and host cannot change it" },
    { { port_per_worker = true, balance = "random" },
      "port_per_worker: who connects chooses the worker, balance cannot" },
    { { port_per_worker = 1 }, 'port_per_worker: expected true or false, got "1"' },
    { { app = "" }, 'app: expected a file, got ""' },
    { { server = 1 }, "server: a table expected, got number" },
    { { server = { ping_intervall = 5 } },
      "server: unknown option 'ping_intervall' (did you mean 'ping_interval'?)" },
    { { server = { ping_interval = 5000 } }, "server: option 'ping_interval': 5000 seconds are " ..
      "more than an hour: seconds, not milliseconds?" },
    { { server = { allow_request = print } },
      "server.allow_request: a function is for the application to say" },
    { { server = { cors = { origin = print } } },
      "server.cors.origin: a function is for the application to say" },
  }
  for _, case in ipairs(wrong) do
    it("refuses: " .. case[2], function()
      local result, err = check(case[1])
      assert.is_nil(result)
      assert.equal(case[2], err)
    end)
  end
end)

describe("a file", function()
  local folder, here

  before_each(function()
    folder = program.folder()
    here = folder.path .. "/sio.conf.lua"
  end)
  after_each(function() folder:remove() end)

  local function load(text)
    folder:write("sio.conf.lua", text)
    return conf.load(here)
  end

  it("is code, and its paths are relative to it", function()
    assert.same({ file = folder.path .. "/a.lua", workers = 3 },
      load 'local n = 1 return { app = "a.lua", workers = n + 2 }')
  end)

  local wrong = {
    { "return {\n  balance = 'random',\n  wrokers = 4, -- wrokers =\n}",
      "3: unknown key 'wrokers'" },
    { "return {\n  log = {\n    level = 'loud',\n  },\n}", "3: log.level: expected" },
    { "return { server = {\n  ping_timeout = 5000,\n} }", "2: server: option 'ping_timeout'" },
    { "local workers = 0\nreturn { workers = workers }", " workers: expected" }, -- two: which?
    { "return {\n  workers = \n}", "3: unexpected symbol" },
    { "local x\nreturn x.y", "2: attempt to index" },
    { "error { code = 5 }", " an error that is no text" },
    { "", " a table expected, it returned nothing" },
    { "return 5", " a table expected, it returned number" },
    { "\27Lua", " attempt to load a binary chunk" },
  }
  for _, case in ipairs(wrong) do
    local shown = case[1]:gsub("%s+", " "):gsub("%c", "?")
    it("with " .. shown .. " is refused with its line", function()
      local result, err = load(case[1])
      assert.is_nil(result)
      assert.equal(here .. ":" .. case[2], err:sub(1, #here + 1 + #case[2]))
    end)
  end

  it("that is not there, or a folder, cannot be read", function()
    local _, err = conf.load(here)
    assert.matches("^cannot read .*sio.conf.lua: No such file", err)
    _, err = conf.load(folder.path)
    assert.matches("^cannot read ", err)
  end)
end)

describe("sio.cli.reader", function()
  local function child(script, limit)
    return reader.read({ "sh", "-c", script, "the file" }, limit)
  end

  it("says how a child ended that has said nothing", function()
    assert.same({ nil, "reading the file ended with status 4" }, { child "exit 4" })
    assert.same({ nil, "reading the file was ended by signal 9" }, { child "kill -9 $$" })
    assert.same({ nil, "No such file or directory" }, { reader.read { "/nowhere/sh" } })
    assert.same({ nil, "interrupted while reading the file" },
      { child("kill -TERM $PPID; exec sleep 600", 60) })
  end)

  it("ends a child that takes too long", function()
    assert.same({ nil, "the file takes longer than 0.05 seconds" },
      { child("exec sleep 60", 0.05) })
  end)
end)
