-- SPDX-License-Identifier: MIT
-- The manual page: docs/man/sio-lua.1.in with what the tables of options and commands say, so that
-- none of them can be forgotten. Writes it to stdout.
--   lua5.4 tools/man.lua | man -l -

package.path = "lua/?.lua;lua/?/init.lua;" .. package.path

local commands = require "sio.cli.commands"
local flags = require "sio.cli.flags"

-- Text as roff takes it literally.
local function plain(text)
  return (text:gsub("\\", "\\e"):gsub("^[.']", "\\&%0"):gsub("%-", "\\-"))
end

local function sentence(text)
  return plain(text:sub(1, 1):upper() .. text:sub(2)) .. "."
end

local function flag_item(flag)
  local value = ""
  if flag.argument then
    value = flag.optional and " Ns Op = Ns Ar " .. flag.argument or " Ar " .. flag.argument
  end
  local letter = flag.short and ("Fl %s , "):format(flag.short) or ""
  return (".It %sFl \\-%s%s"):format(letter, plain(flag.name), value:gsub("|", "\\||"))
end

local function flag_list(out, list)
  out[#out + 1] = ".Bl -tag -width Ds"
  for _, flag in ipairs(list) do
    out[#out + 1] = flag_item(flag)
    out[#out + 1] = sentence(flag.help)
  end
  out[#out + 1] = ".El"
end

local function options_part()
  local out = {}
  for _, group in ipairs(flags.groups) do
    out[#out + 1] = ".Ss " .. group.title
    flag_list(out, group)
  end
  return table.concat(out, "\n")
end

local function commands_part()
  local out = { ".Bl -tag -width Ds" }
  for _, command in ipairs(commands) do
    local argument = command.argument and " Ar " .. command.argument:gsub("|", "\\||") or ""
    out[#out + 1] = (".It Cm %s%s"):format(command.name, argument)
    out[#out + 1] = sentence(command.help)
    local own = {}
    for _, flag in ipairs(command.flags.list) do
      if flag.name ~= "help" then own[#own + 1] = flag end
    end
    if #own > 0 then flag_list(out, own) end
  end
  out[#out + 1] = ".El"
  return table.concat(out, "\n")
end

local file = assert(io.open "docs/man/sio-lua.1.in")
local page = file:read "a"
file:close()
local parts = { options = options_part(), commands = commands_part() }
page = page:gsub('%.\\" @(%w+)@', parts)
io.stdout:write(page)
