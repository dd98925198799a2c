-- SPDX-License-Identifier: MIT
-- What sio.engine{} and app.engine have in common: middlewares and listeners for the requests to
-- the engine's path.
--
-- Stands on gate.lua. An object with these methods has its server in `_app` and the names of its
-- other events in `_events`.

local class = require "sio.class"
local core = require "sio.core"
local emitter = require "sio.emitter"
local errors = require "sio.error"
local gate = require "sio.gate"
local options = require "sio.options"

---@class sio.Front
---@field clients_count integer sessions of this worker
local Front = {}

local function check_self(method, self)
  if type(self) ~= "table" or not rawget(self, "_app") then
    errors.raise("bad self to '%s' (an engine expected; methods are called with a colon)", method)
  end
end

--- Adds a middleware for every request to the engine's path, upgrades included: fn(req, res).
--- res:set(name, value) is for the answer, whoever gives it; res:send(body, status, headers)
--- answers; `return nil, err` refuses. May wait.
---
---     app.engine:use(function(req, res) res:set("X-Served-By", "me") end)
---
---@param fn async fun(req: sio.EngineRequest, res: sio.EngineResponse): any, any
---@return sio.Front
function Front:use(fn)
  check_self("use", self)
  gate.use(self._app, fn)
  return self
end

local function listen(method, self, event, fn, add)
  check_self(method, self)
  gate.check_event(event, self._events)
  errors.check_argument(method, 2, "function", fn)
  if not gate.listen(self._app, event, fn, add) then add(self, event, fn) end
  return self
end

--- "connection_error": fn{ req, code, message, context } for each refused request.
--- "initial_headers": fn(headers, req) for the answer that begins a session; "headers" for every
--- answer to a poll and for the 101. What they put into the table goes out; they cannot wait.
---@param event string
---@param fn function
---@return sio.Front
function Front:on(event, fn)
  return listen("on", self, event, fn, emitter.on)
end

---@param event string
---@param fn function
---@return sio.Front
function Front:once(event, fn)
  return listen("once", self, event, fn, emitter.once)
end

---@param event? string
---@param fn? function
---@return sio.Front
function Front:off(event, fn)
  check_self("off", self)
  emitter.off(self, event, fn)
  return self
end

-- io.engine.generateId = fn is JavaScript's way; here nobody would look at it.
local function set_field(self, name, value)
  local option = options.named(name)
  if option then
    errors.raise("%s is an option of the server: { %s = ... }, not to be set later", name, option)
  end
  rawset(self, name, value)
end

local missing = class.missing(Front, { clients_count = true })

local front_mt = {
  __name = "sio.Front",
  __newindex = set_field,
  __index = function(self, name)
    if name == "clients_count" then return core.server_clients_count(self._app) end
    return Front[name] or missing(name)
  end,
}

local front = { methods = Front, set_field = set_field }

--- app.engine of a Socket.IO server.
---@param app sio.Server
---@return sio.Front
function front.new(app)
  return setmetatable({ _app = app, _events = {} }, front_mt)
end

return front
