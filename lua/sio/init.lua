-- SPDX-License-Identifier: MIT
-- require "sio": the functions people call, nothing else.
--
-- Stands on sio.core (C) and the modules beside it, which are loaded here and each say what they
-- are. Programmer errors raise; what can fail at run time returns nil and why. Times are seconds.

local core = require "sio.core"
local errors = require "sio.error"
local log = require "sio.log"
local server = require "sio.server"
local slip = require "sio.slip"
local engine = require "sio.engine"
local listening = require "sio.listening"

---@class sio
---@field null lightuserdata a client's null
---@field json sio.json
---@field log sio.Log
local sio = {
  _VERSION = core.version,
  null = core.null,
  log = log,
}

--- Makes a Socket.IO server. Each worker makes the same ones, in the same order.
---
---     local app = sio.server { connection_state_recovery = true }
---
---@param options? sio.Options
---@return sio.Server
function sio.server(options)
  return server.new(options)
end

--- Makes an Engine.IO server without Socket.IO on top: sessions and messages.
---
---     sio.engine():on("connection", function(session) session:send("hello") end)
---
---@param options? sio.EngineOptions
---@return sio.Engine
function sio.engine(options)
  return engine.new(options)
end

--- Listens with several servers, each a list of the server and its address.
---
---     sio.listen({ public, 3000 }, { admin, "127.0.0.1:3001" })
---
---@param ... { [1]: sio.Server|sio.Engine, [2]: any }
function sio.listen(...)
  local list = table.pack(...)
  if list.n == 0 then errors.check_argument("sio.listen", 1, "table", nil) end
  for i = 1, list.n do
    errors.check_argument("sio.listen", i, "table", list[i])
    if type(list[i][1]) ~= "table" or not list[i][1]._options then
      errors.raise("bad argument #%d to 'sio.listen' ({ server, address } expected)", i)
    end
  end
  listening.listen(...)
end

--- Bytes that travel as a binary attachment; has #, tostring, :sub, :byte, == and ..
---@param bytes string|sio.Binary
---@return sio.Binary
function sio.binary(bytes)
  if not core.is_binary(bytes) then errors.check_argument("sio.binary", 1, "string", bytes) end
  return core.binary(bytes)
end

--- True for bytes: what sio.binary makes, and as what the attachments of clients arrive.
---@param value any
---@return boolean
function sio.is_binary(value)
  return core.is_binary(value)
end

--- True for nil and for sio.null, which stands for a client's null.
---@param value any
---@return boolean
function sio.is_null(value)
  return value == nil or value == core.null
end

--- Marks a table as a list: it is encoded as [] also when a key says otherwise. Returns the table.
---@generic T: table
---@param list T
---@return T
function sio.array(list)
  errors.check_argument("sio.array", 1, "table", list)
  return core.json_mark(list, "array")
end

--- Marks a table as an object: it is encoded as {} also when it is empty. Returns the table.
---@generic T: table
---@param object T
---@return T
function sio.object(object)
  errors.check_argument("sio.object", 1, "table", object)
  return core.json_mark(object, "object")
end

---@class sio.json
---@field null lightuserdata
sio.json = {
  encode = core.json_encode,
  decode = function(text)
    errors.check_argument("sio.json.decode", 1, "string", text)
    return core.json_decode(text)
  end,
  null = core.null,
  array = sio.array,
  object = sio.object,
}

--- Calls fn once after some seconds, in a coroutine of its own.
---@param seconds number
---@param fn async fun()
---@return sio.Timer
function sio.after(seconds, fn)
  errors.check_seconds("sio.after", seconds)
  errors.check_argument("sio.after", 2, "function", fn)
  return core.after(seconds, fn)
end

--- Calls fn again and again, each time in a coroutine of its own.
---@param seconds number more than 0
---@param fn async fun()
---@return sio.Timer
function sio.every(seconds, fn)
  errors.check_seconds("sio.every", seconds)
  if seconds == 0 then
    errors.raise "bad argument #1 to 'sio.every' (more than 0 seconds expected)"
  end
  errors.check_argument("sio.every", 2, "function", fn)
  return core.every(seconds, fn)
end

--- Waits in a handler or in sio.spawn; the loop goes on meanwhile.
---@async
---@param seconds number
---@return true
function sio.sleep(seconds)
  errors.check_seconds("sio.sleep", seconds)
  return core.sleep(seconds)
end

--- Runs fn(...) in a coroutine that may wait, at once, until it ends or waits.
---@param fn async fun(...)
---@param ... any
function sio.spawn(fn, ...)
  errors.check_argument("sio.spawn", 1, "function", fn)
  core.spawn(fn, ...)
end

--- This worker: its number (from 1), its process id, how many there can be.
---@return { id: integer, pid: integer }
function sio.worker()
  return core.worker_info()
end

return setmetatable(sio, slip.module_mt)
