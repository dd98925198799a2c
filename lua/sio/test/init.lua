-- SPDX-License-Identifier: MIT
-- require "sio.test": an application and its clients in the process of a test.
--
--     local test = require "sio.test"
--
--     it("greets", test(function()
--       local app = test.start "app.lua"
--       local ann = assert(app:client())
--       assert.same({ "hello" }, ann:wait "greeting")
--     end))
--
-- A test's function runs in a coroutine while the loop runs; what it opens is closed when it ends,
-- also when it fails. Stands on scope.lua and app.lua. Works with busted, and without.

local app = require "sio.test.app"
local check = require "sio.options.check"
local core = require "sio.core"
local errors = require "sio.error"
local host = require "sio.host"
local listening = require "sio.listening"
local scope = require "sio.test.scope"

local test = {}

---@class sio.test.Options
---@field timeout? number seconds that the test may take; 10

local known = { timeout = { "number", 10, check.positive_seconds } }

-- ---- errors ---------------------------------------------------------------------------------

-- "spec/chat_spec.lua:12: ": the innermost line of the test's own file.
local function where(thread, level, source)
  for each = level, 64 do
    local info = debug.getinfo(thread, each, "Sl")
    if not info then return "" end
    if info.source == source then return ("%s:%d: "):format(info.short_src, info.currentline) end
  end
  return ""
end

local function has_line(text)
  return text:find "^[^\n]-:%d+: " ~= nil
end

-- Gives an error the test's line, when it says none itself. busted's failures stay what they are.
local function located(err, line)
  local mt = type(err) == "table" and getmetatable(err) or nil
  if mt and mt.__type then
    err.message = located(err.message, line)
    return err
  end
  if type(err) ~= "string" and not (mt and mt.__tostring) then return err end
  local text = tostring(err)
  return has_line(text) and text or line .. text
end

-- ---- running --------------------------------------------------------------------------------

local function late_message(running, thread, source, seconds)
  local what = running.waits[thread]
  local text = ("%sthe test has not ended within %g seconds%s"):format(where(thread, 0, source),
    seconds, what and ", it waits for " .. what or "")
  for _, mishap in ipairs(running:take_mishaps()) do text = text .. "\n" .. mishap end
  return text
end

-- Runs the body in the loop; true, or false and its error.
local function run(body, seconds)
  local running = scope.open()
  local source = debug.getinfo(body, "S").source
  local thread, result
  local function finish(...)
    if result then return end
    result = table.pack(...)
    running:close()
    core.stop()
  end
  local timer
  core.after(0, function()
    thread = coroutine.running()
    timer = core.after(seconds, function()
      finish(false, late_message(running, thread, source, seconds))
    end)
    finish(xpcall(body, function(err) return located(err, where(thread, 2, source)) end))
  end)
  core.run()
  timer:cancel()
  local mishap = running:take_mishaps()[1]
  if result[1] and mishap then return false, mishap end
  return result[1], result[2]
end

local function checked_options(given)
  if type(given) ~= "table" then errors.check_argument("sio.test", 1, "table", given) end
  return check.with_defaults(given, known)
end

--- A function that runs the test: for busted's it(), or to be called.
---@param options sio.test.Options
---@param body async fun()
---@return fun()
---@overload fun(body: async fun()): fun()
local function make(_, options, body)
  if body == nil then options, body = {}, options end
  errors.check_argument("sio.test", 1, "function", body)
  local o = checked_options(options)
  return function()
    if core.running() then errors.raise "a test runs already: there are no tests inside a test" end
    local passed, err = run(body, o.timeout)
    if not passed then error(err, 0) end
  end
end

-- ---- starting -------------------------------------------------------------------------------

local function note_errors(server, running)
  if not server._error then return end
  table.insert(server._error, function(message, context)
    running:add_mishap(("%s failed: %s"):format(context.event and ('a handler of "%s"')
      :format(context.event) or context.what, message))
  end)
end

-- Runs fn while servers that want to listen do so here; the apps.
local function with_trial(running, fn)
  local apps = {}
  host.trial = function(server)
    if server._options.tls or server._options.proxy_protocol then
      errors.raise "sio.test speaks plain HTTP: leave out tls and proxy_protocol under test"
    end
    note_errors(server, running)
    listening.listen_on_trial(server)
    apps[#apps + 1] = app.new(server, running)
  end
  local ran, err = pcall(fn)
  host.trial = nil
  if not ran then error(err, 0) end
  return apps
end

-- The main chunk may not wait, as under sio-lua: people's own coroutines cannot.
local function run_file(file)
  local chunk, err = loadfile(file)
  if not chunk then error(err, 0) end
  local thread = coroutine.create(chunk)
  local arguments = arg
  _G.arg = { [0] = file }
  local ran, result = coroutine.resume(thread)
  _G.arg = arguments
  if not ran then error(result, 0) end
  return result
end

local function is_server(value)
  return type(value) == "table" and type(value.listen) == "function"
end

local function start_file(running, file)
  local path = core.process.realpath(file)
  if not path then errors.raise("cannot read %s", file) end
  local base_dir = host.base_dir
  host.base_dir = path:match "^(.+)/[^/]*$" or "/"
  running:on_close(function() host.base_dir = base_dir end)
  local apps = with_trial(running, function()
    local made = run_file(path)
    if is_server(made) and not made._listening then made:listen() end
  end)
  if #apps == 0 then errors.raise("%s ended without app:listen()", file) end
  return apps
end

--- Starts an application on a free port of the loopback, whatever it says itself: an app file, or a
--- server that the test has made. It is closed when the test ends. An app file that makes several
--- servers gives several.
---@param what string|sio.Server|sio.Engine a path relative to the current folder
---@return sio.test.App ...
function test.start(what)
  local running = scope.current "start"
  local apps
  if type(what) == "string" then
    apps = start_file(running, what)
  elseif is_server(what) then
    apps = with_trial(running, function() what:listen() end)
  else
    errors.raise("bad argument #1 to 'start' (an app file or a server expected, got %s)",
      type(what))
  end
  return table.unpack(apps)
end

return setmetatable(test, { __call = make, __name = "sio.test" })
