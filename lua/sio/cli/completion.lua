-- SPDX-License-Identifier: MIT
-- sio-lua completion SHELL: a script that completes the words of sio-lua, made of the tables of
-- options and commands, so that none of them is forgotten.
--
--     source <(sio-lua completion bash)      in ~/.bashrc
--     source <(sio-lua completion zsh)       in ~/.zshrc, behind compinit
--     sio-lua completion fish | source       in ~/.config/fish/config.fish
--
-- Pure; sio.cli calls run().

local commands = require "sio.cli.commands"
local flags = require "sio.cli.flags"

local completion = {}

-- ---- what both have in common -------------------------------------------------------------------

local function quoted(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function command_names()
  local names = {}
  for i, command in ipairs(commands) do names[i] = command.name end
  return names
end

-- "-w --workers": as they can be written.
local function spellings(list)
  local words = {}
  for _, flag in ipairs(list) do
    if flag.short then words[#words + 1] = "-" .. flag.short end
    words[#words + 1] = "--" .. flag.name
  end
  return words
end

-- ---- bash ---------------------------------------------------------------------------------------

local BASH = [==[
# sio-lua for bash; made by `sio-lua completion bash`
_sio_lua() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command= words=
  COMPREPLY=()
  if (( COMP_CWORD > 1 )); then
    case ${COMP_WORDS[1]} in
      @commands@) command=${COMP_WORDS[1]} ;;
    esac
  fi
  case $command,$prev in
@values@
  esac
  if [[ $cur == -* ]]; then
    case $command in
@options@
    esac
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
    return
  fi
  case $command in
@first@
  esac
  (( COMP_CWORD == 1 )) && words='@names@'
  COMPREPLY=($(compgen -W "$words" -- "$cur") $(compgen -f -X '!*.lua' -- "$cur")
    $(compgen -d -- "$cur"))
}
complete -o filenames -F _sio_lua sio-lua
]==]

local function bash_words(words)
  return ('COMPREPLY=($(compgen -W %s -- "$cur")); '):format(quoted(table.concat(words, " ")))
end

-- What follows an option with a value, as lines of a case.
local function bash_values(command, list)
  local lines = {}
  for _, flag in ipairs(list) do
    if flag.take and not flag.optional then
      local patterns = spellings { flag }
      for i, word in ipairs(patterns) do patterns[i] = command .. "," .. word end
      local reply = ""
      if flag.words then
        reply = bash_words(flag.words)
      elseif flag.path then
        reply = ('COMPREPLY=($(compgen -%s -- "$cur")); '):format(
          flag.path == "folder" and "d" or "f")
      end
      lines[#lines + 1] = ("    %s) %sreturn ;;"):format(table.concat(patterns, "|"), reply)
    end
  end
  return lines
end

local function fill(template, parts)
  return (template:gsub("@(%w+)@", parts))
end

local function bash()
  local values, options, first = bash_values("", flags.list), {}, {}
  for _, command in ipairs(commands) do
    local more = bash_values(command.name, command.flags.list)
    table.move(more, 1, #more, #values + 1, values)
    options[#options + 1] = ("      %s) words=%s ;;"):format(command.name,
      quoted(table.concat(spellings(command.flags.list), " ")))
    if command.choices then
      first[#first + 1] = ("    %s) %sreturn ;;"):format(command.name, bash_words(command.choices))
    end
  end
  options[#options + 1] = "      *) words=" .. quoted(table.concat(spellings(flags.list), " ")) ..
    " ;;"
  return fill(BASH, {
    commands = table.concat(command_names(), "|"), names = table.concat(command_names(), " "),
    values = table.concat(values, "\n"), options = table.concat(options, "\n"),
    first = table.concat(first, "\n"),
  })
end

-- ---- zsh ----------------------------------------------------------------------------------------

local ZSH = [==[
#compdef sio-lua
# sio-lua for zsh; made by `sio-lua completion zsh`
_sio_lua() {
  local -a commands
  commands=(
@names@
  )
  if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then
    _describe -t commands command commands
    _files -g '*.lua'
    return
  fi
  case $words[2] in
@commands@
  *)
    _arguments -s \
@options@
      '1:application:_files -g "*.lua"' ;;
  esac
}
if [[ $funcstack[1] == _sio_lua ]]; then _sio_lua "$@"; else compdef _sio_lua sio-lua; fi
]==]

-- In _arguments, brackets and colons have a meaning.
local function zsh_text(text)
  return (text:gsub("[%[%]:\\]", "\\%0"))
end

local function zsh_value(flag)
  if not flag.take then return "" end
  local action = ""
  if flag.words then
    action = "(" .. table.concat(flag.words, " ") .. ")"
  elseif flag.path then
    action = flag.path == "folder" and "_files -/" or "_files"
  end
  return (":%s:%s"):format(zsh_text(flag.argument), action)
end

local function zsh_flags(list)
  local lines = {}
  for _, flag in ipairs(list) do
    local name = "--" .. flag.name .. (flag.take and (flag.optional and "=-" or "=") or "")
    local rest = ("[%s]%s"):format(zsh_text(flag.help), zsh_value(flag))
    if flag.optional then rest = rest:gsub("^(.-%])", "%1:", 1) end
    local star = flag.repeats and "*" or ""
    lines[#lines + 1] = ("      %s \\"):format(quoted(star .. name .. rest))
    if flag.short then
      lines[#lines + 1] = ("      %s \\"):format(quoted(("%s-%s%s%s"):format(star, flag.short,
        flag.take and "+" or "", rest)))
    end
  end
  return table.concat(lines, "\n")
end

local function zsh()
  local names, cases = {}, {}
  for _, command in ipairs(commands) do
    names[#names + 1] = "    " .. quoted(command.name .. ":" .. zsh_text(command.help))
    local last = "'*: :'"
    if command.choices then
      last = ("'1: :(%s)'"):format(table.concat(command.choices, " "))
    elseif command.app then
      last = ("'%d:application:_files -g \"*.lua\"'"):format(command.app)
    end
    cases[#cases + 1] = ("  %s)\n    shift words; (( CURRENT-- ))\n    _arguments -s \\\n%s\n" ..
      "      %s ;;"):format(command.name, zsh_flags(command.flags.list), last)
  end
  return fill(ZSH, {
    names = table.concat(names, "\n"), commands = table.concat(cases, "\n"),
    options = zsh_flags(flags.list),
  })
end

-- ---- fish ---------------------------------------------------------------------------------------

local function fish_flag(condition, flag)
  local parts = { "complete -c sio-lua -n " .. quoted(condition), "-l " .. flag.name }
  if flag.short then parts[#parts + 1] = "-s " .. flag.short end
  if flag.words then
    parts[#parts + 1] = "-x -a " .. quoted(table.concat(flag.words, " "))
  elseif flag.path == "folder" and not flag.optional then
    parts[#parts + 1] = "-x -a " .. quoted "(__fish_complete_directories)"
  elseif flag.path then
    parts[#parts + 1] = flag.optional and "" or "-r -F"
  elseif flag.take then
    parts[#parts + 1] = "-x"
  end
  parts[#parts + 1] = "-d " .. quoted(flag.help)
  return (table.concat(parts, " "):gsub("  +", " "))
end

local function fish()
  local names = table.concat(command_names(), " ")
  local none = "not __fish_seen_subcommand_from " .. names
  local lines = { "# sio-lua for fish; made by `sio-lua completion fish`" }
  for _, command in ipairs(commands) do
    lines[#lines + 1] = ("complete -c sio-lua -n __fish_use_subcommand -a %s -d %s"):format(
      command.name, quoted(command.help))
  end
  for _, flag in ipairs(flags.list) do lines[#lines + 1] = fish_flag(none, flag) end
  for _, command in ipairs(commands) do
    local condition = "__fish_seen_subcommand_from " .. command.name
    for _, flag in ipairs(command.flags.list) do lines[#lines + 1] = fish_flag(condition, flag) end
    if command.choices then
      lines[#lines + 1] = ("complete -c sio-lua -f -n %s -a %s"):format(quoted(condition),
        quoted(table.concat(command.choices, " ")))
    end
  end
  return table.concat(lines, "\n") .. "\n"
end

-- ---- the command --------------------------------------------------------------------------------

local shells = { bash = bash, zsh = zsh, fish = fish }

---@param asked table
---@return integer? exit_code
---@return string? err
function completion.run(asked)
  local make = shells[asked[1]]
  if not make then return nil, "bash, zsh or fish expected" end
  io.stdout:write(make())
  return 0
end

return completion
