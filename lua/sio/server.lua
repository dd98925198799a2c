-- SPDX-License-Identifier: MIT
-- sio.server{}: the application. Namespaces, HTTP, listening; what concerns clients goes to its
-- namespace "/".
--
-- Stands on namespace.lua, http/router.lua and listening.lua. [1] is the handle of
-- csrc/bind/server.c.

local broadcast = require "sio.broadcast"
local class = require "sio.class"
local closing = require "sio.closing"
local core = require "sio.core"
local errors = require "sio.error"
local front = require "sio.front"
local gate = require "sio.gate"
local health = require "sio.http.health"
local host = require "sio.host"
local listening = require "sio.listening"
local log = require "sio.log"
local namespace = require "sio.namespace"
local options = require "sio.options"
local parents = require "sio.parent"
local router = require "sio.http.router"
local tls = require "sio.tls"

---@class sio.Server : sio.Namespace
---@field log sio.Log
---@field engine sio.Front
local Server = { log = log }

local properties = {}
for name in pairs(namespace.properties) do
  properties[name] = function(self) return self._root[name] end
end

function properties.engine(self)
  return self._front
end

local io_names = {}
for name in pairs(io) do io_names[name] = true end
io_names.close, io_names.type = nil, nil

local missing = class.missing(Server, properties)

local server_mt = {
  __name = "sio.Server",
  __index = function(self, name)
    local method = Server[name]
    if method then return method end
    local property = properties[name]
    if property then return property(self) end
    if io_names[name] then
      errors.raise("%s: this is the Socket.IO server; Lua's io library is hidden by your local "
        .. "`io`", name)
    end
    return missing(name)
  end,
  __tostring = function() return "sio.Server" end,
}

-- ---- clients --------------------------------------------------------------------------------

-- For chaining: what returns the namespace returns the server.
local function as_server(self, first, ...)
  if rawequal(first, self._root) then first = self end
  return first, ...
end

-- on, use, adapter, ...: of namespace "/".
for name, method in pairs(namespace.methods) do
  Server[name] = function(self, ...)
    errors.check_self(name, self, server_mt)
    return as_server(self, method(self._root, ...))
  end
end

-- emit, to, count, ...: of the broadcast to everybody in it. There is no layer between, for these
-- are called for each message.
local EVERYBODY = broadcast.EVERYBODY
for name, method in pairs(broadcast.methods) do
  Server[name] = function(self, ...)
    if getmetatable(self) ~= server_mt then errors.check_self(name, self, server_mt) end
    return method(self[EVERYBODY], ...)
  end
end
for name, in_c in pairs(broadcast.methods_in_c) do Server[name] = in_c(Server[name]) end

local function check_name(name)
  if #name > 1024 then
    errors.raise "bad argument #1 to 'of' (a name of at most 1024 bytes expected)"
  elseif name:find "^/^" then
    errors.raise("bad argument #1 to 'of' (%q: a pattern begins with ^, without slashes around it)",
      name)
  elseif name:find "[,?]" then
    errors.raise("bad argument #1 to 'of' (%q: no client can name that)", name)
  end
end

local function by_name(self, name)
  if name:sub(1, 1) ~= "/" then name = "/" .. name end
  local nsp = self._namespaces[name] or self._children[name]
  if nsp then return nsp end
  check_name(name)
  nsp = parents.adopt(self, name)
  if nsp then return nsp end
  nsp = namespace.new(self, name)
  self._namespaces[name] = nsp
  namespace.announce(nsp)
  return nsp
end

--- A namespace by name, made when it is not there; "chat" is "/chat". Or the parent of all whose
--- names match: a Lua pattern, which begins with "^", or a function(name, auth) that says true, and
--- may wait. With fn: on("connection", fn).
---@overload fun(self: sio.Server, name: string, fn?: async fun(socket: sio.Socket)): sio.Namespace
---@param match string|async fun(name: string, auth: table): any
---@param fn? async fun(socket: sio.Socket)
---@return sio.Parent
function Server:of(match, fn)
  errors.check_self("of", self, server_mt)
  local is_parent = type(match) == "function"
  if not is_parent then
    errors.check_argument("of", 1, "string", match)
    is_parent = match:sub(1, 1) == "^"
  end
  if fn ~= nil then errors.check_argument("of", 2, "function", fn) end
  local nsp = is_parent and parents.of(self, match) or by_name(self, match)
  if fn then nsp:on("connection", fn) end
  return nsp
end

-- ---- HTTP -----------------------------------------------------------------------------------

