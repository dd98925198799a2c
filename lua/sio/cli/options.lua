-- SPDX-License-Identifier: MIT
-- The command line of sio-lua: what was asked for, or one sentence about what is wrong with it.
--
-- Pure: no system calls, so that the specs can try everything. Which options there are is in
-- sio.cli.flags; sio.cli calls parse().

local address = require "sio.address"
local flags = require "sio.cli.flags"
local suggest = require "sio.suggest"

local options = {}

local function suggestion(name)
  local near = suggest.nearest(name, flags.by_name)
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
  local flag = flags.by_letter[letter]
  return flag and flag.name, "-" .. letter, rest ~= "" and rest or nil
end

local function take_option(result, flag, written, value)
  local field = flag.field
  if not flag.take or flag.optional and not value then
    if value then return nil, ("option %s takes no value"):format(written) end
    result[field] = true
    return true
  end
  if not value then return nil, ("option %s needs a value"):format(written) end
  local taken, expected = flag.take(value)
  if taken == nil then
    return nil, ('option %s: expected %s, got "%s"'):format(written, expected, value)
  end
  if flag.repeats then
    result[field] = result[field] or {}
    table.insert(result[field], taken)
  else
    result[field] = taken
  end
  return true
end

local function parse_option(result, args, i)
  local name, written, value = split(args[i])
  local flag = name and flags.by_name[name]
  if not flag then
    return nil, ("unknown option %s%s"):format(written, name and suggestion(name) or "")
  end
  if flag.take and not flag.optional and not value then
    i = i + 1
    value = args[i]
  end
  local ok, err = take_option(result, flag, written, value)
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
