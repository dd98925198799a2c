-- SPDX-License-Identifier: MIT
-- What --help says, made of the tables of options and commands. Pure; sio.cli prints it.

local commands = require "sio.cli.commands"
local flags = require "sio.cli.flags"

local COLUMN, WIDTH = 27, 100 -- where explanations begin, and where lines end

-- Words in lines that fit between COLUMN and WIDTH.
local function wrap(text)
  local lines, line = {}, nil
  for word in text:gmatch "%S+" do
    if line and #line + 1 + #word > WIDTH - COLUMN then
      lines[#lines + 1] = line
      line = nil
    end
    line = line and line .. " " .. word or word
  end
  lines[#lines + 1] = line
  return lines
end

-- "  left     explanation", which begins on a line of its own when left is long
local function entry(out, left, text)
  local lines = wrap(text)
  if #left + 2 > COLUMN then
    out[#out + 1] = left
    left = ""
  end
  for i, line in ipairs(lines) do
    local begin = i == 1 and left or ""
    out[#out + 1] = begin .. (" "):rep(COLUMN - #begin) .. line
  end
end

local function flag_words(flag)
  local letter = flag.short and "-" .. flag.short .. ", " or "    "
  local argument = flag.argument or ""
  if flag.optional then
    argument = "[=" .. argument .. "]"
  elseif flag.argument then
    argument = " " .. argument
  end
  return "  " .. letter .. "--" .. flag.name .. argument
end

local head = [[
Usage: sio-lua [options] [app.lua]
       sio-lua COMMAND

Runs a Socket.IO application: the file that is named, or that sio.conf.lua names, else app.lua, else
init.lua.
]]

local tail = [[

Options win over sio.conf.lua, that over sockets that systemd has opened (LISTEN_FDS), these over
what the application says, that over the environment.
]]

local out = { head }
out[#out + 1] = "Commands:"
for _, command in ipairs(commands) do
  entry(out, ("  %s %s"):format(command.name, command.argument or ""), command.help)
end
for _, group in ipairs(flags.groups) do
  out[#out + 1] = "\n" .. group.title .. ":"
  for _, flag in ipairs(group) do entry(out, flag_words(flag), flag.help) end
end
out[#out + 1] = tail

--- What `sio-lua COMMAND --help` says.
---@param command sio.cli.Command
---@return string
local function of(command)
  local lines = { ("Usage: sio-lua %s [options] %s"):format(command.name, command.argument or "") }
  lines[1] = lines[1]:gsub(" $", "")
  lines[2] = "\n" .. command.help:sub(1, 1):upper() .. command.help:sub(2) .. ".\n"
  for _, flag in ipairs(command.flags.list) do entry(lines, flag_words(flag), flag.help) end
  return table.concat(lines, "\n") .. "\n"
end

return { text = table.concat(out, "\n"), of = of }
