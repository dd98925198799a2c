-- SPDX-License-Identifier: MIT
-- Everything people hook into the engine's requests: middlewares and cors, allow_request,
-- generate_id, cookie, and the events connection_error, initial_headers and headers.
--
-- csrc/bind/gate.c calls the hooks and gives a request that waits as an object; each hook decides
-- once, with one of core.gate_*. A server keeps its hooks in `_gate`.

local cookie = require "sio.http.cookie"
local core = require "sio.core"
local cors = require "sio.http.cors"
local emitter = require "sio.emitter"
local errors = require "sio.error"
local headers = require "sio.http.headers"
local request = require "sio.http.request"
local slip = require "sio.slip"
local suggest = require "sio.suggest"

---@class sio.EngineRequest
---@field method string
---@field path string decoded
---@field raw_path string as sent
---@field url string path and query as sent
---@field host string? that the client asked for, with its port if it named one
---@field protocol "http"|"https"
---@field query table<string, string>
---@field headers table<string, string> lower-case names
---@field cookies table<string, string>
---@field address string of the client
---@field secure boolean it came encrypted
---@field upgrade boolean it asks for a WebSocket
local request_mt = { __name = "sio.EngineRequest", __index = request.metatable.__index }

local forbidden, bad_request = 4, 3
local running_max = 10000 -- hooks that run or wait, those of clients that have left included

-- ---- answers of middlewares -----------------------------------------------------------------

---@class sio.EngineResponse
local Response = {}

local response_mt = { __index = Response, __name = "sio.EngineResponse" }

local function new_response(req)
  return setmetatable({ _req = req, _headers = headers.new() }, response_mt)
end

--- Sets a header of the answer, whoever gives it; also of the 101. A list gives several.
---@param name string
---@param value string|number|string[]
---@return sio.EngineResponse
function Response:set(name, value)
  errors.check_self("set", self, response_mt)
  self._headers:set(name, value)
  return self
end

---@param name string
---@return string|string[]|nil
function Response:get(name)
  errors.check_self("get", self, response_mt)
  errors.check_argument("get", 1, "string", name)
  return self._headers:get(name)
end

---@param name string
---@return sio.EngineResponse
function Response:remove(name)
  errors.check_self("remove", self, response_mt)
  errors.check_argument("remove", 1, "string", name)
  self._headers:remove(name)
  return self
end

--- Answers: no other middleware and no session sees the request. False when the client is gone.
---@param body? string|sio.Binary
---@param status? integer 200
---@param fields? table<string, string|number|string[]>
---@return boolean
function Response:send(body, status, fields)
  errors.check_self("send", self, response_mt)
  if self._sent then errors.raise "send: the request is answered already" end
  if body ~= nil and type(body) ~= "string" and not core.is_binary(body) then
    errors.raise("bad argument #1 to 'send' (string or sio.binary expected, got %s)", type(body))
  elseif status ~= nil and (math.type(status) ~= "integer" or status < 200 or status > 599) then
    errors.raise "bad argument #2 to 'send' (status from 200 to 599 expected)"
  end
  for name, value in pairs(fields or {}) do self._headers:set(name, value, "send") end
  self._sent = true
  return core.gate_respond(self._req, self._headers:flat(), status or 200, body)
end

-- ---- stages ---------------------------------------------------------------------------------

-- What fn returned, or nil and a text that says nothing of our inside.
local function call(app, what, fn, ...)
  local result = table.pack(xpcall(fn, errors.traceback, ...))
  if result[1] then return table.unpack(result, 2, result.n) end
  errors.report(what, result[2], app)
  return nil, "internal error"
end

local function text_of(err)
  if type(err) == "table" and err.message ~= nil then err = err.message end
  return err ~= nil and tostring(err) or nil
end

-- true when the request goes on to the next middleware
local function run_cors(app, given, req, res)
  local verdict, detail = call(app, "cors", cors.apply, given, req, res._headers)
  if verdict == nil and detail ~= nil then verdict = "fail" end
  if verdict == "answer" then
    core.gate_respond(req, res._headers:flat(), detail, "")
  elseif verdict == "forbid" then
    core.gate_refuse(req, res._headers:flat(), forbidden, nil, { message = "Forbidden" })
  elseif verdict == "fail" then
    core.gate_refuse(req, res._headers:flat(), bad_request, nil,
      { name = "MIDDLEWARE_FAILURE", error = text_of(detail) })
  end
  return verdict == nil
end

local stages = {}

function stages.middlewares(app, req)
  local gate = app._gate
  local res = new_response(req)
  if gate.cors and not run_cors(app, gate.cors, req, res) then return end
  for _, fn in ipairs(gate.middlewares) do
    local ok, err = call(app, "engine middleware", fn, req, res, slip.next)
    if res._sent then return end
    if not ok and err ~= nil then
      return core.gate_refuse(req, res._headers:flat(), bad_request, nil,
        { name = "MIDDLEWARE_FAILURE", error = text_of(err) })
    end
  end
  core.gate_pass(req, res._headers:flat())
end

