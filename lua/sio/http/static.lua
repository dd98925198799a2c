-- SPDX-License-Identifier: MIT
-- Files of a folder below a URL prefix: index files, conditional requests, ranges, compressed
-- variants (app.js.br and app.js.gz beside app.js), nothing outside. A symbolic link is followed
-- wherever it leads: who can put one there means it.
--
-- Stands on core.file_open and core.request_send_file, which open and read on the thread pool.

local check = require "sio.options.check"
local core = require "sio.core"
local date = require "sio.http.date"
local errors = require "sio.error"
local mime = require "sio.http.mime"
local range = require "sio.http.range"
local response = require "sio.http.response"
local validator = require "sio.http.validator"

local Folder = {}
Folder.__index = Folder
Folder.__name = "sio.Folder"

local coding_of = { [".br"] = "br", [".gz"] = "gzip" }
local suffixes = { ".br", ".gz" } -- the better one first
local settled_seconds = 2

-- ---- which file -----------------------------------------------------------------------------

-- The file that a decoded path below the prefix names, relative to the folder; nil when it may not
-- be served, with true when it is hidden. Split at "/" after decoding, so %2e%2e and %2f hide
-- nothing.
local function safe_path(rest, dotfiles)
  if rest:find "[%z\\]" then return nil end
  for part in rest:gmatch "[^/]+" do
    if part == "." or part == ".." then return nil end
    if part:sub(1, 1) == "." and part ~= ".well-known" and dotfiles ~= "allow" then
      return nil, true
    end
  end
  return (rest:gsub("/+", "/"))
end

-- What follows the prefix, beginning with "/"; nil when the path is not below it.
local function below(prefix, path)
  if prefix == "/" then return path end
  if path == prefix then return "" end
  if path:sub(1, #prefix + 1) == prefix .. "/" then return path:sub(#prefix + 1) end
end

local function wanted_suffixes(req)
  local header, result = req.headers["accept-encoding"], {}
  for i, suffix in ipairs(suffixes) do
    result[i] = { suffix, core.accepts_coding(header, coding_of[suffix]) }
  end
  return result
end

-- ---- how it is answered ---------------------------------------------------------------------

-- Weak while the file is so young that another change could leave its size and time as they are.
local function make_tag(info)
  local weak = os.time() - info.mtime < settled_seconds and "W/" or ""
  return ('%s"%x-%x%06x%s"'):format(weak, info.size, info.mtime, info.mtime_ns // 1000,
    (info.suffix or ""):gsub("%.", "-"))
end

function Folder:headers(info, tag)
  return {
    ETag = tag,
    ["Last-Modified"] = date.format(info.mtime),
    ["Cache-Control"] = self.cache_control,
    ["Accept-Ranges"] = "bytes",
    ["Vary"] = info.varies and "Accept-Encoding" or nil,
  }
end

-- Status, offset and length of what is asked for.
local function choose_part(req, info, tag)
  if req.method ~= "GET" or not validator.allows_range(req.headers, tag, info.mtime) then
    return 200, 0, info.size
  end
  local from, length = range.parse(req.headers.range, info.size)
  if from == nil then return 200, 0, info.size end
  if not from then return 416 end
  return 206, from, length
end

function Folder:send(req, path, file, info)
  local tag = make_tag(info)
  local headers = self:headers(info, tag)
  local failed = validator.check(req.headers, tag, info.mtime)
  if failed == 304 then return core.request_respond(req, 304, headers, "") end
  if failed then return response.text(req, failed, "Precondition Failed\n") end
  local status, from, length = choose_part(req, info, tag)
  if status == 416 then
    headers["Content-Range"] = ("bytes */%d"):format(info.size)
    return response.text(req, 416, "Range Not Satisfiable\n", headers)
  elseif status == 206 then
    headers["Content-Range"] = ("bytes %d-%d/%d"):format(from, from + length - 1, info.size)
  end
  headers["Content-Type"] = mime.of(path)
  headers["Content-Encoding"] = coding_of[info.suffix]
  headers["X-Content-Type-Options"] = "nosniff"
  return core.request_send_file(req, status, headers, file, from, length)
end

local function redirect(req)
  local query = req.url:match "%?.*$" or ""
  -- "//host" would be another origin's address.
  local location = "/" .. req.raw_path:gsub("^/+", "") .. "/" .. query
  response.text(req, 301, "Moved Permanently\n", { Location = location })
  return true
end

-- There is nothing to send.
function Folder:pass(req)
  if self.fallthrough then return false end
  response.text(req, 404, "Not Found\n")
  return true
end

function Folder:explain(req, why)
  if why == "directory" and self.index and req.path:sub(-1) ~= "/" then return redirect(req) end
  if why ~= "busy" then return self:pass(req) end
  response.text(req, 503, "Service Unavailable\n", { ["Retry-After"] = 1 })
  return true
end

--- Answers the request when it is for a file here; false otherwise.
---@async
---@param req sio.Request
---@return boolean
function Folder:answer(req)
  if req.method ~= "GET" and req.method ~= "HEAD" then return false end
  local rest = below(self.prefix, req.path)
  if not rest then return false end
  local path, hidden = safe_path(rest, self.dotfiles)
  if not path and hidden and self.dotfiles == "deny" then
    response.text(req, 403, "Forbidden\n")
    return true
  elseif not path then
    return self:pass(req)
  elseif path == "" then
    return self.index and redirect(req) or self:pass(req)
  elseif path:sub(-1) == "/" then
    if not self.index then return self:pass(req) end
    path = path .. self.index
  end
  local file <close>, info = core.file_open(self.dir .. path, wanted_suffixes(req))
  if not file then return self:explain(req, info) end
  self:send(req, path, file, info)
  return true
end

-- ---- making ---------------------------------------------------------------------------------

local static = {}

local function file_name(value)
  if value == true or value == "" then return "a file name or false expected" end
end

local known = {
  index = { "string or boolean", "index.html", file_name },
  max_age = { "number", 0, function(value) return errors.seconds_problem(value, 24 * 366) end },
  immutable = { "boolean", false },
  dotfiles = { "string", "ignore", check.one_of("policy", { "ignore", "allow", "deny" }) },
  fallthrough = { "boolean", true },
}

---@param prefix string
---@param dir string absolute
---@param opts sio.StaticOptions
function static.new(prefix, dir, opts)
  if prefix:sub(1, 1) ~= "/" then errors.raise "static: the prefix begins with '/'" end
  local checked = check.with_defaults(opts, known, "static.")
  if not core.process.realpath(dir) then
    core.log("warn", ("static: there is no folder %s"):format(dir))
  end
  checked.prefix = #prefix > 1 and prefix:gsub("/+$", "") or prefix
  checked.dir = dir:gsub("/+$", "")
  checked.cache_control = ("public, max-age=%d%s"):format(math.floor(checked.max_age),
    checked.immutable and ", immutable" or "")
  return setmetatable(checked, Folder)
end

return static
