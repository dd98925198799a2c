-- SPDX-License-Identifier: MIT
-- An application that a test has started: clients, requests, its end.
--
-- Stands on client.lua and http.lua; init.lua makes them from a server that listens on a free port
-- of the loopback.

local check = require "sio.options.check"
local client = require "sio.test.client"
local closing = require "sio.closing"
local errors = require "sio.error"
local http = require "sio.test.http"
local json = require("sio.core").json_encode

---@class sio.test.App
---@field server sio.Server
---@field port integer
---@field url string "http://127.0.0.1:<port>"
---@field path string of the clients' requests: "/socket.io"
local App = {}
local app_mt = { __name = "sio.test.App", __index = App }

---@class sio.test.RequestOptions
---@field headers? table<string, string|string[]>
---@field body? string
---@field json? any becomes the body, with its Content-Type

local known = { headers = { "table" }, body = { "string" }, json = { "table" } }
local close_limit = 2 -- seconds that requests and stop hooks may take

--- Connects a client; nil and why when it is refused.
---
---     local ann, err = app:client { auth = { token = "x" } }
---
---@async
---@param options? sio.test.ClientOptions
---@return sio.test.Client?
---@return sio.test.ConnectError? err with message, and data where the server gave some
function App:client(options)
  errors.check_self("client", self, app_mt)
  if self.server._options.parser ~= "default" then
    errors.raise "client: a server with the default parser expected, sio.test knows no other"
  end
  return client.connect(self, self._scope, options)
end

--- Sends a request to the application's HTTP; nil and why when there is no answer.
---
---     local answer = app:request("POST", "/notes", { json = { text = "hi" } })
---
---@async
---@param method string
---@param target string path and query
---@param options? sio.test.RequestOptions
---@return sio.test.Response?
---@return string? err
function App:request(method, target, options)
  errors.check_self("request", self, app_mt)
  errors.check_argument("request", 1, "string", method)
  errors.check_argument("request", 2, "string", target)
  local o = check.with_defaults(options or {}, known)
  local fields, body = {}, o.body
  if o.json ~= nil then
    fields["Content-Type"] = "application/json"
    body = assert(json(o.json))
  end
  for name, value in pairs(o.headers or {}) do fields[name] = value end
  local answer, err = self._scope:during(("the answer to %s %s"):format(method, target), http.ask,
    self.port, method, target, fields, body)
  if not answer then return nil, err end
  return answer
end

--- The errors of handlers since the last call, as text. Those that nobody asks for fail the test.
---@return string[]
function App:errors()
  errors.check_self("errors", self, app_mt)
  return self._scope:take_mishaps()
end

--- Closes the server as app:close() does, and waits until it is closed. A test's end does it too.
---@async
function App:close()
  errors.check_self("close", self, app_mt)
  closing.close_and_wait(self.server, close_limit)
end

local app = {}

--- For init.lua.
---@param server sio.Server|sio.Engine that listens
---@param scope sio.test.Scope
---@return sio.test.App
function app.new(server, scope)
  local self = setmetatable({
    server = server, port = server._port, url = "http://127.0.0.1:" .. server._port,
    path = server._options.path, _scope = scope,
  }, app_mt)
  scope:on_close(function() self:close() end)
  return self
end

return app
