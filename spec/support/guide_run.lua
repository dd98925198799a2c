-- SPDX-License-Identifier: MIT
-- Runs a Lua block of the guide against the real library: its servers serve in this process, and
-- guide_drive.js is their clients. What the block prints and reports is kept, and which of its
-- lines nobody came to.
--
-- Stands on guide.lua and serve.lua. A block sees the library as it is, but that listening is left
-- to serve.lua, relative paths are in a folder of its own, and seconds are short.

local address = require "sio.address"
local core = require "sio.core"
local guide = require "support.guide"
local host = require "sio.host"
local listening = require "sio.listening"
local serve = require "support.serve"
local sio = require "sio"

local run = {}

local short = 0.02 -- seconds: the longest that a block waits

local drive
do
  local file = assert(io.open "spec/support/guide_drive.js")
  drive = file:read "a"
  file:close()
end

-- Keeps the errors that a server reports and the patterns of its routes.
local function watch(app, result)
  app:on_error(function(message) table.insert(result.errors, message) end)
  local routes, add = {}, app._router.add
  result.routes[app] = routes
  app._router.add = function(self, method, pattern, handler)
    routes[#routes + 1] = { method = method, path = pattern }
    return add(self, method, pattern, handler)
  end
end

-- `sio` as a block sees it.
local function library(made, result)
  local lib = setmetatable({}, { __index = sio })
  for _, name in ipairs { "server", "engine" } do
    lib[name] = function(...)
      local app = sio[name](...)
      made[#made + 1] = app
      if name == "server" then watch(app, result) end
      return app
    end
  end
  for _, name in ipairs { "after", "every", "sleep" } do
    lib[name] = function(seconds, ...)
      return sio[name](type(seconds) == "number" and math.min(seconds, short) or seconds, ...)
    end
  end
  return lib
end

-- sio.test and busted as a block sees them: app files are in the block's folder, and a case runs
-- where it stands.
local function test_library(dir)
  local real = require "sio.test"
  return setmetatable({
    start = function(what)
      return real.start(type(what) == "string" and dir .. "/" .. what or what)
    end,
  }, { __index = real, __call = function(_, ...) return real(...) end })
end

local function environment(made, result, dir)
  local lib = library(made, result)
  local env = {
    describe = function(_, fn) fn() end,
    it = function(_, fn) fn() end,
    assert = require "luassert",
    _ran = function(i) result.ran[i] = true end,
    print = function(...)
      local words = table.pack(...)
      for i = 1, words.n do words[i] = tostring(words[i]) end
      table.insert(result.printed, table.concat(words, "\t"))
    end,
    require = function(name)
      if name == "sio" then return lib end
      if name == "sio.test" then return test_library(dir) end
      return (require(name)) -- one value, as people expect
    end,
  }
  return setmetatable(env, { __index = _G })
end

-- ---- what the clients can do ----------------------------------------------------------------

-- The names of a server's namespaces, and some that its patterns may take.
local function namespaces(app, samples)
  local names = {}
  for name in pairs(app._namespaces) do names[#names + 1] = name end
  for _, name in ipairs(app._parents[1] and samples.namespaces or {}) do
    names[#names + 1] = name
  end
  return names
end

local unsent = { disconnect = true, disconnecting = true, error = true }

-- The events that somebody listens for, in the order in which the block's text has them.
local function events(app, samples, text)
  local list, seen = {}, {}
  local function add(nsp, on)
    for event in pairs(on or {}) do
      local sample = samples.events[event] or { "hello" }
      if not seen[nsp .. event] and not unsent[event] then
        list[#list + 1] = { nsp = nsp, event = event, args = sio.array { table.unpack(sample) },
          bytes = sample.bytes, at = text:find('"' .. event .. '"', 1, true) or 0 }
      end
      seen[nsp .. event] = true
    end
  end
  for name, nsp in pairs(app._namespaces) do
    for _, socket in pairs(nsp.sockets or {}) do add(name, rawget(socket, "_on")) end
    local shared = rawget(nsp, "_events")
    add(name, shared and shared._on)
  end
  table.sort(list, function(a, b) return a.at < b.at end)
  return list
end

local function requests(routes, samples)
  local list = {}
  for _, route in ipairs(routes) do
    local sample = samples.requests[route.path] or {}
    local method = route.method == "*" and "GET" or route.method
    local path = sample.path or route.path
    if path ~= "/guide/plan" and path ~= "/done" then
      list[#list + 1] = { method = method, path = path, headers = sample.headers,
        body = sample.body }
    end
  end
  return list
end

local function left(result)
  local list = {}
  for i, name in ipairs(result.places) do
    if not result.ran[i] then list[#list + 1] = name end
  end
  return sio.array(list)
end

local function drive_app(app, result, samples)
  if not app._namespaces then return end -- sio.engine{}: no sockets
  local function plan()
    return {
      left = result.errors[1] and sio.array {} or left(result), path = app._options.path,
      namespaces = sio.array(namespaces(app, samples)),
      events = sio.array(events(app, samples, result.text)),
      requests = sio.array(requests(result.routes[app], samples)),
    }
  end
  app._router:add("GET", "/guide/plan", plan)
  serve.run(app, drive)
end

local function write(name, text)
  local file = assert(io.open(name, "w"))
  file:write(text)
  file:close()
end

-- ---- one block ------------------------------------------------------------------------------

-- listen as a block has it: what it is given is checked, and the start hooks run.
local function listen(...)
  for _, each in ipairs { ... } do
    assert(address.list(each[2]))
    for _, fn in ipairs(each[1]._start) do core.spawn(fn, core.worker_info()) end
  end
end

local function with_stubs(block, dir, fn)
  if block.spec then return fn() end -- sio.test has its own
  local real, base = listening.listen, host.base_dir
  listening.listen, host.base_dir = listen, dir
  local ok, err = xpcall(fn, debug.traceback)
  listening.listen, host.base_dir = real, base
  if not ok then error(err, 0) end
end

---@class guide.Result
---@field places string[] that have to be reached
---@field left string[] those that were not
---@field errors string[] what it reported
---@field raised? string what ended it
---@field printed string[] lines

--- Runs a block. `samples`: events' arguments, requests' bodies, names of namespaces.
---@param block guide.Block
---@param dir string a folder for its files
---@param samples table
---@return guide.Result
function run.block(block, dir, samples)
  local result, made = { errors = {}, printed = {}, ran = {}, routes = {} }, {}
  local text
  text, result.places = guide.chunk(block)
  result.text = text
  local chunk = assert(load(text, "@" .. block.page, "t", environment(made, result, dir)))
  if block.spec then write(dir .. "/app.lua", guide.app_text(block.base)) end
  with_stubs(block, dir, function()
    local ok, err = xpcall(chunk, function(e) return tostring(e) end)
    if not ok then result.raised = err end
    for _, app in ipairs(ok and made or {}) do drive_app(app, result, samples) end
    for _, app in ipairs(made) do serve.close(app) end
  end)
  result.left = left(result)
  return result
end

--- The Lua blocks of a page as one app, in their order.
---@param page string
function run.app(page)
  local texts = {}
  for _, block in ipairs(guide.blocks(page)) do
    if block.lang == "lua" and block.mark == "" then texts[#texts + 1] = block.text end
  end
  texts[#texts + 1] = "return app"
  return assert(load(table.concat(texts), "@" .. page))()
end

return run