--- Serves the files of a folder. A relative one is relative to the app file.
---@param prefix string of the URL's path
---@param dir string
---@param opts? sio.StaticOptions
---@return sio.Server
function Server:static(prefix, dir, opts)
  errors.check_self("static", self, server_mt)
  errors.check_argument("static", 1, "string", prefix)
  errors.check_argument("static", 2, "string", dir)
  if opts ~= nil then errors.check_argument("static", 3, "table", opts) end
  self._router:static(prefix, host.resolve(dir), opts or {})
  return self
end

for _, method in ipairs { "get", "post", "put", "patch", "delete", "head", "options", "all" } do
  --- Answers requests whose path matches; ":name" parts and a "*name" at its end are in req.params.
  --- The handler returns body [, status [, headers]]; a body that is a function is called with
  --- write(data), which waits while the client is slow: true, or nil and "closed".
  ---@param self sio.Server
  ---@param path string
  ---@param handler async fun(req: sio.Request): any, integer?, table?
  ---@return sio.Server
  Server[method] = function(self, path, handler)
    errors.check_self(method, self, server_mt)
    errors.check_argument(method, 1, "string", path)
    errors.check_argument(method, 2, "function", handler)
    self._router:add(method == "all" and "*" or method:upper(), path, handler)
    return self
  end
end

--- Answers balancers that ask, by GET or HEAD: 200 while this worker is ready, 503 while it drains
--- or when fn says so. fn returns true, or nil and what is wrong; it may wait for opts.timeout.
---@param path string
---@param fn? async fun(): any, string?
---@param opts? sio.HealthOptions
---@return sio.Server
function Server:health(path, fn, opts)
  errors.check_self("health", self, server_mt)
  errors.check_argument("health", 1, "string", path)
  if fn ~= nil then errors.check_argument("health", 2, "function", fn) end
  if opts ~= nil then errors.check_argument("health", 3, "table", opts) end
  self._router:add("GET", path, health.handler(self, fn, opts or {}))
  return self
end

-- ---- life -----------------------------------------------------------------------------------

local function add_hook(self, list, method, fn)
  errors.check_self(method, self, server_mt)
  errors.check_argument(method, 1, "function", fn)
  table.insert(self[list], fn)
  return self
end

--- Calls fn(worker) once this worker listens.
---@param fn async fun(worker: { id: integer, pid: integer })
---@return sio.Server
function Server:on_start(fn)
  return add_hook(self, "_start", "on_start", fn)
end

--- Calls fn(reason) when this worker's clients are gone, requests have been answered and handlers
--- have ended. May wait, as long as the drain time lasts; app:close gives it ten seconds.
---@param fn async fun(reason: string)
---@return sio.Server
function Server:on_stop(fn)
  return add_hook(self, "_stop", "on_stop", fn)
end

--- Calls fn(message, context) for each error of a handler, after it was logged.
---@param fn async fun(message: string, context: sio.ErrorContext)
---@return sio.Server
function Server:on_error(fn)
  return add_hook(self, "_error", "on_error", fn)
end

--- Listens. Under plain Lua it returns when the server was closed, by a signal or app:close(); for
--- several servers in one process there is sio.listen.
---@param address? sio.ListenAddress|sio.ListenAddress[] default: PORT or 3000
function Server:listen(address)
  errors.check_self("listen", self, server_mt)
  listening.listen { self, address }
end

--- Stops: clients' connections (they will come back by themselves), then hooks, then, behind the
--- last server, the loop. fn runs once everything is closed. Harmless when it was called before.
---@param fn? async fun()
function Server:close(fn)
  errors.check_self("close", self, server_mt)
  closing.close_for(self, fn)
end

-- ---- making ---------------------------------------------------------------------------------

local apps = setmetatable({}, { __mode = "k" })

-- Errors of coroutines that belong to no server (timers) go to all.
local function on_error(app, message, context)
  for each in pairs(app and { [app] = true } or apps) do
    local hooks = each._closed and {} or each._error
    for _, fn in ipairs(hooks) do core.spawn(fn, message, context) end
  end
end

core.set_hooks { error = on_error, request = router.on_request }

local server = {}

--- For init.lua.
---@param given? sio.Options
---@return sio.Server
function server.new(given)
  local checked = options.server(host.with_defaults(given))
  if host.overrides.balance then checked.balance = host.overrides.balance end
  local app = setmetatable({
    _options = checked, _start = {}, _stop = {}, _error = {}, _namespaces = {},
    _children = setmetatable({}, { __mode = "v" }), -- held by core while they are there
  }, server_mt)
  tls.server_new(checked, app)
  app._front = front.new(app)
  gate.install(app, app._front, checked)
  parents.install(app)
  app._root = app:of "/"
  app[EVERYBODY] = broadcast.all(app._root)
  app._router = router.new(checked)
  apps[app] = true
  return app
end

return server
