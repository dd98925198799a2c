-- SPDX-License-Identifier: MIT
-- sio.engine{}: Engine.IO without Socket.IO. Sessions that send and receive messages.
--
-- Stands on core.session_* and listening.lua; the hooks are called by csrc/bind/session.c.

local core = require "sio.core"
local emitter = require "sio.emitter"
local errors = require "sio.error"
local host = require "sio.host"
local listening = require "sio.listening"
local options = require "sio.options"

---@class sio.Engine
---@field clients_count integer
local Engine = {}

local engine_mt = {
  __name = "sio.Engine",
  __index = function(self, name)
    if name == "clients_count" then return core.server_clients_count(self) end
    return Engine[name]
  end,
}

---@class sio.Session
---@field id string
---@field transport "polling"|"websocket"|nil nil once it is closed
local Session = {}

local session_mt = {
  __name = "sio.Session",
  __index = function(self, name)
    if name == "transport" then return core.session_transport(self) end
    return Session[name]
  end,
  __tostring = function(self) return "sio.Session: " .. tostring(rawget(self, "id")) end,
}

local function check_event(event, known, what)
  if known[event] then return end
  local near = type(event) == "string" and errors.suggest(event, known)
  errors.raise("%s has no event '%s'%s", what, tostring(event),
    near and (" (did you mean '%s'?)"):format(near) or "")
end

local session_events = { message = true, close = true }

--- "message": fn(string|sio.Binary); "close": fn(reason, detail).
---@param event "message"|"close"
---@param fn async fun(...)
---@return sio.Session
function Session:on(event, fn)
  check_event(event, session_events, "a session")
  emitter.on(self, event, fn)
  return self
end

---@param event? "message"|"close"
---@param fn? function
---@return sio.Session
function Session:off(event, fn)
  emitter.off(self, event, fn)
  return self
end

--- Sends a message; sio.binary goes as bytes.
---@param data string|sio.Binary
---@return true?, string? err closed, or the queue is full
function Session:send(data)
  if type(data) ~= "string" and not core.is_binary(data) then
    errors.raise("bad argument #1 to 'send' (string or sio.binary expected, got %s)", type(data))
  end
  return core.session_send(self, data)
end

--- Ends the session; what is queued still goes out.
function Session:close()
  core.session_close(self)
end

--- Calls fn(session) for each new session.
---@param event "connection"
---@param fn async fun(session: sio.Session)
---@return sio.Engine
function Engine:on(event, fn)
  check_event(event, { connection = true }, "an engine")
  emitter.on(self, event, fn)
  return self
end

--- As app:listen.
---@param address? integer|string|{ port?: integer, host?: string }
function Engine:listen(address)
  listening.listen(self, address)
end

--- Stops: ends the sessions, then the loop.
function Engine:close()
  listening.close(self, "closed", 10)
end

core.set_hooks {
  session_mt = session_mt,
  session = function(engine, session) emitter.dispatch(engine, "connection", nil, session) end,
  message = function(session, data) emitter.dispatch(session, "message", nil, data) end,
  close = function(session, reason, detail)
    emitter.dispatch(session, "close", nil, reason, detail)
  end,
}

local engine = {}

--- For init.lua.
---@param given? sio.EngineOptions
---@return sio.Engine
function engine.new(given)
  local checked = options.engine(given)
  if host.overrides.balance then checked.balance = host.overrides.balance end
  local self = setmetatable({ _options = checked, _start = {}, _stop = {} }, engine_mt)
  core.server_new(checked, self)
  return self
end

return engine
