-- SPDX-License-Identifier: MIT
-- sio.conf.lua: what the options of the command say, as a file that returns a table. Checks it and
-- turns it into what the command line would have given; paths in it are relative to it.
--
-- Stands on sio.cli.flags, whose rows are its keys, and on the server's own checks for `server`. It
-- runs in a child (sio.cli.reader), for the file is code and may do anything.

local address = require "sio.address"
local core = require "sio.core"
local flags = require "sio.cli.flags"
local server_options = require "sio.options"
local suggest = require "sio.suggest"
local values = require "sio.cli.values"

local conf = {}

-- What may stand in the file, by key; tables of them for nested ones.
local keys = {
  app = { field = "file", take = values.file, path = "file" },
  server = { field = "server" },
}
for _, flag in ipairs(flags.list) do
  if flag.conf ~= false then
    local outer, inner = (flag.conf_name or flag.field):match "^(%w+)%.?(%w*)$"
    if not outer then outer, inner = flag.field, "" end
    if inner == "" then
      keys[outer] = flag
    else
      keys[outer] = keys[outer] or { nested = {} }
      keys[outer].nested[inner] = flag
    end
  end
end

-- ---- values -------------------------------------------------------------------------------------

local function resolve(folder, path)
  return path:sub(1, 1) == "/" and path or (folder == "/" and "" or folder) .. "/" .. path
end

-- A number is what its digits would be on the command line.
local function text_of(value)
  if math.type(value) == "integer" then return ("%d"):format(value) end
  if type(value) == "number" then return ("%.14g"):format(value) end
  return type(value) == "string" and value or nil
end

local function shown(value)
  local text = text_of(value)
  return text and '"' .. text .. '"' or type(value)
end

local function with_path(folder, key, value)
  if key.path then return resolve(folder, value) end
  if type(value) == "table" and value.unix then value.unix = resolve(folder, value.unix) end
  return value
end

local function take_list(folder, key, given)
  local list, expected = address.list(given)
  if not list then return nil, expected or address.expected .. ", or a list of these" end
  for i, each in ipairs(list) do list[i] = with_path(folder, key, each) end
  return list
end

local function take(folder, key, given)
  if key.repeats then return take_list(folder, key, given) end
  if not key.take then
    if type(given) == "boolean" then return given end
    return nil, "true or false"
  end
  local text = text_of(given)
  if not text then return nil, select(2, key.take "") end
  local value, expected = key.take(text)
  if value == nil then return nil, expected end
  return with_path(folder, key, value)
end

-- ---- the table `server` -------------------------------------------------------------------------

-- A copy; raises for what only code can be.
local function copy(given, name)
  if type(given) == "function" or type(given) == "userdata" then
    error(("%s: a %s is for the application to say"):format(name, type(given)), 0)
  end
  if type(given) ~= "table" then return given end
  local result = {}
  for field, value in pairs(given) do result[field] = copy(value, name .. "." .. field) end
  return result
end

local function with_certificates(folder, tls)
  for _, name in ipairs { "cert", "key", "ca" } do
    local value = tls[name]
    if type(value) == "string" and not value:find("-----BEGIN ", 1, true) then
      tls[name] = resolve(folder, value)
    end
  end
end

-- Checked as sio.server{} will check it, so that what is wrong is said with this file's name. In a
-- coroutine of its own a check has no caller whose line it could name.
local function take_server(folder, given)
  if type(given) ~= "table" then return nil, "server: a table expected, got " .. type(given) end
  local fits, result = pcall(copy, given, "server")
  if not fits then return nil, result end
  local valid, err = coroutine.resume(coroutine.create(server_options.server),
    copy(given, "server"))
  if not valid then
    local option = err:match "option '([%w_.]+)'"
    return nil, "server: " .. err, option and option:match "[^.]+$"
  end
  if type(result.tls) == "table" then with_certificates(folder, result.tls) end
  return result
end

-- ---- the file -----------------------------------------------------------------------------------

local function unknown(name, known, prefix)
  local near = type(name) == "string" and suggest.nearest(name, known)
  return nil, ("unknown key '%s%s'%s"):format(prefix, tostring(name),
    near and (" (did you mean '%s%s'?)"):format(prefix, near) or ""), name
end

local check

-- What a key's value means, written to the result.
local function check_key(folder, key, name, value, result)
  if key.nested then
    if type(value) == "table" then return check(folder, value, key.nested, name .. ".", result) end
    return nil, ("%s: a table expected, got %s"):format(name, type(value)), name
  end
  local taken, problem, where
  if key.field == "server" then
    taken, problem, where = take_server(folder, value)
    if not taken then return nil, problem, where or name end
  else
    taken, problem = take(folder, key, value)
    if taken == nil then
      return nil, ("%s: expected %s, got %s"):format(key.conf_name or name, problem, shown(value)),
        name
    end
  end
  result[key.field] = taken
  return result
end

function check(folder, given, known, prefix, result)
  for name, value in pairs(given) do
    local key = known[name]
    if not key then return unknown(name, known, prefix) end
    local ok, err, where = check_key(folder, key, name, value, result)
    if not ok then return nil, err, where end
  end
  return result
end

--- The options that a configuration means; nil, what is wrong, and the key where it is.
---@param given any what the file has returned
---@param folder string of the file, absolute
---@return sio.cli.Options?
---@return string? err
---@return string? key
function conf.check(given, folder)
  if type(given) ~= "table" then
    return nil, "a table expected, it returned " .. (given == nil and "nothing" or type(given))
  end
  local result, err, where = check(folder, given, keys, "", {})
  if not result then return nil, err, where end
  if result.bind and (result.port or result.host) then
    return nil, "bind says where to listen, port and host cannot change it", "bind"
  end
  if result.port_per_worker and result.balance then
    return nil, "port_per_worker: who connects chooses the worker, balance cannot", "balance"
  end
  return result
end

-- The line of the only assignment to a name; Lua does not keep it for a table's fields.
local function line_of(text, name)
  local at, found = 0, nil
  local plain = "%f[%w_]" .. tostring(name):gsub("%W", "%%%0") .. "%s*=%f[^=]"
  for line in (text .. "\n"):gmatch "([^\n]*)\n" do
    at = at + 1
    if line:gsub("%-%-.*", ""):find(plain) then
      if found then return nil end
      found = at
    end
  end
  return found
end

--- Runs a file; the options that it means, or nil and one sentence with its name.
---@param file string
---@return sio.cli.Options?
---@return string? err
function conf.load(file)
  local opened, err = io.open(file)
  local text = opened and opened:read "a"
  if opened then opened:close() end
  if not text then return nil, ("cannot read %s"):format(err or file) end
  local chunk, problem = load(text, "@" .. file, "t")
  if not chunk then
    return nil, problem:find(file, 1, true) and problem or file .. ": " .. problem
  end
  local ran, given = pcall(chunk)
  if not ran then
    return nil, type(given) == "string" and given or file .. ": an error that is no text"
  end
  local folder = core.process.realpath(file:match "^(.*)/[^/]*$" or ".") or "/"
  local result, wrong, key = conf.check(given, folder)
  if result then return result end
  local line = key ~= nil and line_of(text, key)
  return nil, ("%s:%s %s"):format(file, line and line .. ":" or "", wrong)
end

return conf
