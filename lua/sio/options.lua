-- SPDX-License-Identifier: MIT
-- The options of sio.server{} and sio.engine{}: which there are, and the table that the core takes.
--
-- Each module of lua/sio/options/ is a group: `known`, its table of options (see check.lua), and
-- perhaps `flatten(result)`, which turns nested ones into the flat fields of core.server_new, and
-- `nested`, what these know. Only options that do something are listed; the result is in seconds
-- and bytes. tools/options.lua compares all this with the guide and the types.

local check = require "sio.options.check"
local cluster = require "sio.options.cluster"
local compression = require "sio.options.compression"
local engine = require "sio.options.engine"
local errors = require "sio.error"
local handlers = require "sio.options.handlers"
local hooks = require "sio.options.hooks"
local http = require "sio.options.http"
local limits = require "sio.options.limits"
local parser = require "sio.options.parser"
local proxy = require "sio.options.proxy"
local socket = require "sio.options.socket"
local tls = require "sio.options.tls"

local options = {}

local engine_groups = { engine, cluster, hooks, http, proxy, limits, compression, tls, handlers }
local server_groups = {
  engine, cluster, hooks, http, proxy, limits, compression, socket, parser, tls, handlers,
}

local function check_groups(method, given, groups)
  local known, nested = {}, {}
  if given == nil then given = {} end
  if type(given) ~= "table" then
    errors.raise("bad argument #1 to '%s' (table of options expected, got %s)%s", method,
      type(given), type(given) == "number" and "; a port is for listen" or "")
  end
  for _, group in ipairs(groups) do
    for name, option in pairs(group.known) do known[name] = option end
    for name, fields in pairs(group.nested or {}) do nested[name] = fields end
  end
  local result = check.with_defaults(given, known, "", nested)
  for _, group in ipairs(groups) do
    if group.flatten then group.flatten(result) end
  end
  return result
end

--- The option that is meant by exactly this word, in JavaScript's spelling too; nil: none.
---@param word any
---@return string?
function options.named(word)
  local name = type(word) == "string" and errors.snake(word)
  for _, group in ipairs(server_groups) do
    if group.known[name] then return name end
  end
end

--- The checked options of sio.server, with defaults. Raises for what is wrong.
---@param given? sio.Options
---@return table
function options.server(given)
  return check_groups("sio.server", given, server_groups)
end

--- The checked options of sio.engine, with defaults.
---@param given? sio.EngineOptions
---@return table
function options.engine(given)
  local result = check_groups("sio.engine", given, engine_groups)
  result.engine_only = true
  return result
end

return options
