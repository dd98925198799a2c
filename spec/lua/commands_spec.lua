-- SPDX-License-Identifier: MIT
-- What is pure in the commands: their words, the tables they print, which one of several is meant,
-- completions.

local commands = require "sio.cli.commands"
local flags = require "sio.cli.flags"
local help = require "sio.cli.help"
local log_text = require "sio.cli.log_text"
local status_table = require "sio.cli.status_table"
local target = require "sio.cli.target"

local function parse(name, ...)
  return commands.parse(commands.by_name[name], { ... })
end

describe("sio.cli.commands", function()
  it("reads words and options", function()
    assert.same({ "x.lua", file = "x.lua", json = true, every = 0.5 },
      parse("status", "--json", "x.lua", "-n", "0.5"))
    assert.same({ pid = 7, now = true }, parse("stop", "--pid=7", "--now"))
    assert.same({ status = { unix = "/x" } }, parse("stop", "--status", "unix:/x"))
  end)

  it("has help for each, with all that it takes", function()
    for _, command in ipairs(commands) do
      local text = help.of(command)
      assert.matches("^Usage: sio%-lua " .. command.name .. " ", text)
      for _, flag in ipairs(command.flags.list) do
        assert.is_truthy(text:find("--" .. flag.name, 1, true), command.name .. flag.name)
      end
      for line in text:gmatch "[^\n]*" do assert.is_true(#line <= 100, line) end
    end
  end)

  it("have modules, names that no option has, and one meaning per letter", function()
    for _, command in ipairs(commands) do
      assert.is_function(require(command.module).run, command.module)
      local letters = {}
      for _, flag in ipairs(command.flags.list) do
        assert.equal(flag.argument ~= nil, flag.take ~= nil, flag.name)
        if flag.short then
          assert.is_nil(letters[flag.short])
          letters[flag.short] = true
        end
      end
    end
  end)
end)

describe("sio.cli.status_table", function()
  it("shows durations and sizes shortly", function()
    local durations = {
      [0] = "0s", [59.9] = "59s", [60] = "1m00s", [3599] = "59m59s", [3600] = "1h00m",
      [86399] = "23h59m", [86400] = "1d00h", [-1] = "0s", [1e7] = "115d17h",
    }
    for seconds, text in pairs(durations) do
      assert.equal(text, status_table.duration(seconds))
    end
    local sizes = {
      [0] = "0K", [39845888] = "38M", [1 << 20] = "1M", [1 << 30] = "1.0G", [20 << 30] = "20G",
    }
    for bytes, text in pairs(sizes) do assert.equal(text, status_table.size(bytes)) end
  end)

  local status = {
    version = "0.1.0", app = "/srv/app.lua", pid = 4242, uptime = 11520, wanted = 2,
    state = "ready", addresses = { "http://localhost:3000" },
    workers = {
      { number = 1, pid = 4243, state = "ready", sessions = 1021, websocket = 1018, polling = 3,
        rooms = 212, events_in = 840, events_out = 9120.4, lag = 0.0004, rss = 39845888 },
      { number = 2, pid = 4244, state = "draining", sessions = 311, websocket = 311, polling = 0,
        rooms = 80, events_in = 120, events_out = 900, lag = 0.0003, rss = 38797312,
        drain_left = 6.2 },
    },
  }

  it("lines a status up", function()
    assert.equal([[
sio-lua 0.1.0  /srv/app.lua  pid 4242  up 3h12m  2 workers  http://localhost:3000
 #  pid   state     clients  ws/poll  rooms  in/s  out/s  lag ms  rss
 1  4243  ready        1021   1018/3    212   840   9120     0.4  38M
 2  4244  draining      311    311/0     80   120    900     0.3  37M  (6 s left)
]], status_table.render(status))
  end)

  it("has lines for what is not known yet", function()
    local text = status_table.render {
      version = "0.1.0", app = "a\27[2J\nb", pid = 1, state = "starting",
      workers = { { number = 1, pid = 2, state = "starting" } }, restarts = { crash = 1 },
    }
    assert.equal([[
sio-lua 0.1.0  a?[2J?b  pid 1  up 0s  - workers  1 restart  starting
 #  pid  state     clients  ws/poll  rooms  in/s  out/s  lag ms  rss
 1  2    starting        -        -      -     -      -       -    -
]], text)
  end)

  it("lists several", function()
    local other = {
      pid = 7, app = "/srv/b.lua", state = "draining", wanted = 1, uptime = 5,
      restarts = { crash = 2, hung = 1, reload = 8 },
    }
    assert.equal([[
  pid  app           state     workers  clients  restarts     up  addresses
 4242  /srv/app.lua  ready           2     1332         0  3h12m  http://localhost:3000
    7  /srv/b.lua    draining        1        -         3     5s
]], (status_table.list { status, other }))
  end)
end)

describe("sio.cli.log_text", function()
  it("makes a line of JSON what a terminal would have got", function()
    local function check(text, line)
      assert.equal(text, (log_text.of(line):gsub("^%d%d:%d%d:", "")))
    end
    local head = '{"ts":"2026-01-02T11:34:56.789Z","level":"warn",'
    check("56.789 warn [worker 2] slow name=value (3 more held back)",
      head .. '"worker":2,"pid":71,"msg":"slow","name":"value","suppressed":3}')
    check('56.789 warn hello a=1 b="x y" c={"d":true}',
      head .. '"worker":0,"pid":71,"msg":"hello","b":"x y","a":1,"c":{"d":true}}')
    check("56.789 warn x?[2J\n    at app.lua:3", head .. '"msg":"x\\u001b[2J\\n  at app.lua:3"}')
    assert.equal(os.date("%H", 1767353696), (log_text.of(head .. '"msg":"x"}'):match "^%d%d"))
  end)

  it("leaves alone what is none", function()
    for _, line in ipairs { "12:34:56.789 info hello", "{", '{"a":1}', "[1]", "" } do
      assert.equal(line, log_text.of(line))
    end
    assert.equal("a?b", log_text.of "a\27b")
  end)
end)

describe("sio.cli.target", function()
  local a = { pid = 1, status = { app = "/a.lua" } }
  local b = { pid = 2, status = { app = "/b.lua" } }
  local again = { pid = 3, status = { app = "/b.lua" } }

  local function pick(list, asked, app)
    local found, err, several = target.pick(list, asked, app)
    return found and found.pid or err, several and #several
  end

  it("is the only one, or the one that is named", function()
    assert.equal(1, pick({ a }, {}))
    assert.equal(2, pick({ a, b }, { file = "b.lua" }, "/b.lua"))
    assert.equal(3, pick({ a, b, again }, { pid = 3 }))
    assert.equal("no sio-lua is running", pick({}, {}))
    assert.equal("no sio-lua with c.lua is running", pick({ a }, { file = "c.lua" }, "/c.lua"))
    assert.equal("no sio-lua with pid 9 is running", pick({ a }, { pid = 9 }))
    assert.same({ "several are running; name the application, or use --pid", 2 },
      { pick({ a, b, again }, { file = "b.lua" }, "/b.lua") })
  end)
end)

describe("sio-lua completion", function()
  local function output_of(shell)
    local pipe = io.popen(("SIO_LUA=lua5.4 LUA_CPATH='%s' bin/sio-lua completion %s"):format(
      package.cpath, shell))
    local text = pipe:read "a"
    assert.is_true(pipe:close())
    return text
  end

  local function has(program)
    return (os.execute(("command -v %s >/dev/null"):format(program)))
  end

  -- What a shell that has read its script answers.
  local function ask(shell, questions, command)
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write(output_of(shell), questions)
    file:close()
    local pipe = io.popen(("%s %s 2>&1"):format(command or shell, path))
    local text = pipe:read "a"
    pipe:close()
    os.remove(path)
    return text
  end

  it("has every command and every option", function()
    for _, shell in ipairs(commands.by_name.completion.choices) do
      local text = output_of(shell)
      local dashes = shell == "fish" and "-l " or "--"
      for _, flag in ipairs(flags.list) do
        assert.is_truthy(text:find(dashes .. flag.name, 1, true), shell .. " " .. flag.name)
      end
      for _, command in ipairs(commands) do
        assert.is_truthy(text:find(command.name, 1, true))
        for _, flag in ipairs(command.flags.list) do
          assert.is_truthy(text:find(dashes .. flag.name, 1, true), shell .. " " .. flag.name)
        end
      end
    end
  end)

  it("answers in bash", function()
    local answers = "status stop\n--json\nround-robin random\nbash zsh fish\n\n--check\n"
    assert.equal(answers, ask("bash", [[
      complete_it() {
        COMP_WORDS=("$@") COMP_CWORD=$(( $# - 1 ))
        _sio_lua
        echo "${COMPREPLY[@]}"
      }
      complete_it sio-lua st
      complete_it sio-lua status --j
      complete_it sio-lua --balance r
      complete_it sio-lua completion ""
      complete_it sio-lua --port ""
      complete_it sio-lua --che]]))
  end)

  it("answers in fish", function()
    if not has "fish" then return pending "needs fish" end
    assert.matches("^status\tshow what runs[^\n]*\nstop\t[^\n]*\n%-%-json\t[^\n]*\nrandom\t" ..
      "[^\n]*\nround%-robin\t[^\n]*\nbash\nfish\nzsh\n$", ask("fish", [[
      complete -C "sio-lua st"
      complete -C "sio-lua status --j"
      complete -C "sio-lua --balance r"
      complete -C "sio-lua completion "]]))
  end)

  it("is taken by zsh", function()
    if not has "zsh" then return pending "needs zsh" end
    assert.equal("_sio_lua\n", ask("zsh", "print -r -- $_comps[sio-lua]",
      "zsh -f -c 'autoload -Uz compinit; compinit -u -D; . $0'"))
  end)
end)

describe("the manual page", function()
  it("has every option and every command, and is good mdoc", function()
    local pipe = io.popen "lua5.4 tools/man.lua"
    local text = pipe:read "a"
    assert.is_true(pipe:close())
    for _, flag in ipairs(flags.list) do
      assert.is_truthy(text:find("Fl \\-" .. flag.name:gsub("%-", "\\-"), 1, true), flag.name)
    end
    for _, command in ipairs(commands) do
      assert.is_truthy(text:find("\n.It Cm " .. command.name, 1, true), command.name)
    end
    assert.is_nil(text:find "@%w+@")
    if not os.execute "command -v groff >/dev/null" then return pending "needs groff" end
    -- Without the sanitizer that specs may run under: it is ours that is tested.
    local format = "env -u LD_PRELOAD groff -mdoc -Tutf8 -ww 2>&1 >/dev/null"
    pipe = io.popen("lua5.4 tools/man.lua | " .. format)
    assert.equal("", pipe:read "a")
    pipe:close()
  end)
end)
