-- SPDX-License-Identifier: MIT
-- The command line: what sio.cli.options makes of arguments, the command that starts workers, the
-- banner, the text of control messages.

local banner = require "sio.banner"
local command = require "sio.cli.command"
local flags = require "sio.cli.flags"
local heartbeat = require "sio.cli.heartbeat"
local message = require "sio.cli.message"
local options = require "sio.cli.options"
local values = require "sio.cli.values"

local function parse(...)
  return options.parse { ... }
end

describe("sio.cli.options", function()
  it("needs nothing", function()
    assert.same({}, parse())
  end)

  it("reads long and short options in every form", function()
    local all = { workers = 4, port = 80, host = "::1", file = "x.lua" }
    assert.same(all, parse("--workers", "4", "--port", "80", "--host", "::1", "x.lua"))
    assert.same(all, parse("x.lua", "--workers=4", "--port=80", "--host=::1"))
    assert.same(all, parse("-w", "4", "-p", "80", "-H", "::1", "x.lua"))
    assert.same(all, parse("-w4", "-p80", "-H::1", "x.lua"))
    assert.same({ workers = "auto", balance = "ip-hash", log_level = "debug" },
      parse("--workers", "auto", "--balance", "ip-hash", "--log-level=debug"))
    assert.same({ journal_size = 8 << 20 }, parse("--journal-size", "8M"))
    assert.same({ journal_size = 65536 }, parse("--journal-size=64k"))
    assert.same({ journal_size = 1 << 30 }, parse("--journal-size=1G"))
    assert.same({ version = true, help = true }, parse("--version", "-h"))
    assert.same({ check = true, file = "x.lua" }, parse("--check", "x.lua"))
    assert.same({ watch = true, file = "x.lua" }, parse("--watch", "x.lua"))
    assert.same({ watch = "lib", file = "x.lua" }, parse("--watch=lib", "x.lua"))
  end)

  it("takes --bind again and again", function()
    local all = { bind = { { host = "::1", port = 80 }, { unix = "/x" }, { fd = 3 } } }
    assert.same(all, parse("--bind", "[::1]:80", "--bind=unix:/x", "-b", "fd:3"))
    assert.same(all, parse("-b[::1]:80", "-bunix:/x", "-bfd:3"))
  end)

  it("takes what follows -- as a file", function()
    assert.same({ file = "-w" }, parse("--", "-w"))
    assert.same({ file = "-" }, parse "-")
  end)

  it("lets the last one win", function()
    assert.same({ port = 2 }, parse("-p", "1", "--port=2"))
  end)

  local wrong = {
    { { "--wrokers", "4" }, "unknown option --wrokers (did you mean --workers?)" },
    { { "--work" }, "unknown option --work (did you mean --workers?)" },
    { { "--prot=1" }, "unknown option --prot (did you mean --port?)" },
    { { "--loglevel" }, "unknown option --loglevel (did you mean --log-level?)" },
    { { "--frobnicate" }, "unknown option --frobnicate" },
    { { "-x" }, "unknown option -x" },
    { { "--worker", "1", "x.lua" }, "unknown option --worker (did you mean --workers?)" },
    { { "-w" }, "option -w needs a value" },
    { { "--port=" }, 'option --port: expected a number from 0 to 65535, got ""' },
    { { "-w", "0" }, 'option -w: expected a number from 1 to 63, or auto, got "0"' },
    { { "-w", "64" }, 'option -w: expected a number from 1 to 63, or auto, got "64"' },
    { { "-w", "-1" }, 'option -w: expected a number from 1 to 63, or auto, got "-1"' },
    { { "-w", "abc" }, 'option -w: expected a number from 1 to 63, or auto, got "abc"' },
    { { "--port", "65536" }, 'option --port: expected a number from 0 to 65535, got "65536"' },
    { { "--port", "0x10" }, 'option --port: expected a number from 0 to 65535, got "0x10"' },
    { { "--port", "1e1" }, 'option --port: expected a number from 0 to 65535, got "1e1"' },
    { { "--port", ("9"):rep(30) },
      'option --port: expected a number from 0 to 65535, got "' .. ("9"):rep(30) .. '"' },
    { { "--host", "" }, 'option --host: expected an address, got ""' },
    { { "--balance", "best" }, "option --balance: expected one of least-connection, " ..
      'round-robin, random, ip-hash, forwarded-for, got "best"' },
    { { "--journal-size", "65535" },
      'option --journal-size: expected a size from 64k to 1G, got "65535"' },
    { { "--journal-size", "1.1G" },
      'option --journal-size: expected a size from 64k to 1G, got "1.1G"' },
    { { "--log-level", "loud" },
      'option --log-level: expected one of debug, info, warn, error, off, got "loud"' },
    { { "--help=yes" }, "option --help takes no value" },
    { { "--check=yes" }, "option --check takes no value" },
    { { "--watch=" }, 'option --watch: expected a folder, got ""' },
    { { "--wach" }, "unknown option --wach (did you mean --watch?)" },
    { { "--chekc" }, "unknown option --chekc (did you mean --check?)" },
    { { "--check", "--watch" }, "--check ends, --watch stays: one of both" },
    { { "--bind", "nowhere" }, "option --bind: expected a port, HOST:PORT, [IPV6]:PORT, " ..
      'unix:PATH or fd:N, got "nowhere"' },
    { { "-b", "unix:" }, 'option -b: expected a path behind unix:, got "unix:"' },
    { { "-b", "fd:3", "-b", "fd:3" }, "option --bind: expected fd:3 only once" },
    { { "-b", "80", "-p", "80" },
      "--bind says where to listen, --port and --host cannot change it" },
    { { "-H", "::1", "-b", "80" },
      "--bind says where to listen, --port and --host cannot change it" },
    { { "--port-per-worker", "-b", "unix:/x" }, "--port-per-worker: unix:/x has no port" },
    { { "--port-per-worker", "-b", "80", "-b", "fd:3" }, "--port-per-worker: fd:3 has no port" },
    { { "--port-per-worker", "--balance", "random" },
      "--port-per-worker: who connects chooses the worker, --balance cannot" },
    { { "a.lua", "b.lua" }, 'one file expected, got "b.lua" as well' },
  }
  for _, case in ipairs(wrong) do
    it("refuses " .. table.concat(case[1], " "):sub(1, 40), function()
      local result, err = options.parse(case[1])
      assert.is_nil(result)
      assert.equal(case[2], err)
    end)
  end

end)

