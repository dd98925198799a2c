-- SPDX-License-Identifier: MIT
-- The listening sockets of a supervisor: who says which there are, opening them once, closing them
-- at the end. Workers come and go and get them again each time, also those of a changed app: what
-- it still asks for is the same socket, whatever its servers are called.
--
-- What the command line says wins, then what systemd has opened, then the app; of several servers
-- both mean the one that listens first. With --port-per-worker that one has sockets for each
-- worker, by its number, which a replacement gets again; all others are for all workers. Stands on
-- sio.cli.addresses and sio.listener; sio.cli.declaration calls it.

local addresses = require "sio.cli.addresses"
local banner = require "sio.banner"
local listener = require "sio.listener"

---@class sio.cli.Socket
---@field asked sio.Address
---@field listener sio.Listener
---@field server integer the number of the server that it was opened for
---@field worker? integer the number of the worker whose own it is
---@field secure boolean with TLS
---@field holders table<sio.cli.Member, integer> who has got it, and for which server

---@class sio.cli.Sockets
---@field list sio.cli.Socket[] in the order in which they were opened
---@field addresses sio.cli.Addresses
---@field first? integer the server that listens first
---@field inherited table<integer, sio.Listener> by descriptor
local Sockets = {}
Sockets.__index = Sockets
Sockets.__name = "sio.cli.Sockets"

-- Inherited ones are taken before the first worker starts, or it would inherit them as well.
local function take_inherited(self)
  for _, asked in ipairs(self.addresses.wanted or {}) do
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
  local self = setmetatable({
    list = {}, inherited = {}, addresses = addresses.new(asked),
  }, Sockets)
  local taken, err = take_inherited(self)
  if not taken then
    self:close()
    return nil, err
  end
  return self
end

--- What open() will open for the server that listens first, or another one, for people.
---@param declared sio.Address[] by the app
---@param first boolean
---@param workers integer how many there will be
---@return string?
---@return string? err
function Sockets:describe(declared, first, workers)
  return self.addresses:describe(declared, first, workers)
end

local function same_address(a, b)
  return a.host == b.host and a.port == b.port and a.unix == b.unix and a.fd == b.fd
end

-- One that was opened for this address, and that no other server of that worker has: rather that
-- of the same server, for addresses that say no port.
local function find(self, request, asked, taken)
  local found
  for _, socket in ipairs(self.list) do
    local holder = socket.holders[request.member]
    if same_address(socket.asked, asked) and socket.worker == request.worker
        and (holder == nil or holder == request.server) and not taken[socket] then
      if socket.server == request.server then return socket end
      found = found or socket
    end
  end
  return found
end

local function open_one(self, request, asked)
  local found = self.inherited[asked.fd]
  if not found then
    local err
    found, err = listener.open(asked)
    if not found then return nil, err end
  end
  return {
    asked = asked, listener = found, server = request.server, worker = request.worker,
    holders = {},
  }
end

-- All of a list, or none; and those that had to be opened.
local function gather(self, request, wanted)
  local list, opened, taken = {}, {}, {}
  for i, asked in ipairs(wanted) do
    local socket = find(self, request, asked, taken)
    if not socket then
      local err
      socket, err = open_one(self, request, asked)
      if not socket then
        for _, each in ipairs(opened) do listener.close(each.listener) end
        return nil, err
      end
      table.insert(opened, socket)
    end
    list[i], taken[socket] = socket, true
  end
  return list, opened
end

--- The sockets for a server of a worker, opened by the first worker that asks for such addresses;
--- nil and one sentence. Behind that, whether they are this worker's alone.
---@param member sio.cli.Member
---@param server integer its number
---@param declared sio.Address[] by the app
---@param secure boolean with TLS
---@return sio.Listener[]?
---@return string? err
---@return boolean apart
function Sockets:open(member, server, declared, secure)
  self.first = self.first or server
  local first = server == self.first
  local apart = first and self.addresses.apart or false
  local request = { member = member, server = server, worker = apart and member.number or nil }
  local wanted, err = self.addresses:of(declared, first, member.number)
  if not wanted then return nil, err, apart end
  local list, opened = gather(self, request, wanted)
  if not list then return nil, opened, apart end
  table.move(opened, 1, #opened, #self.list + 1, self.list)
  local listeners = {}
  for i, socket in ipairs(list) do
    socket.holders[member], socket.secure = server, secure
    listeners[i] = socket.listener
  end
  return listeners, nil, apart
end

-- As people expect them: as they were opened, but the workers' own by number.
local function in_order(self)
  local list, rank = {}, {}
  for i, socket in ipairs(self.list) do
    list[i], rank[socket] = socket, i
  end
  table.sort(list, function(a, b)
    if a.worker and b.worker and a.worker ~= b.worker then return a.worker < b.worker end
    if (a.worker == nil) ~= (b.worker == nil) then return a.worker ~= nil end
    return rank[a] < rank[b]
  end)
  return list
end

--- Where they can be reached, for the banner.
---@return string[]
function Sockets:places()
  local places = {}
  for i, socket in ipairs(in_order(self)) do
    places[i] = banner.places({ socket.listener }, socket.secure)[1]
  end
  return places
end

-- Closes those that `is_left` says nobody wants.
local function close_left(self, is_left)
  local kept = {}
  for _, socket in ipairs(self.list) do
    if is_left(socket) then listener.close(socket.listener) else kept[#kept + 1] = socket end
  end
  self.list = kept
  if #kept == 0 then self.first = nil end
end

--- A worker has closed a server. What nobody has any more is closed: connections would wait there
--- for ever.
---@param member sio.cli.Member
---@param server integer
function Sockets:release(member, server)
  close_left(self, function(socket)
    if socket.holders[member] ~= server then return false end
    socket.holders[member] = nil
    return next(socket.holders) == nil
  end)
end

--- A worker is gone. It has closed nothing: its successor gets the sockets again.
---@param member sio.cli.Member
function Sockets:forget(member)
  for _, socket in ipairs(self.list) do socket.holders[member] = nil end
end

--- The app is another one: which of its servers listens first, the next worker says.
function Sockets:begin_anew()
  self.first = nil
end

--- Closes what no worker has asked for; those that were inherited could not be opened again.
function Sockets:close_unused()
  close_left(self, function(socket)
    return next(socket.holders) == nil and not self.inherited[socket.asked.fd]
  end)
end

--- Closes those of workers that are not wanted any more: nobody waits in vain there.
---@param workers integer how many are
function Sockets:keep(workers)
  close_left(self, function(socket) return (socket.worker or 0) > workers end)
end

function Sockets:close()
  for _, opened in pairs(self.inherited) do listener.close(opened) end
  for _, socket in ipairs(self.list) do listener.close(socket.listener) end
  self.list, self.inherited = {}, {}
end

return { new = new }
