-- SPDX-License-Identifier: MIT
-- What stands where JavaScript has something that there is not here: it says what to do instead.
--
-- Stands on error.lua; the modules that call people's functions, or hand out plain tables, call it.
-- Invariant: who does not slip never sees any of it.

local errors = require "sio.error"

local slip = {}

--- Behind the arguments of a middleware, for `next`.
function slip.next()
  errors.raise "next: there is none: return, and it goes on; `return nil, err` refuses"
end

--- Behind the request of an HTTP handler, for `res`.
slip.response = setmetatable({}, {
  __index = function(_, name)
    errors.raise("res.%s: there is no response object: return body, status, headers", name)
  end,
})

-- A metatable for plain tables that are a Set or a Map in JavaScript.
local function hints(names, text)
  local known = {}
  for name in names:gmatch "%S+" do known[name] = true end
  return {
    __index = function(_, name)
      if known[name] then errors.raise("%s: %s", name, text) end
    end,
  }
end

local rooms_mt = hints("has size forEach values",
  "rooms is a list, not a Set: #socket.rooms, ipairs(socket.rooms)")

--- The list, for socket.rooms.
---@param list string[]
---@return string[]
function slip.rooms(list)
  return setmetatable(list, rooms_mt)
end

local sockets_mt = hints("get has size forEach values sockets emit to except on use",
  "sockets is a table by id, of this worker's; what is for everybody is the namespace's own: "
  .. "app:emit(...)")

--- The table, for nsp.sockets.
---@param sockets table<string, sio.Socket>
---@return table<string, sio.Socket>
function slip.sockets(sockets)
  return setmetatable(sockets, sockets_mt)
end

--- The metatable of require "sio".
slip.module_mt = hints("Server", "sio.server { ... } makes one")

return slip
