-- SPDX-License-Identifier: MIT
-- Who answers a request that is not Engine.IO's: the browser client, a route, a folder, or 404.
--
-- Stands on path.lua and response.lua. A request is answered exactly once, also when its handler
-- fails: 500, or, when the answer has begun, a body that is not whole.

local client = require "sio.http.client"
local core = require "sio.core"
local errors = require "sio.error"
local path = require "sio.http.path"
local request = require "sio.http.request"
local response = require "sio.http.response"
local slip = require "sio.slip"
local static = require "sio.http.static"

core.set_hooks { request_mt = request.metatable }

local any_method = "*"
local all_methods = "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"

local Router = {}
Router.__index = Router
Router.__name = "sio.Router"

---@param method string "GET", ..., or "*" for all
---@param pattern string
---@param handler function
function Router:add(method, pattern, handler)
  table.insert(self.routes,
    { method = method, path = path.compile(pattern), handler = handler })
end

---@param prefix string
---@param dir string absolute
---@param opts table
function Router:static(prefix, dir, opts)
  table.insert(self.folders, static.new(prefix, dir, opts))
end

-- The first route of this method, with its parameters (for HEAD, when there is none, the first of
-- GET); or the methods that there are for the path.
local function find_route(routes, req)
  local parts = path.split(req.raw_path)
  local allowed, get, get_params = {}, nil, nil
  for _, route in ipairs(parts and routes or {}) do
    local params = path.match(route.path, parts)
    if params and (route.method == req.method or route.method == any_method) then
      return route, params
    elseif params then
      allowed[route.method] = true
      if route.method == "GET" and not get then get, get_params = route, params end
    end
  end
  if req.method == "HEAD" and get then return get, get_params end
  return nil, nil, allowed
end

local function list_methods(allowed)
  local names = { "OPTIONS" }
  allowed.HEAD = allowed.HEAD or allowed.GET
  for name in pairs(allowed) do
    if name ~= "OPTIONS" then names[#names + 1] = name end
  end
  table.sort(names)
  return table.concat(names, ", ")
end

-- A path that has routes, but none of this method.
local function refuse_method(req, allowed)
  local headers = { Allow = list_methods(allowed) }
  if req.method == "OPTIONS" then return core.request_respond(req, 204, headers, "") end
  return response.text(req, 405, "Method Not Allowed\n", headers)
end

local function answer_folders(folders, req)
  for _, folder in ipairs(folders) do
    if folder:answer(req) then return true end
  end
  return false
end

local function answer(self, req)
  if req.method == "OPTIONS" and req.raw_path == "*" then
    return core.request_respond(req, 204, { Allow = all_methods }, "")
  end
  if self.client and self.client:answer(req) then return end
  local route, params, allowed = find_route(self.routes, req)
  if route then
    req.params = params
    return response.send(req, route.handler(req, slip.response))
  end
  if answer_folders(self.folders, req) then return end
  if next(allowed) then return refuse_method(req, allowed) end
  response.text(req, 404, "Not Found\n")
end

local router = {}

---@param options table checked
function router.new(options)
  return setmetatable({
    routes = {}, folders = {},
    client = options.serve_client and client.new(options.path, options.cors or nil) or nil,
  }, Router)
end

--- The hook of csrc/bind/request.c.
---@async
function router.on_request(app, req)
  if not app._router then return response.text(req, 404, "Not Found\n") end
  local ran, err = xpcall(answer, errors.traceback, app._router, req)
  if ran then return end
  errors.report(("request handler %s %s"):format(req.method, req.path:gsub("%c", "?")), err, app)
  core.request_cut(req)
  response.text(req, 500, "Internal Server Error\n")
end

return router
