-- SPDX-License-Identifier: MIT
-- A socket of another worker, as fetch_sockets found it: what was known of it then, and a broadcast
-- to the room of its id for what is to become of it.
--
-- Stands on core.remote_*, which read its bytes when somebody looks.

local broadcast = require "sio.broadcast"
local core = require "sio.core"

local remote = {}

---@class sio.RemoteSocket
---@field id string
---@field nsp sio.Namespace
---@field rooms string[] its own id first; as they were
---@field data any as it was; changing it changes nothing
---@field handshake sio.Handshake
local RemoteSocket = {}

local properties = {
  rooms = core.remote_rooms,
  data = core.remote_data,
  handshake = core.remote_handshake,
}

local remote_mt = {
  __name = "sio.RemoteSocket",
  __index = function(self, name)
    local method = RemoteSocket[name]
    if method then return method end
    local property = properties[name]
    if not property then return nil end
    local value = property(rawget(self, "_bytes"))
    rawset(self, name, value)
    return value
  end,
  __tostring = function(self) return "sio.RemoteSocket: " .. self.id end,
}

local function room(self)
  return broadcast.all(self.nsp):to(self.id)
end

--- Sends an event to this client.
---@param event string
---@param ... any
---@return true?, string?
function RemoteSocket:emit(event, ...)
  return room(self):emit(event, ...)
end

--- Joins a room or several.
---@param rooms string|string[]
---@return true?, string?
function RemoteSocket:join(rooms)
  return room(self):sockets_join(rooms)
end

---@param rooms string|string[]
---@return true?, string?
function RemoteSocket:leave(rooms)
  return room(self):sockets_leave(rooms)
end

--- Ends the membership in this namespace; with `close` the client's whole connection.
---@param close? boolean
---@return sio.RemoteSocket
function RemoteSocket:disconnect(close)
  room(self):disconnect_sockets(close)
  return self
end

--- For broadcast.lua.
---@param nsp sio.Namespace
---@param bytes string
---@return sio.RemoteSocket
function remote.new(nsp, bytes)
  return setmetatable({ id = core.remote_id(bytes), nsp = nsp, _bytes = bytes }, remote_mt)
end

return remote
