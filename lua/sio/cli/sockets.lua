-- SPDX-License-Identifier: MIT
-- The listening sockets of a supervisor: who says which there are, opening them once, closing them
-- at the end. Workers come and go and get them again each time.
--
-- What the command line says wins, then what systemd has opened, then the app; of several servers
-- both mean the one that listens first. With --port-per-worker that one has sockets for each
-- worker, by its number, which a replacement gets again; all others are for all workers.
--
-- Stands on sio.listener; sio.cli.supervisor calls it.

local address = require "sio.address"
local banner = require "sio.banner"
local host = require "sio.host"
local listener = require "sio.listener"
local values = require "sio.cli.values"

local PORT_MAX = 65535

local SHARED = 0 -- instead of a worker's number

---@class sio.cli.Sockets.Server
---@field lists table<integer, sio.Listener[]> by the worker's number, or SHARED
---@field secure boolean
---@field apart boolean each worker has its own

---@class sio.cli.Sockets
---@field servers table<integer, sio.cli.Sockets.Server> by number, once open
---@field order integer[] their numbers, as they were opened
---@field wanted? sio.Address[] instead of the app's
---@field port? integer instead of that of the first TCP address
---@field host? string the same
---@field apart? boolean with --port-per-worker
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
    apart = asked.port_per_worker,
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

-- The addresses of one worker: its port is as far from the first as its number. nil and why that
-- makes no sense.
local function apart(list, worker)
  local own = {}
  for i, each in ipairs(list) do
    if each.unix or each.fd then
      return nil, ("--port-per-worker: %s has no port"):format(address.text(each))
    end
    local port = each.port or host.default_port()
    if port > 0 then port = port + worker - 1 end -- 0: each gets any
    if port > PORT_MAX then
      return nil, ("--port-per-worker: there is no port %d for worker %d"):format(port, worker)
    end
    own[i] = { host = each.host, port = port }
  end
  return own
end

-- The command line and systemd mean the server that listens first.
local function planned(self, declared, first, worker)
  if not first then return declared end
  local list = changed(self, self.wanted or declared)
  if not self.apart then return list end
  return apart(list, worker)
end

local function text_of(each)
  return address.text { host = each.host, port = each.port or host.default_port(),
    unix = each.unix, fd = each.fd }
end

--- What open() will open, for people; nil and one sentence.
---@param declared sio.Address[] by the app
---@param first boolean the first server's
---@param workers integer
---@return string?
---@return string? err
function Sockets:describe(declared, first, workers)
  local list, err = planned(self, declared, first, 1)
  local ends = list
  if list and self.apart and first then ends, err = planned(self, declared, first, workers) end
  if not ends then return nil, err end
  local places = {}
  for i, each in ipairs(list) do
    places[i] = text_of(each)
    local port = ends[i].port
    if port and port ~= each.port then places[i] = places[i] .. " to " .. port end
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

--- Opens those of a server, the first time; nil and one sentence. Behind that, whether they are
--- this worker's alone.
---@param number integer the server's
---@param declared sio.Address[] by the app
---@param secure boolean with TLS
---@param worker integer its number
---@return sio.Listener[]?
---@return string? err
---@return boolean apart
function Sockets:open(number, declared, secure, worker)
  local first = #self.order == 0 or self.order[1] == number
  local own = first and self.apart or false
  local server = self.servers[number] or { lists = {}, secure = secure, apart = own }
  local key = own and worker or SHARED
  local list = server.lists[key]
  if list then return list, nil, own end
  local err
  list, err = planned(self, declared, first, worker)
  if list then list, err = open_list(self, list) end
  if not list then return nil, err, own end
  server.lists[key] = list
  if not self.servers[number] then table.insert(self.order, number) end
  self.servers[number] = server
  return list, nil, own
end

--- Where they can be reached, for the banner.
---@return string[]
function Sockets:places()
  local places = {}
  for _, number in ipairs(self.order) do
    local server = self.servers[number]
    for worker = SHARED, values.workers_max do
      local more = banner.places(server.lists[worker] or {}, server.secure)
      table.move(more, 1, #more, #places + 1, places)
    end
  end
  return places
end

local function close_list(list)
  for _, opened in ipairs(list) do listener.close(opened) end
end

--- Closes those of workers that are not wanted any more: nobody waits in vain there.
---@param workers integer how many are
function Sockets:keep(workers)
  for _, server in pairs(self.servers) do
    for worker, list in pairs(server.lists) do
      if worker > workers then
        close_list(list)
        server.lists[worker] = nil
      end
    end
  end
end

--- Closes those of one server; the next that asks under its number opens its own.
---@param number integer
function Sockets:close_server(number)
  local server = self.servers[number]
  if not server then return end
  for _, list in pairs(server.lists) do close_list(list) end
  self.servers[number] = nil
  for i, each in ipairs(self.order) do
    if each == number then return table.remove(self.order, i) end
  end
end

function Sockets:close()
  for _, opened in pairs(self.inherited) do listener.close(opened) end
  for _, server in pairs(self.servers) do
    for _, list in pairs(server.lists) do close_list(list) end
  end
  self.servers, self.order, self.inherited = {}, {}, {}
end

return { new = new }
