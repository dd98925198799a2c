-- SPDX-License-Identifier: MIT
-- sio.engine{}: Engine.IO without Socket.IO. Sessions that send and receive messages.
--
-- Stands on session.lua and listening.lua; the hook is called by csrc/bind/session.c.

local class = require "sio.class"
local closing = require "sio.closing"
local core = require "sio.core"
local emitter = require "sio.emitter"
local errors = require "sio.error"
local front = require "sio.front"
local gate = require "sio.gate"
local host = require "sio.host"
local listening = require "sio.listening"
local options = require "sio.options"
local tls = require "sio.tls"
require "sio.session"

---@class sio.Engine : sio.Front
local Engine = {}

local missing = class.missing(Engine, { clients_count = true })

local engine_mt = {
  __name = "sio.Engine",
  __newindex = front.set_field,
  __index = function(self, name)
    if name == "clients_count" then return core.server_clients_count(self) end
    return Engine[name] or missing(name)
  end,
}

-- use, on, once, off. "connection": fn(session) for each new session.
for name, method in pairs(front.methods) do Engine[name] = method end

--- As app:listen.
---@param address? sio.ListenAddress|sio.ListenAddress[]
function Engine:listen(address)
  errors.check_self("listen", self, engine_mt)
  listening.listen { self, address }
end

--- Stops: ends the sessions, then, behind the last server, the loop. As app:close.
---@param fn? async fun()
function Engine:close(fn)
  errors.check_self("close", self, engine_mt)
  closing.close_for(self, fn)
end

core.set_hooks {
  session = function(engine, new) emitter.dispatch(engine, "connection", nil, new) end,
}

local engine = {}

--- For init.lua.
---@param given? sio.EngineOptions
---@return sio.Engine
function engine.new(given)
  local checked = options.engine(given)
  if host.overrides.balance then checked.balance = host.overrides.balance end
  local self = setmetatable({
    _options = checked, _start = {}, _stop = {}, _events = { connection = true },
  }, engine_mt)
  rawset(self, "_app", self)
  tls.server_new(checked, self)
  gate.install(self, self, checked)
  return self
end

return engine
