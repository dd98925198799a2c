-- SPDX-License-Identifier: MIT
-- The listening sockets of a supervisor: who says which there are, opening them once, closing them
-- at the end. Workers come and go and get them again each time.
--
-- What the command line says wins, then what systemd has opened, then the app. Stands on
-- sio.listener; sio.cli.supervisor calls it.

local address = require "sio.address"
local host = require "sio.host"
local listener = require "sio.listener"

---@class sio.cli.Sockets
---@field list sio.Listener[] once they are open
---@field wanted? sio.Address[] instead of the app's
---@field port? integer instead of that of the app's first TCP address
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
    list = {}, inherited = {}, wanted = wanted, port = asked.port, host = asked.host,
  }, Sockets)
  local taken, err = take_inherited(self)
  if not taken then
    self:close()
    return nil, err
  end
  return self
end

-- The app's addresses as --port and --host change them.
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

local function planned(self, declared)
  return self.wanted or changed(self, declared)
end

--- What open() will open, for people.
---@param declared sio.Address[] by the app
---@return string
function Sockets:describe(declared)
  local places = {}
  for i, each in ipairs(planned(self, declared)) do
    places[i] = address.text { host = each.host, port = each.port or host.default_port(),
      unix = each.unix, fd = each.fd }
  end
  return table.concat(places, ", ")
end

--- Opens them, the first time; nil and one sentence.
---@param declared sio.Address[] by the app
---@return sio.Listener[]?
---@return string? err
function Sockets:open(declared)
  if #self.list > 0 then return self.list end
  for i, asked in ipairs(planned(self, declared)) do
    local opened, err = self.inherited[asked.fd], nil
    if not opened then opened, err = listener.open(asked) end
    if not opened then return nil, err end
    self.list[i] = opened
  end
  return self.list
end

function Sockets:close()
  for _, opened in pairs(self.inherited) do listener.close(opened) end
  for _, opened in ipairs(self.list) do listener.close(opened) end
  self.list, self.inherited = {}, {}
end

return { new = new }
