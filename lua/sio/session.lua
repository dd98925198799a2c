-- SPDX-License-Identifier: MIT
-- An Engine.IO session: one client's connection, over whichever transport. What sio.engine{} hands
-- out, and socket.conn.
--
-- Stands on core.session_*; the hooks are called by csrc/bind/session.c. [1] is the handle.

local check = require "sio.options.check"
local class = require "sio.class"
local core = require "sio.core"
local emitter = require "sio.emitter"
local errors = require "sio.error"

---@class sio.Session
---@field id string
---@field transport "polling"|"websocket"|nil nil once it is closed
---@field handshake sio.SessionHandshake what its first request said
---@field request table what hooks of the engine have left on its first request, behind that the
---handshake: request.user, request.headers
---@field buffered integer bytes that wait for the client
---@field pressure boolean more than high_water waits for it
local Session = {}

local properties = {
  transport = core.session_transport,
  buffered = function(self) return (core.session_buffered(self)) end,
  pressure = function(self) return (select(2, core.session_buffered(self))) end,
  handshake = function(self)
    local handshake = core.session_handshake(self)
    rawset(self, "handshake", handshake)
    return handshake
  end,
  request = function(self)
    local request = setmetatable(rawget(self, "_left") or {}, { __index = self.handshake })
    rawset(self, "request", request)
    return request
  end,
}

local missing = class.missing(Session, properties)

local session_mt = {
  __name = "sio.Session",
  __index = function(self, name)
    local property = properties[name]
    if property then return property(self) end
    return Session[name] or missing(name)
  end,
  __tostring = function(self) return "sio.Session: " .. tostring(rawget(self, "id")) end,
}

local events = { message = true, close = true, upgrade = true, drain = true }
-- Socket.IO reads its sessions itself.
local conn_events = { close = true, upgrade = true, drain = true }

local function check_event(method, self, event)
  errors.check_self(method, self, session_mt)
  local known = self._of_socket and conn_events or events
  if known[event] then return end
  local near = type(event) == "string" and errors.suggest(event, known)
  errors.raise("a session has no event '%s'%s", tostring(event),
    near and (" (did you mean '%s'?)"):format(near) or "")
end

--- "message": fn(string|sio.Binary), for sessions of sio.engine; "close": fn(reason, detail);
--- "upgrade": fn(), it is on websocket now; "drain": fn(), it was under pressure and everything has
--- been read.
---@param event "message"|"close"|"upgrade"|"drain"
---@param fn async fun(...)
---@return sio.Session
function Session:on(event, fn)
  check_event("on", self, event)
  emitter.on(self, event, fn)
  return self
end

---@param event "message"|"close"|"upgrade"|"drain"
---@param fn async fun(...)
---@return sio.Session
function Session:once(event, fn)
  check_event("once", self, event)
  emitter.once(self, event, fn)
  return self
end

---@param event? "message"|"close"|"upgrade"|"drain"
---@param fn? function
---@return sio.Session
function Session:off(event, fn)
  errors.check_self("off", self, session_mt)
  emitter.off(self, event, fn)
  return self
end

local send_options = { compress = { "boolean", true } }

--- Sends a message; sio.binary goes as bytes.
---@param data string|sio.Binary
---@param options? sio.SendOptions
---@return true?, string? err closed, or the queue is full; "pressure" beside true: it reads slowly
function Session:send(data, options)
  if type(data) ~= "string" and not core.is_binary(data) then
    errors.raise("bad argument #1 to 'send' (string or sio.binary expected, got %s)", type(data))
  end
  if options == nil then return core.session_send(self, data) end
  if type(options) ~= "table" then
    errors.raise("bad argument #2 to 'send' (table of options expected, got %s)", type(options))
  end
  check.fields(options, send_options, "send.")
  return core.session_send(self, data, options.compress == false)
end

--- Ends the session; what is queued still goes out.
function Session:close()
  core.session_close(self)
end

core.set_hooks {
  session_mt = session_mt,
  message = function(self, data) emitter.dispatch(self, "message", nil, data) end,
  session_event = function(self, event) emitter.dispatch(self, event) end,
  close = function(self, reason, detail) emitter.dispatch(self, "close", nil, reason, detail) end,
}

return Session
