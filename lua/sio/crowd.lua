-- SPDX-License-Identifier: MIT
-- What a Broadcast can ask about its sockets, and have all of them do, on every worker.
--
--     app:to("room"):count()
--     app:to("room"):except(socket.id):sockets_join("other room")
--
-- Adds its methods to those of broadcast.lua, so namespaces and the server have them as well.
-- Stands on core.nsp_ask, which waits, and core.nsp_change, which does not. Both are in the order
-- of the emits: what was joined before a question or an emit is seen by it, on every worker.

local broadcast = require "sio.broadcast"
local core = require "sio.core"
local operator = require "sio.operator"
local remote = require "sio.remote"

---@class sio.Broadcast
local Broadcast = broadcast.methods

local function ask(self, what)
  local nsp, rooms, except, flags, seconds = broadcast.fields(self)
  return core.nsp_ask(nsp, rooms, except, flags, seconds, what)
end

--- How many sockets are meant. err: "timeout", "missing 1 of 4 workers"; then the number is that of
--- the others. "closed" and nil when the server is closing.
---@async
---@return integer?, string? err
function Broadcast:count()
  return ask(self, "count")
end

--- The rooms that they are in, with how many of them are in each. A socket's own id is none.
---@async
---@return table<string, integer>?, string? err as for count
function Broadcast:rooms()
  return ask(self, "rooms")
end

--- The sockets that are meant: this worker's as they are, those of others as they were.
---@async
---@return (sio.Socket|sio.RemoteSocket)[]?, string? err as for count
function Broadcast:fetch_sockets()
  local sockets, err = ask(self, "fetch_sockets")
  for i, found in ipairs(sockets or {}) do
    if type(found) == "string" then sockets[i] = remote.new((broadcast.fields(self)), found) end
  end
  return sockets, err
end

local function change(self, what, rooms)
  local nsp, selected, except, flags = broadcast.fields(self)
  return core.nsp_change(nsp, selected, except, flags, what, rooms)
end

--- Makes all of them join a room or several.
---@param rooms string|string[]
---@return true?, string? err a limit is reached, or the server is closed
function Broadcast:sockets_join(rooms, ...)
  return change(self, "join", operator.with_rooms(nil, "sockets_join", rooms, ...))
end

---@param rooms string|string[]
---@return true?, string?
function Broadcast:sockets_leave(rooms, ...)
  return change(self, "leave", operator.with_rooms(nil, "sockets_leave", rooms, ...))
end

--- Ends their membership in the namespace; with `close` their clients' whole connections.
---@param close? boolean
---@return true?, string?
function Broadcast:disconnect_sockets(close)
  return change(self, close and "close" or "disconnect")
end

return Broadcast
