-- SPDX-License-Identifier: MIT
-- The browser client at <path>/socket.io.js and its siblings, as upstream serves it: ETag is its
-- version, compressed when the browser takes that. The files are put into sio/client/ at build
-- time; source maps are not served.
--
-- Stands on core.file_read and core.compress. A file is read and compressed once per worker.

local core = require "sio.core"
local cors = require "sio.http.cors"
local new_headers = require("sio.http.headers").new
local response = require "sio.http.response"
local validator = require "sio.http.validator"

local Client = {}
Client.__index = Client
Client.__name = "sio.Client"

local names = {
  ["socket.io.js"] = true, ["socket.io.min.js"] = true, ["socket.io.esm.min.js"] = true,
  ["socket.io.msgpack.min.js"] = true,
}

local absent = "The browser client is not part of this build of sio-lua: run `make client` in its "
  .. "source tree and install again, or take a release tarball (`make dist`).\n"

-- .../sio/client/, beside the module `sio`
local function find_dir()
  local init = package.searchpath("sio", package.path)
  return init and init:gsub("[^/]*$", "") .. "client/"
end

local function read_version(dir)
  local file = dir and io.open(dir .. "version")
  if not file then return nil end
  local version = file:read "l"
  file:close()
  return version
end

-- Content in a coding (nil: as it is), from memory after the first time.
function Client:load(name, coding)
  local key = name .. " " .. (coding or "")
  if self.cache[key] then return self.cache[key] end
  local content = core.file_read(self.dir .. name)
  if content and coding then content = core.compress(content, coding, 9) end
  self.cache[key] = content
  return content
end

function Client:send(req, name)
  local tag = ('"%s"'):format(self.version)
  local headers = { ["Cache-Control"] = "public, max-age=0", ETag = tag }
  if validator.check(req.headers, tag) == 304 then
    return core.request_respond(req, 304, headers, "")
  end
  local coding = core.choose_coding(req.headers["accept-encoding"])
  local content = self:load(name, coding)
  if not content then return response.text(req, 404, absent) end
  headers["Content-Type"] = "application/javascript; charset=utf-8"
  headers["Content-Encoding"] = coding
  headers.Vary = "Accept-Encoding"
  return core.request_respond(req, 200, headers, content)
end

-- Who may read it, as for the engine. True when that was all that was asked.
function Client:add_cors(req)
  local fields = new_headers()
  local verdict, status = cors.apply(self.cors, req, fields)
  core.request_add_fields(req, fields:flat())
  return verdict == "answer" and core.request_respond(req, status, {}, "")
end

--- Answers when the path is the client's; false otherwise.
---@async
---@param req sio.Request
---@return boolean
function Client:answer(req)
  if req.path:sub(1, #self.prefix) ~= self.prefix then return false end
  local name = req.path:sub(#self.prefix + 1)
  if names[name:gsub("%.map$", "")] == nil then return false end
  if self.cors and self:add_cors(req) then return true end
  if req.method ~= "GET" and req.method ~= "HEAD" then
    response.text(req, 405, "Method Not Allowed\n", { Allow = "GET, HEAD" })
  elseif not names[name] then
    response.text(req, 404, "Not Found\n")
  elseif not self.version then
    response.text(req, 404, absent)
  else
    self:send(req, name)
  end
  return true
end

local client = {}

--- Warns when there is nothing to serve.
---@param path string of the server
---@param cors_options? table|function
function client.new(path, cors_options)
  local dir = find_dir()
  local self = setmetatable({
    prefix = path:gsub("/+$", "") .. "/", dir = dir, version = read_version(dir), cache = {},
    cors = cors_options,
  }, Client)
  if not self.version then
    core.log("warn", "no browser client in " .. tostring(dir) .. ": run `make client` "
      .. "(release tarballs of `make dist` have it)")
  end
  return self
end

return client
