-- SPDX-License-Identifier: MIT
-- Events from server to server: what one worker's code tells the others'.
--
--     app:server_side_emit("config changed", version)
--     app:on("config changed", function(version) ... end)      in the other workers
--
-- Stands on core.server_side_*; namespace.lua takes the methods, and its listeners are heard beside
-- those of "connection". Whoever emits does not hear it.

local core = require "sio.core"
local emitter = require "sio.emitter"
local errors = require "sio.error"

local server_side = {}

---@class sio.ServerSide
local ServerSide = {}

local reserved = { connect = true, connection = true, new_namespace = true }

local function check(method, event)
  errors.check_argument(method, 1, "string", event)
  if reserved[event] then
    errors.raise("bad argument #1 to '%s' (%q is an event of this worker's own)", method, event)
  end
end

--- Sends an event to the other workers, in order with what is emitted to clients. A function at the
--- end is called with err and the list of their answers, see server_side_emit_with_ack.
---@param event string
---@param ... any
---@return true?, string?
function ServerSide:server_side_emit(event, ...)
  check("server_side_emit", event)
  return core.server_side_emit(self, event, ...)
end

--- The same; waits for what the listeners return: a list with one value for each other worker that
--- answers, in the order in which they came. err: "timeout" (after 5 seconds), "missing 1 of 3
--- workers"; the list has the others then. A worker without a listener answers nothing.
---@async
---@param event string
---@param ... any
---@return any[] answers, string? err
function ServerSide:server_side_emit_with_ack(event, ...)
  check("server_side_emit_with_ack", event)
  return core.server_side_emit_wait(self, event, ...)
end

core.set_hooks {
  server_event = function(nsp, ack, pass, event, ...)
    local on = rawget(nsp, "_on")
    if on and on[event] then return emitter.dispatch(nsp, event, ack, ...) end
    if pass then pass() end
  end,
}

server_side.methods = ServerSide

return server_side
