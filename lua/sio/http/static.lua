-- SPDX-License-Identifier: MIT
-- Files of a folder below a URL prefix: index files, ETag and 304, nothing outside, no hidden
-- files. A symbolic link is followed wherever it leads: who can put one there means it.
--
-- Stands on core.file_read, which reads on the thread pool while this coroutine waits.

local core = require "sio.core"
local errors = require "sio.error"
local mime = require "sio.http.mime"
local response = require "sio.http.response"

local Folder = {}
Folder.__index = Folder
Folder.__name = "sio.Folder"

-- The file that a decoded path below the prefix names, relative to the folder; nil when it may not
-- be served. Split at "/" after decoding, so %2e%2e and %2f hide nothing.
local function safe_path(rest)
  if rest:find "[%z\\]" then return nil end
  for part in rest:gmatch "[^/]+" do
    if part:sub(1, 1) == "." and part ~= ".well-known" then return nil end
  end
  return (rest:gsub("/+", "/"))
end

-- What follows the prefix, beginning with "/"; nil when the path is not below it.
local function below(prefix, path)
  if prefix == "/" then return path end
  if path == prefix then return "" end
  if path:sub(1, #prefix + 1) == prefix .. "/" then return path:sub(#prefix + 1) end
end

function Folder:headers(version)
  return {
    ETag = ('W/"%s"'):format(version),
    ["Cache-Control"] = ("public, max-age=%d"):format(self.max_age),
  }
end

local function known_version(req)
  local tag = req.headers["if-none-match"]
  return tag and tag:match '"([%x-]+)"'
end

-- Reads and answers; false and why when there is no such file.
function Folder:send(req, path)
  local content, version = core.file_read(self.dir .. path, known_version(req))
  if content == nil then return false, version end
  local headers = self:headers(version)
  if content == false then
    core.request_respond(req, 304, headers, "")
    return true
  end
  headers["Content-Type"] = mime.of(path)
  headers["X-Content-Type-Options"] = "nosniff"
  core.request_respond(req, 200, headers, content)
  return true
end

local function redirect(req)
  local path, query = req.url:match "^([^?]*)(.*)$"
  -- "//host" would be another origin's address.
  local location = "/" .. path:gsub("^/+", "") .. "/" .. query
  response.text(req, 301, "Moved Permanently\n", { Location = location })
  return true
end

function Folder:explain(req, why)
  if why == "directory" and self.index and req.path:sub(-1) ~= "/" then return redirect(req) end
  if why == "too large" or why == "unreadable" then
    core.log("warn", ("static file %s is %s"):format(core.json_encode(req.path) or "?", why))
  end
  return false
end

--- Answers the request when it is for a file here; false otherwise.
---@async
---@param req sio.Request
---@return boolean
function Folder:answer(req)
  if req.method ~= "GET" and req.method ~= "HEAD" then return false end
  local rest = below(self.prefix, req.path)
  local path = rest and safe_path(rest)
  if not path then return false end
  if path == "" then return self.index and redirect(req) or false end
  if path:sub(-1) == "/" then
    if not self.index then return false end
    path = path .. self.index
  end
  local sent, why = self:send(req, path)
  return sent or self:explain(req, why)
end

local static = {}

local known = { index = true, max_age = true }

local function check_options(opts)
  for name in pairs(opts) do
    if not known[name] then
      local near = errors.suggest(tostring(name), known)
      errors.raise("static: unknown option '%s'%s", tostring(name),
        near and (" (did you mean '%s'?)"):format(near) or "")
    end
  end
  if opts.index ~= nil and opts.index ~= false and type(opts.index) ~= "string" then
    errors.raise "static: option 'index': file name or false expected"
  elseif opts.max_age ~= nil and type(opts.max_age) ~= "number" then
    errors.raise "static: option 'max_age': seconds expected"
  end
end

---@param prefix string
---@param dir string absolute
---@param opts { index?: string|false, max_age?: number }
function static.new(prefix, dir, opts)
  if prefix:sub(1, 1) ~= "/" then errors.raise "static: the prefix begins with '/'" end
  check_options(opts)
  if not core.process.realpath(dir) then
    core.log("warn", ("static: there is no folder %s"):format(dir))
  end
  local index = opts.index
  if index == nil then index = "index.html" end
  return setmetatable({
    prefix = #prefix > 1 and prefix:gsub("/+$", "") or prefix,
    dir = dir:gsub("/+$", ""), index = index, max_age = math.floor(opts.max_age or 0),
  }, Folder)
end

return static