describe("sio.cli.help", function()
  local text = require("sio.cli.help").text

  it("has every option and every command, with all that they take", function()
    for _, flag in ipairs(flags.list) do
      assert.is_truthy(text:find("--" .. flag.name, 1, true), flag.name)
      if flag.short then assert.is_truthy(text:find("-" .. flag.short .. ", --", 1, true)) end
      for _, word in ipairs(flag.words or {}) do assert.is_truthy(text:find(word, 1, true)) end
    end
    for _, each in ipairs(require "sio.cli.commands") do
      assert.is_truthy(text:find("\n  " .. each.name .. " ", 1, true))
    end
  end)

  it("fits into 100 columns, explanations in a column of their own", function()
    for line in text:gmatch "[^\n]*" do assert.is_true(#line <= 100, line) end
    assert.is_truthy(text:find("\n  -w, --workers N|auto     worker processes, auto", 1, true))
    assert.is_truthy(text:find("\n      --watch[=DIR]        load it again", 1, true))
  end)
end)

describe("sio.cli.flags", function()
  it("knows each name and each letter once, and how to take what has an argument", function()
    local names, letters, list = 0, 0, #flags.list
    for _ in pairs(flags.by_name) do names = names + 1 end
    for _, flag in ipairs(flags.list) do
      assert.equal(flag.argument ~= nil, flag.take ~= nil, flag.name)
      assert.equal("", flag.field:gsub("[a-z_]", ""), flag.name)
      if flag.short then
        letters = letters + 1
        assert.equal(flag, flags.by_letter[flag.short])
      end
    end
    for _ in pairs(flags.by_letter) do letters = letters - 1 end
    assert.same({ list, 0 }, { names, letters })
  end)
end)

describe("sio.cli.values", function()
  local function check(take, rows)
    for text, expected in pairs(rows) do
      if expected == false then
        local got, why = take(text)
        assert.is_nil(got, text)
        assert.equal("string", type(why))
      else
        assert.equal(expected, take(text), text)
      end
    end
  end

  it("reads sizes", function()
    check(values.size(1024), {
      ["1024"] = 1024, ["1k"] = 1024, ["1K"] = 1024, ["512M"] = 536870912, ["1.5G"] = 1610612736,
      ["2g"] = 2147483648, ["0.001M"] = 1048, ["1023"] = false, [""] = false, ["M"] = false,
      ["1T"] = false, ["-1M"] = false, ["1 M"] = false, ["0x10M"] = false, ["1e9"] = false,
      [("9"):rep(40)] = false, ["1MB"] = false, [".5G"] = false,
    })
    assert.equal("integer", math.type(values.size(0) "1.5k"))
  end)

  it("reads seconds", function()
    check(values.seconds(0.1), {
      ["10"] = 10, ["1.5"] = 1.5, [".5"] = 0.5, ["0.1"] = 0.1, ["86400"] = 86400,
      ["0.09"] = false, ["86401"] = false, [""] = false, ["."] = false, ["1e1"] = false,
      ["-1"] = false, ["10s"] = false, ["nan"] = false, ["inf"] = false, ["1."] = false,
    })
  end)

  it("reads addresses that are ours alone", function()
    assert.same({ host = "::1", port = 9100 }, values.own_address "[::1]:9100")
    assert.same({ unix = "/run/x" }, values.own_address "unix:/run/x")
    check(values.own_address, { ["fd:3"] = false, ["unix:"] = false, ["x"] = false })
  end)
end)

describe("sio.cli.command", function()
  it("starts the same interpreter with its own options, absolute, and our argument", function()
    local args = { [-3] = "/usr/bin/lua5.4", [-2] = "-e", [-1] = "x = 1", [0] = "/rock/sio-lua",
      "app.lua", "-w", "2" }
    local words = command.worker(args, "--worker", "/srv/app.lua")
    assert.same({ "/usr/bin/lua5.4", "-e", "x = 1", "/rock/sio-lua", "--worker", "3",
      "/srv/app.lua" }, words(3))
    assert.equal("4", words(4)[6])
  end)

  it("makes relative paths absolute, but not a bare interpreter", function()
    local here = require("sio.core").process.realpath "."
    local words = command.worker({ [-1] = "lua5.4", [0] = "bin/sio-lua" }, "--worker", "a/app.lua")
    assert.same({ "lua5.4", here .. "/bin/sio-lua", "--worker", "1", here .. "/a/app.lua" },
      words(1))
    words = command.worker({ [-1] = "./lua", [0] = "/sio-lua" }, "--worker", "/app.lua")
    assert.equal(here .. "/./lua", words(1)[1])
  end)

  it("counts at least one processor", function()
    local n = command.processors()
    assert.equal("integer", math.type(n))
    assert.is_true(n >= 1 and n <= require("sio.core").process.parallelism())
  end)
end)

describe("sio.banner", function()
  it("names an address for a browser", function()
    for _, anywhere in ipairs { "", "0.0.0.0", "::" } do
      assert.equal("http://localhost:3000", banner.url(anywhere, 3000))
    end
    assert.equal("http://localhost:3000", banner.url(nil, 3000))
    assert.equal("http://[::1]:80", banner.url("::1", 80))
    assert.equal("http://10.0.0.1:80", banner.url("10.0.0.1", 80))
  end)

  it("names every place", function()
    assert.same({ "http://localhost:80", "unix:/run/x", "http://[::1]:81" },
      banner.places { { port = 80 }, { unix = "/run/x" }, { host = "::1", port = 81 } })
  end)

  it("counts the workers in words", function()
    assert.equal("sio-lua 0.1.0  http://a:1  1 worker  (pid 5)",
      banner.line("0.1.0", { "http://a:1" }, 1, 5))
    assert.equal("sio-lua 0.1.0  http://a:1  http://b:2  4 workers  (pid 5)",
      banner.line("0.1.0", { "http://a:1", "http://b:2" }, 4, 5))
  end)
end)

describe("sio.cli.heartbeat", function()
  local function look(watch, from, to)
    for i = from * 4, to * 4 do watch:tick(i / 4) end
  end

  it("suspects after a second, gives up after ten, is patient at the start", function()
    local watch = heartbeat.new(0)
    look(watch, 0, 100)
    assert.equal("fine", watch:verdict(1, true))
    assert.equal("suspect", watch:verdict(1.1, true))
    assert.equal("suspect", watch:verdict(10, true))
    assert.equal("hanging", watch:verdict(10.1, true))
    assert.equal("fine", watch:verdict(60, false))
    assert.equal("hanging", watch:verdict(60.1, false))
  end)

  it("does not count time in which it did not look", function()
    local watch = heartbeat.new(0)
    look(watch, 0, 20)
    watch:tick(100) -- the machine slept
    assert.equal("fine", watch:verdict(80, true))
    look(watch, 100, 101)
    assert.equal("fine", watch:verdict(81, true))
    look(watch, 101, 102)
    assert.equal("suspect", watch:verdict(82, true))
    look(watch, 102, 111)
    assert.equal("hanging", watch:verdict(91, true))
  end)
end)

describe("sio.cli.message", function()
  it("keeps whole numbers whole", function()
    local back = message.decode(message.encode {
      op = "listen", port = 3000, wait = 0.5, on = true,
    })
    assert.same({ op = "listen", port = 3000, wait = 0.5, on = true }, back)
    assert.equal("integer", math.type(back.port))
    assert.equal(262143, message.decode(message.encode { generation = 262143 }).generation)
    local nested = message.decode(message.encode { addresses = { { port = 80 }, {} } })
    assert.same({ addresses = { { port = 80 }, {} } }, nested)
    assert.equal("integer", math.type(nested.addresses[1].port))
  end)
end)
