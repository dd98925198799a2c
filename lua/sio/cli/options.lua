-- SPDX-License-Identifier: MIT
-- The command line of sio-lua: what was asked for, or one sentence about what is wrong with it.
--
-- Pure: no system calls, so that the specs can try everything. Which options there are is in
-- sio.cli.flags; sio.cli calls parse().

local address = require "sio.address"
local arguments = require "sio.cli.arguments"
local flags = require "sio.cli.flags"

local options = {}

---@class sio.cli.Options
---@field file? string
---@field config? string
---@field workers? integer|"auto"
---@field port? integer
---@field host? string
---@field port_per_worker? boolean
---@field bind? sio.Address[]
---@field balance? string
---@field journal_size? integer bytes
---@field drain? number seconds
---@field suspect_after? number seconds
---@field heartbeat_timeout? number seconds
---@field max_memory? integer bytes
---@field pidfile? string
---@field metrics? sio.Address
---@field log_level? string
---@field log_format? "auto"|"text"|"json"
---@field check? boolean
---@field watch? string|true a folder, or the application's
---@field version? boolean
---@field help? boolean
---@field server? table defaults for sio.server{}; only in sio.conf.lua
---@field trial? boolean a check that says nothing when all is well

-- What each worker has for itself must be a port, and nobody else chooses the worker then.
local function check_apart(result)
  if result.balance then
    return nil, "--port-per-worker: who connects chooses the worker, --balance cannot"
  end
  for _, each in ipairs(result.bind or {}) do
    if each.unix or each.fd then
      return nil, ("--port-per-worker: %s has no port"):format(address.text(each))
    end
  end
  return true
end

local function check_together(result)
  if result.check and result.watch then return nil, "--check ends, --watch stays: one of both" end
  if result.port_per_worker then
    local ok, err = check_apart(result)
    if not ok then return nil, err end
  end
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
  local result, err = arguments.parse(flags, args)
  if not result then return nil, err end
  if result[2] then return nil, ('one file expected, got "%s" as well'):format(result[2]) end
  result.file, result[1] = result[1], nil
  return check_together(result)
end

return options
