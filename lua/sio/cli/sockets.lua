-- SPDX-License-Identifier: MIT
-- The listening sockets of a supervisor: who says which there are, opening them once, closing them
-- at the end. Workers come and go and get them again each time.
--
-- What the command line says wins, then what systemd has opened, then the app; of several servers
-- both mean the one that listens first. Stands on sio.listener; sio.cli.supervisor calls it.

local address = require "sio.address"
local banner = require "sio.banner"
local host = require "sio.host"
local listener = require "sio.listener"

---@class sio.cli.Sockets
---@field servers table<integer, { list: sio.Listener[], secure: boolean }> by number, once open
---@field order integer[] their numbers, as they were opened
---@field wanted? sio.Address[] instead of the app's
---@field port? integer instead of that of the first TCP address
---@field host? string the same
local Sockets = {}
Sockets.__index = Sockets
Sockets.__name = "sio.cli.Sockets"

-- Inherited ones are taken before the first worker starts, or it would inherit them as well.
local function take_inherited(self)
  for _, asked in ipairs(self.wanted or {}) do
    if asked.fd then
      local opened, err = listener.open(asked)
      if not opened then return nil, err end
      self.inherited[asked.fd] = opened
    end
  end
  return true
end

---@param asked sio.cli.Options
---@return sio.cli.Sockets?
---@return string? err
local function new(asked)
  local wanted = asked.bind
  if not wanted and not asked.port and not asked.host then wanted = listener.activated() end
  local self = setmetatable({
    servers = {}, order = {}, inherited = {}, wanted = wanted, port = asked.port, host = asked.host,
  }, Sockets)
  local taken, err = take_inherited(self)
  if not taken then
    self:close()
    return nil, err
  end
  return self
end

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
  return { { host = self.host, port = self.port or host.default_port() } }
end

-- The command line and systemd mean the server that listens first.
local function planned(self, declared, first)
  if not first then return declared end
  return changed(self, self.wanted or declared)
end

--- What open() will open, for people.
---@param declared sio.Address[] by the app
---@param first boolean the first server's
---@return string
function Sockets:describe(declared, first)
  local places = {}
  for i, each in ipairs(planned(self, declared, first)) do
    places[i] = address.text { host = each.host, port = each.port or host.default_port(),
      unix = each.unix, fd = each.fd }
  end
  return table.concat(places, ", ")
end

-- All of a list, or none.
local function open_list(self, list)
  local opened = {}
  for i, asked in ipairs(list) do
    local found, err = self.inherited[asked.fd], nil
    if not found then found, err = listener.open(asked) end
    if not found then
      for _, each in ipairs(opened) do listener.close(each) end
      return nil, err
    end
    opened[i] = found
  end
  return opened
end

--- Opens those of a server, the first time; nil and one sentence.
---@param server integer its number
---@param declared sio.Address[] by the app
---@param secure boolean with TLS
---@return sio.Listener[]?
---@return string? err
function Sockets:open(server, declared, secure)
  local known = self.servers[server]
  if known then return known.list end
  local list, err = open_list(self, planned(self, declared, #self.order == 0))
  if not list then return nil, err end
  self.servers[server] = { list = list, secure = secure }
  table.insert(self.order, server)
  return list
end

--- Where they can be reached, for the banner.
---@return string[]
function Sockets:places()
  local places = {}
  for _, number in ipairs(self.order) do
    local server = self.servers[number]
    local more = banner.places(server.list, server.secure)
    table.move(more, 1, #more, #places + 1, places)
  end
  return places
end

--- Closes those of one server; the next that asks under its number opens its own.
---@param number integer
function Sockets:close_server(number)
  local server = self.servers[number]
  if not server then return end
  for _, opened in ipairs(server.list) do listener.close(opened) end
  self.servers[number] = nil
  for i, each in ipairs(self.order) do
    if each == number then return table.remove(self.order, i) end
  end
end

function Sockets:close()
  for _, opened in pairs(self.inherited) do listener.close(opened) end
  for _, server in pairs(self.servers) do
    for _, opened in ipairs(server.list) do listener.close(opened) end
  end
  self.servers, self.order, self.inherited = {}, {}, {}
end

return { new = new }
