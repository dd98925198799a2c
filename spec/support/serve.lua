-- SPDX-License-Identifier: MIT
-- Runs a server in the process of a Lua spec while a JavaScript snippet talks to it.
--
--     local results = serve(app, [[
--       const c = await client({ token: "x" });
--       return await c.ask("echo", 1);
--     ]])
--
-- Stands on support/snippet.mjs (polling by fetch, no package needed). The loop runs until the
-- snippet has ended, which it says with a request; nothing sleeps. The server stays open, so that a
-- spec can look at it and use it again; serve.close ends it. serve.open makes one for specs whose
-- errors are meant, and would only clutter the output.

local core = require "sio.core"
local router = require "sio.http.router"
local sio = require "sio"

local limit = 20 -- seconds

local serve = {}

local function run_until_stopped()
  local late = false
  local timer = sio.after(limit, function()
    late = true
    core.stop()
  end)
  core.run()
  timer:cancel()
  if late then error(("nothing ended within %d seconds"):format(limit), 3) end
end

-- The snippet's result: { value } or { error = }.
local function read_result(path)
  local file = assert(io.open(path))
  local text = file:read "a"
  file:close()
  os.remove(path)
  local result = assert(sio.json.decode(text), text)
  if result.error then error("the snippet failed: " .. result.error, 3) end
  return result.value
end

--- Runs the snippet against the server and returns what it returns.
function serve.run(app, snippet)
  if not app._port then
    local fd, port = assert(core.process.listen_tcp("127.0.0.1", 0))
    core.server_add_listener(app, fd)
    core.server_ready(app)
    app._ready = true
    app._port = port
    app._router = app._router or router.new {} -- sio.engine has none
    app._router:add("GET", "/done", function() core.stop() return "bye" end)
  end
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write(snippet)
  file:close()
  -- Not under a sanitizer that this process may be preloaded with.
  assert(os.execute(("LD_PRELOAD= node spec/support/snippet.mjs %d %s &"):format(app._port, path)))
  run_until_stopped()
  return read_result(path)
end

--- A server, and no log until serve.close.
function serve.open(options)
  core.set_log_level "off"
  return sio.server(options or { serve_client = false })
end

--- Closes the server and waits for that.
function serve.close(app)
  core.set_log_level "info"
  if not app or app._closed then return end
  app._on_closed = { core.stop }
  app:close()
  run_until_stopped()
end

--- Runs the loop until fn's coroutine calls `done`.
function serve.wait(fn)
  sio.spawn(fn, core.stop)
  run_until_stopped()
end

return setmetatable(serve, { __call = function(_, ...) return serve.run(...) end })
