-- SPDX-License-Identifier: MIT
-- Where a server listens: what the command line says wins, then what systemd has opened, then the
-- app. Of several servers the first two mean the one that listens first.
--
-- Pure, but for asking once what systemd has opened. Stands on sio.address; sio.cli.sockets opens
-- what it answers.

local address = require "sio.address"
local host = require "sio.host"
local listener = require "sio.listener"

local PORT_MAX = 65535

---@class sio.cli.Addresses
---@field wanted? sio.Address[] instead of the app's
---@field port? integer instead of that of the first TCP address
---@field host? string the same
---@field apart? boolean each worker has its own
local Addresses = {}
Addresses.__index = Addresses
Addresses.__name = "sio.cli.Addresses"

-- The addresses as --port and --host change them.
local function changed(self, declared)
  if not self.port and not self.host then return declared end
  local list = {}
  for i, each in ipairs(declared) do list[i] = each end
  for i, each in ipairs(list) do
    if not each.unix and not each.fd then
      list[i] = { host = self.host or each.host, port = self.port or each.port }
      return list
    end
  end
  return { { host = self.host, port = self.port } }
end

-- Those of one worker: its port is as far from the first as its number. nil and why that makes no
-- sense.
local function own(list, worker)
  local result = {}
  for i, each in ipairs(list) do
    if each.unix or each.fd then
      return nil, ("--port-per-worker: %s has no port"):format(address.text(each))
    end
    local port, err = host.port_of(each)
    if not port then return nil, err end
    if port > 0 then port = port + worker - 1 end -- 0: each gets any
    if port > PORT_MAX then
      return nil, ("--port-per-worker: there is no port %d for worker %d"):format(port, worker)
    end
    result[i] = { host = each.host, port = port }
  end
  return result
end

--- The addresses of a server in a worker; nil and one sentence.
---@param declared sio.Address[] by the app
---@param first boolean it listens first
---@param worker integer
---@return sio.Address[]?
---@return string? err
function Addresses:of(declared, first, worker)
  if not first then return declared end
  local list = changed(self, self.wanted or declared)
  if not self.apart then return list end
  return own(list, worker)
end

local function text_of(each)
  if each.unix or each.fd then return address.text(each) end
  local port, err = host.port_of(each)
  return port and address.text { host = each.host, port = port }, err
end

--- The same for people; nil and one sentence.
---@param declared sio.Address[]
---@param first boolean
---@param workers integer how many there will be
---@return string?
---@return string? err
function Addresses:describe(declared, first, workers)
  local list, err = self:of(declared, first, 1)
  local last
  if list then last, err = self:of(declared, first, workers) end
  if not last then return nil, err end
  local places = {}
  for i, each in ipairs(list) do
    places[i], err = text_of(each)
    if not places[i] then return nil, err end
    if last[i].port ~= each.port then places[i] = places[i] .. " to " .. last[i].port end
  end
  return table.concat(places, ", ")
end

local addresses = {}

---@param asked sio.cli.Options
---@return sio.cli.Addresses
function addresses.new(asked)
  local wanted = asked.bind
  if not wanted and not asked.port and not asked.host then wanted = listener.activated() end
  return setmetatable({
    wanted = wanted, port = asked.port, host = asked.host, apart = asked.port_per_worker,
  }, Addresses)
end

return addresses
