-- SPDX-License-Identifier: MIT
-- A Socket.IO client for tests: over a real connection, with waiting instead of callbacks.
--
-- Stands on socket.lua and inbox.lua; app:client() makes them. An event goes to the listeners of
-- its name; where there is none it waits for wait().

local check = require "sio.options.check"
local core = require "sio.core"
local emitter = require "sio.emitter"
local errors = require "sio.error"
local inbox = require "sio.test.inbox"
local operator = require "sio.operator"
local socket = require "sio.test.socket"

---@class sio.test.ClientOptions
---@field namespace? string "/"
---@field auth? table what the middlewares find in socket.handshake.auth
---@field query? table<string, any>
---@field headers? table<string, string> of the first request: Cookie, Origin, ...

---@class sio.test.Client
---@field id? string as the server's socket.id; nil while it is not connected
---@field connected boolean
---@field recovered boolean whether the server has restored its session
---@field pid? string the private id, with connection_state_recovery
---@field offset? string of the last event, likewise; it is not among the event's arguments
local Client = {}
local client_mt = { __name = "sio.test.Client", __index = Client }

local known = {
  namespace = { "string", "/" },
  auth = { "table" },
  query = { "table" },
  headers = { "table" },
}

-- ---- coming and going -----------------------------------------------------------------------

--- Says goodbye and leaves; the server sees "client namespace disconnect".
---@return sio.test.Client
function Client:disconnect()
  errors.check_self("disconnect", self, client_mt)
  if self.connected then socket.disconnect(self) end
  return self
end

--- Cuts the connection without a word, as a lost network does; reconnect() may recover the session.
---@return sio.test.Client
function Client:drop()
  errors.check_self("drop", self, client_mt)
  if self.connected then
    self._connection:close(true)
    socket.leave(self, "transport close", false)
  end
  return self
end

--- Connects again, with the private id and offset that the client has; see `recovered`.
---@async
---@return true?
---@return sio.test.ConnectError?
function Client:reconnect()
  errors.check_self("reconnect", self, client_mt)
  if self.connected then errors.raise "reconnect: the client is connected" end
  return socket.connect(self)
end

-- ---- events ---------------------------------------------------------------------------------

--- Calls fn(...) for each event of that name, which wait() does not see then. What it returns is
--- the acknowledgement. "disconnect" has a reason.
---@param event string
---@param fn async fun(...): ...
---@return sio.test.Client
function Client:on(event, fn)
  errors.check_self("on", self, client_mt)
  emitter.on(self, event, fn)
  return self
end

---@param event string
---@param fn async fun(...): ...
---@return sio.test.Client
function Client:once(event, fn)
  errors.check_self("once", self, client_mt)
  emitter.once(self, event, fn)
  return self
end

--- Removes one listener, or all of an event, or all.
---@param event? string
---@param fn? function
---@return sio.test.Client
function Client:off(event, fn)
  errors.check_self("off", self, client_mt)
  emitter.off(self, event, fn)
  return self
end

--- The arguments of the next event of that name that has no listener, also of one that came before.
--- Without seconds it waits until the test's time is over, which fails the test. Behind them stands
--- ack(...) when the server asked for an answer.
---@async
---@param event string
---@param seconds? number
---@return table? args
---@return "timeout"|"disconnected"|nil err
function Client:wait(event, seconds)
  errors.check_self("wait", self, client_mt)
  errors.check_argument("wait", 1, "string", event)
  if seconds ~= nil then errors.check_seconds("wait", seconds, 2) end
  local args = self._inbox:take(event)
  if args then return args end
  if not self.connected then return nil, "disconnected" end
  return self._inbox:wait(event, seconds)
end

-- A trailing function is called with the answer.
local function emit(self, seconds, ...)
  local n = select("#", ...)
  local fn = n > 1 and (select(n, ...))
  if type(fn) ~= "function" then
    local sent, err = socket.emit(self, nil, ...)
    return sent, err
  end
  local args, timer = { ... }, nil
  local function answer(problem, ...)
    if timer then timer:cancel() end
    if seconds then return core.spawn(fn, problem, ...) end
    if not problem then core.spawn(fn, ...) end
  end
  local id, err = socket.emit(self, answer, table.unpack(args, 1, n - 1))
  if not id then return nil, err end
  timer = seconds and core.after(seconds, function()
    self._acks[id] = nil
    answer "timeout"
  end)
  return true
end

local function ask(self, seconds, event, ...)
  local promise = self._scope:promise(('the answer to "%s"'):format(tostring(event)))
  local id, err = socket.emit(self, function(problem, value)
    if problem then return promise.wake(nil, problem) end
    if value == nil then value = core.null end
    promise.wake(value)
  end, event, ...)
  if not id then return nil, err end
  local value
  value, err = promise.wait(seconds)
  self._acks[id] = nil
  return value, err
end

--- Sends an event. A function at the end is called with the answer.
---@param event string
---@param ... any
---@return true?
---@return "disconnected"? err
function Client:emit(event, ...)
  errors.check_self("emit", self, client_mt)
  return emit(self, nil, event, ...)
end

--- Sends an event and waits for the answer: its first argument, or sio.null when it has none.
---@async
---@param event string
---@param ... any
---@return any answer
---@return "disconnected"? err
function Client:emit_with_ack(event, ...)
  errors.check_self("emit_with_ack", self, client_mt)
  return ask(self, nil, event, ...)
end

---@class sio.test.Timed
local Timed = {}
local timed_mt = { __name = "sio.test.Timed", __index = Timed }

--- emit and emit_with_ack that wait at most so long for their answer.
---@param seconds number
---@return sio.test.Timed
function Client:timeout(seconds)
  errors.check_self("timeout", self, client_mt)
  operator.check_timeout(seconds)
  return setmetatable({ _client = self, _seconds = seconds }, timed_mt)
end

--- As Client:emit; the function's first argument is "timeout", "disconnected" or nil.
---@param event string
---@param ... any
---@return true?
---@return "disconnected"? err
function Timed:emit(event, ...)
  return emit(self._client, self._seconds, event, ...)
end

--- As Client:emit_with_ack.
---@async
---@param event string
---@param ... any
---@return any answer
---@return "timeout"|"disconnected"|nil err
function Timed:emit_with_ack(event, ...)
  return ask(self._client, self._seconds, event, ...)
end

-- ---- making ---------------------------------------------------------------------------------

local client = {}

--- For app.lua.
---@async
---@param app sio.test.App
---@param scope sio.test.Scope
---@param given? sio.test.ClientOptions
---@return sio.test.Client?
---@return sio.test.ConnectError?
function client.connect(app, scope, given)
  local o = check.with_defaults(given or {}, known)
  local self = setmetatable({
    connected = false, recovered = false, _app = app, _scope = scope, _options = o,
    _namespace = o.namespace:gsub("^[^/]", "/%0"), _inbox = inbox.new(scope), _acks = {},
    _next_id = 0,
  }, client_mt)
  scope:on_close(function() self:drop() end)
  local connected, err = socket.connect(self)
  if not connected then return nil, err end
  return self
end

return client
