-- SPDX-License-Identifier: MIT
-- Who answers a request that is not Engine.IO's: the browser client, a route, a folder, or 404.
--
-- Stands on core.request_respond. A request is answered exactly once, also when its handler fails
-- (500).

local client = require "sio.http.client"
local core = require "sio.core"
local errors = require "sio.error"
local response = require "sio.http.response"
local static = require "sio.http.static"

---@class sio.Request
---@field method string
---@field path string decoded
---@field url string as sent
---@field params table<string, string>
---@field query table<string, string>
---@field headers table<string, string> lower-case names
---@field body string
---@field json any the body decoded; nil when it is not JSON
---@field address string of the client
---@field secure boolean the client sent it encrypted
local request_mt = {
  __name = "sio.Request",
  __index = function(self, name)
    if name == "json" then
      local value = core.json_decode(self.body)
      rawset(self, "json", value)
      return value
    end
  end,
}
core.set_hooks { request_mt = request_mt }

local Router = {}
Router.__index = Router
Router.__name = "sio.Router"

-- "/users/:id" -> "^/users/([^/]+)$", { "id" }
local function compile(path)
  if path:sub(1, 1) ~= "/" then errors.raise "a path begins with '/'" end
  local names = {}
  local quoted = path:gsub("[%^%$%(%)%%%.%[%]%*%+%-%?]", "%%%0")
  local pattern = quoted:gsub(":([%a_][%w_]*)", function(name)
    names[#names + 1] = name
    return "([^/]+)"
  end)
  return "^" .. pattern .. "$", names
end

---@param method string
---@param path string
---@param handler function
function Router:add(method, path, handler)
  local pattern, names = compile(path)
  table.insert(self.routes,
    { method = method, pattern = pattern, names = names, handler = handler })
end

---@param prefix string
---@param dir string absolute
---@param opts table
function Router:static(prefix, dir, opts)
  table.insert(self.folders, static.new(prefix, dir, opts))
end

-- Values of the route's names, or nil.
local function match(route, path)
  local found = table.pack(path:match(route.pattern))
  if found[1] == nil then return nil end
  local params = {}
  for i, name in ipairs(route.names) do params[name] = found[i] end
  return params
end

-- The first route of this method (GET serves HEAD), or the methods that there are for the path.
local function find_route(routes, req)
  local method = req.method == "HEAD" and "GET" or req.method
  local allowed = {}
  for _, route in ipairs(routes) do
    local params = match(route, req.path)
    if params and route.method == method then return route, params end
    if params then allowed[route.method] = true end
  end
  return nil, nil, allowed
end

local function list_methods(allowed)
  local names = {}
  for name in pairs(allowed) do names[#names + 1] = name end
  if allowed.GET then names[#names + 1] = "HEAD" end
  table.sort(names)
  return table.concat(names, ", ")
end

local function answer(self, req)
  if self.client and self.client:answer(req) then return end
  local route, params, allowed = find_route(self.routes, req)
  if route then
    req.params = params
    return response.send(req, route.handler(req))
  end
  for _, folder in ipairs(self.folders) do
    if folder:answer(req) then return end
  end
  if next(allowed) then
    return response.text(req, 405, "Method Not Allowed\n", { Allow = list_methods(allowed) })
  end
  response.text(req, 404, "Not Found\n")
end

local router = {}

---@param options table checked
function router.new(options)
  return setmetatable({
    routes = {}, folders = {},
    client = options.serve_client and client.new(options.path) or nil,
  }, Router)
end

--- The hook of csrc/bind/request.c.
---@async
function router.on_request(app, req)
  if not app._router then return response.text(req, 404, "Not Found\n") end
  local ran, err = xpcall(answer, errors.traceback, app._router, req)
  if ran then return end
  errors.report(("request handler %s %s"):format(req.method, req.path:gsub("%c", "?")), err, app)
  response.text(req, 500, "Internal Server Error\n")
end

return router