function stages.allow_request(app, req)
  local ok, message = call(app, "allow_request", app._gate.allow_request, req)
  if ok then return core.gate_pass(req) end
  if message == "internal error" then message = nil end
  message = text_of(message)
  core.gate_refuse(req, nil, forbidden, message, { message = message })
end

function stages.generate_id(app, req)
  local id, err = call(app, "generate_id", app._gate.generate_id, req)
  local done
  if type(id) == "string" then
    done, err = core.gate_set_id(req, id)
  elseif id ~= nil then
    err = "a string expected, got " .. type(id)
  end
  if done then return end
  core.gate_refuse(req, nil, bad_request, nil,
    { name = "ID_GENERATION_ERROR", error = text_of(err) or "no id" })
end

-- A hook that waits goes on when its client has left, so requests that wait (max_held in the core)
-- are not all that has to be counted. Whatever fails, the request gets its answer.
local function on_stage(app, stage, req)
  local gate = app._gate
  if gate.running >= running_max then return core.gate_turn_away(req) end
  gate.running = gate.running + 1
  local ran, err = xpcall(stages[stage], errors.traceback, app, req)
  gate.running = gate.running - 1
  if ran then return end
  core.gate_refuse(req, nil, bad_request, nil,
    { name = "MIDDLEWARE_FAILURE", error = "internal error" })
  error(err, 0)
end

-- ---- events ---------------------------------------------------------------------------------

-- Listeners that run while the answer is written.
local function run_now(app, event, fields, req)
  for _, fn in ipairs(emitter.called(app._gate.engine, event)) do
    local ran, err = xpcall(fn, errors.traceback, fields, req)
    if not ran then
      err = err:gsub("can only be called inside a handler or sio%.spawn",
        "cannot wait in a listener of '" .. event .. "', whose answer leaves at once")
      errors.report(event .. " listener", err, app)
    end
  end
end

-- The fields that listeners left in the table, as far as they can be sent.
local function checked(app, fields)
  local result = headers.new()
  for name, value in pairs(fields) do
    local problem = headers.problem(name, value)
    if problem then
      errors.report("headers listener", problem, app)
    else
      result:set(name, value)
    end
  end
  return result:flat()
end

local function on_headers(app, req, sid)
  local gate = app._gate
  local fields = headers.open()
  if sid then
    if gate.cookie then fields["Set-Cookie"] = { gate.cookie(sid, req.secure) } end
    run_now(app, "initial_headers", fields, req)
  end
  run_now(app, "headers", fields, req)
  return checked(app, fields)
end

local ours = {
  [1] = true, method = true, path = true, raw_path = true, url = true, host = true, protocol = true,
  query = true, headers = true, cookies = true, address = true, secure = true, upgrade = true,
}

-- The fields of people's on the request of a handshake, for session.request; nil: none.
local function left_on(req)
  local fields
  for name, value in next, req do
    if not ours[name] then
      fields = fields or {}
      fields[name] = value
    end
  end
  return fields
end

core.set_hooks {
  gate_mt = request_mt,
  left_on = left_on,
  gate = on_stage,
  refused = function(app, err) emitter.dispatch(app._gate.engine, "connection_error", nil, err) end,
  headers = on_headers,
}

-- ---- what people call -----------------------------------------------------------------------

local gate = {}

local events = { connection_error = true, initial_headers = true, headers = true }
gate.events = events

--- Adds a middleware.
---@param app table the server
---@param fn function
function gate.use(app, fn)
  errors.check_argument("use", 1, "function", fn)
  table.insert(app._gate.middlewares, fn)
  core.engine_want(app, "middlewares")
end

--- Adds a listener; false when the event is none of the gate's.
---@param app table the server
---@param event string
---@param fn function
---@param add function emitter.on or emitter.once
---@return boolean
function gate.listen(app, event, fn, add)
  if not events[event] then return false end
  add(app._gate.engine, event, fn)
  core.engine_want(app, event)
  return true
end

--- Raises for an event that neither `more` nor the gate has.
---@param event any
---@param more table<string, true>
function gate.check_event(event, more)
  if events[event] or more[event] then return end
  local known = {}
  for name in pairs(events) do known[name] = true end
  for name in pairs(more) do known[name] = true end
  local near = type(event) == "string" and suggest.nearest(event, known)
  errors.raise("an engine has no event '%s'%s", tostring(event),
    near and (" (did you mean '%s'?)"):format(near) or "")
end

--- Hooks a new server's options in. `engine` is the object that has the listeners.
---@param app table
---@param engine table
---@param options table checked
function gate.install(app, engine, options)
  local given = options.cors
  app._gate = {
    engine = engine, running = 0, middlewares = {}, allow_request = options.allow_request,
    generate_id = options.generate_id, cors = given or nil,
    cookie = options.cookie and cookie.new(options.cookie) or nil,
  }
  if given then core.engine_want(app, "middlewares") end
  if options.allow_request then core.engine_want(app, "allow_request") end
  if options.generate_id then core.engine_want(app, "generate_id") end
  if options.cookie then core.engine_want(app, "initial_headers") end
end

return gate
