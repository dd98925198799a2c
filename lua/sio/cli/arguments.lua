-- SPDX-License-Identifier: MIT
-- Words of a command line by rows of sio.cli.flags: what was asked for, or one sentence about what
-- is wrong with it.
--
-- Pure: no system calls, so that the specs can try everything. sio.cli.options calls it for the
-- options of sio-lua, sio.cli.commands for those of a command.

local suggest = require "sio.suggest"

local arguments = {}

local function suggestion(name, index)
  local near = suggest.nearest(name, index.by_name)
  return near and (" (did you mean --%s?)"):format(near) or ""
end

-- "--name=value", "--name", "-nvalue", "-n" -> the option's name, how it was written, its value
local function split(word, index)
  local name, value = word:match "^%-%-([^=]+)=(.*)$"
  if name then return name, "--" .. name, value end
  name = word:match "^%-%-(.+)$"
  if name then return name, word end
  local letter = word:sub(2, 2)
  local rest = word:sub(3)
  local flag = index.by_letter[letter]
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

local function parse_option(result, args, i, index)
  local name, written, value = split(args[i], index)
  local flag = name and index.by_name[name]
  if not flag then
    return nil, ("unknown option %s%s"):format(written, name and suggestion(name, index) or "")
  end
  if flag.take and not flag.optional and not value then
    i = i + 1
    value = args[i]
  end
  local ok, err = take_option(result, flag, written, value)
  return ok and i, err
end

---@class sio.cli.FlagIndex
---@field list sio.cli.Flag[]
---@field by_name table<string, sio.cli.Flag>
---@field by_letter table<string, sio.cli.Flag>

--- Rows as parse() looks them up; gives each its field.
---@param list sio.cli.Flag[]
---@return sio.cli.FlagIndex
function arguments.index(list)
  local index = { list = list, by_name = {}, by_letter = {} }
  for _, flag in ipairs(list) do
    flag.field = flag.name:gsub("-", "_")
    index.by_name[flag.name] = flag
    if flag.short then index.by_letter[flag.short] = flag end
  end
  return index
end

--- Reads the arguments; nil and a sentence when they make no sense.
---@param index sio.cli.FlagIndex
---@param args string[]
---@return table? result options by field; [1], [2], ...: the words that are none
---@return string? err
function arguments.parse(index, args)
  local result, i = {}, 1
  local only_words = false
  while i <= #args do
    local word = args[i]
    if only_words or word == "-" or word:sub(1, 1) ~= "-" then
      result[#result + 1] = word
    elseif word == "--" then
      only_words = true
    else
      local at, err = parse_option(result, args, i, index)
      if not at then return nil, err end
      i = at
    end
    i = i + 1
  end
  return result
end

return arguments
