-- SPDX-License-Identifier: MIT
-- The command line of sio-lua: what was asked for, or one sentence about what is wrong with it.
--
-- Pure: no system calls, so that the specs can try everything. sio.cli calls it.

local address = require "sio.address"
local suggest = require "sio.suggest"

local options = {}

options.balance_methods = {
  "least-connection", "round-robin", "random", "ip-hash", "forwarded-for",
}
options.log_levels = { "debug", "info", "warn", "error", "off" }
options.workers_max = 64

options.help = [[
Usage: sio-lua [options] [app.lua]
       sio-lua new DIR

Runs a Socket.IO application; without a file app.lua, else init.lua, of the current folder.
`new` makes a small one in a folder that is not there yet, or empty.

  -w, --workers N|auto   worker processes, auto: one per processor (SIO_WORKERS, WEB_CONCURRENCY)
  -b, --bind ADDRESS     listen there, not where the application says: HOST:PORT, PORT,
                         unix:/path or fd:N (a listening socket that was inherited); repeatable
  -p, --port N           port of the application's first address (PORT; 3000)
  -H, --host ADDRESS     host of the application's first address (all)
      --balance METHOD   which worker gets a new client: least-connection, round-robin, random,
                         ip-hash, forwarded-for
      --log-level LEVEL  debug, info, warn, error or off (info)
      --check            load the application, say what it would do, and end: with 0, or with 3 and
                         its error
      --watch[=DIR]      for development: load it again whenever code in its folder, or in DIR,
                         changes
      --version          show the version
  -h, --help             show this help

Options win over sockets that systemd has opened (LISTEN_FDS), these over what the application
says, that over the environment.
]]

local function one_of(list)
  return function(text)
    for _, name in ipairs(list) do
      if text == name then return name end
    end
    return nil, "one of " .. table.concat(list, ", ")
  end
end

-- Decimal digits only: "0x10", "1e1" and " 1" are slips.
local function integer(least, most)
  return function(text)
    local n = text:find "^%d+$" and math.tointeger(tonumber(text))
    if n and n >= least and n <= most then return n end
    return nil, ("a number from %d to %d"):format(least, most)
  end
end

--- A number of workers or "auto"; nil and what was expected.
---@param text string
---@return integer|"auto"|nil
---@return string? expected
function options.workers(text)
  if text == "auto" then return "auto" end
  local n = integer(1, options.workers_max)(text)
  if n then return n end
  return nil, ("a number from 1 to %d, or auto"):format(options.workers_max)
end

local function host(text)
  if text ~= "" and not text:find "[%s%c]" then return text end
  return nil, "an address"
end

local function folder(text)
  if text ~= "" then return text end
  return nil, "a folder"
end

local specs = {
  workers = { take = options.workers },
  port = { take = integer(0, 65535) },
  host = { take = host },
  bind = { take = address.parse, repeats = true },
  balance = { take = one_of(options.balance_methods) },
  ["log-level"] = { take = one_of(options.log_levels), field = "log_level" },
  check = {},
  watch = { take = folder, optional = true },
  version = {},
  help = {},
}
local short = { w = "workers", b = "bind", p = "port", H = "host", h = "help" }

local function suggestion(name)
  local near = suggest.nearest(name, specs)
  return near and (" (did you mean --%s?)"):format(near) or ""
end

-- "--name=value", "--name", "-nvalue", "-n" -> the option's name, how it was written, its value
local function split(word)
  local name, value = word:match "^%-%-([^=]+)=(.*)$"
  if name then return name, "--" .. name, value end
  name = word:match "^%-%-(.+)$"
  if name then return name, word end
  local letter = word:sub(2, 2)
  local rest = word:sub(3)
  return short[letter], "-" .. letter, rest ~= "" and rest or nil
end

local function take_option(result, spec, name, written, value)
  if not spec.take or spec.optional and not value then
    if value then return nil, ("option %s takes no value"):format(written) end
    result[name] = true
    return true
  end
  if not value then return nil, ("option %s needs a value"):format(written) end
  local taken, expected = spec.take(value)
  if taken == nil then
    return nil, ('option %s: expected %s, got "%s"'):format(written, expected, value)
  end
  if spec.repeats then
    result[name] = result[name] or {}
    table.insert(result[name], taken)
  else
    result[spec.field or name] = taken
  end
  return true
end

local function parse_option(result, args, i)
  local name, written, value = split(args[i])
  local spec = name and specs[name]
  if not spec then
    return nil, ("unknown option %s%s"):format(written, name and suggestion(name) or "")
  end
  if spec.take and not spec.optional and not value then
    i = i + 1
    value = args[i]
  end
  local ok, err = take_option(result, spec, name, written, value)
  return ok and i, err
end

---@class sio.cli.Options
---@field file? string
---@field workers? integer|"auto"
---@field port? integer
---@field host? string
---@field bind? sio.Address[]
---@field balance? string
---@field log_level? string
---@field check? boolean
---@field watch? string|true a folder, or the application's
---@field version? boolean
---@field help? boolean

local function check_together(result)
  if result.check and result.watch then return nil, "--check ends, --watch stays: one of both" end
  if not result.bind then return result end
  if result.port or result.host then
    return nil, "--bind says where to listen, --port and --host cannot change it"
  end
  local list, expected = address.check(result.bind)
  if not list then return nil, ("option --bind: expected %s"):format(expected) end
  return result
end

--- Reads the arguments; nil and a sentence when they make no sense.
---@param args string[]
---@return sio.cli.Options?
---@return string? err
function options.parse(args)
  local result, words, i = {}, {}, 1
  local only_words = false
  while i <= #args do
    local word = args[i]
    if only_words or word == "-" or word:sub(1, 1) ~= "-" then
      words[#words + 1] = word
    elseif word == "--" then
      only_words = true
    else
      local at, err = parse_option(result, args, i)
      if not at then return nil, err end
      i = at
    end
    i = i + 1
  end
  if #words > 1 then return nil, ('one file expected, got "%s" as well'):format(words[2]) end
  result.file = words[1]
  return check_together(result)
end

return options
