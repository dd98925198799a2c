-- SPDX-License-Identifier: MIT
-- HTTP/1.1 as a client: writing a request, reading the answer. One request per connection.
--
-- Stands on wire.lua; the app's requests and the WebSocket handshake use it.

local json = require("sio.core").json_decode
local wire = require "sio.test.wire"

local http = {}

http.body_max = 64 * 1024 * 1024 -- bytes of an answer

---@class sio.test.Response
---@field status integer
---@field headers table<string, string|string[]> by lower-case name; a list where it came repeatedly
---@field body string
---@field json any the body as JSON, when it is some

local response_mt = {
  __name = "sio.test.Response",
  __index = function(self, name)
    if name ~= "json" then return nil end
    return (json(self.body))
  end,
}

local function head(method, target, fields)
  local lines = { ("%s %s HTTP/1.1"):format(method, target) }
  for name, value in pairs(fields) do
    for _, each in ipairs(type(value) == "table" and value or { value }) do
      lines[#lines + 1] = name .. ": " .. each
    end
  end
  return table.concat(lines, "\r\n") .. "\r\n\r\n"
end

local function add_field(fields, name, value)
  name = name:lower()
  local old = fields[name]
  if type(old) == "table" then
    old[#old + 1] = value
  else
    fields[name] = old and { old, value } or value
  end
end

-- Status and headers.
local function read_head(from)
  local line, err = from:line()
  if not line then return nil, err end
  local status = line:match "^HTTP/1%.1 (%d%d%d)"
  if not status then return nil, "no HTTP: " .. line end
  local answer = setmetatable({ status = math.tointeger(status), headers = {} }, response_mt)
  while true do
    line, err = from:line()
    if not line then return nil, err end
    if line == "" then return answer end
    add_field(answer.headers, line:match "^([^:]+):%s*(.-)%s*$")
  end
end

local function read_chunks(from)
  local pieces, n = {}, 0
  while true do
    local line, err = from:line()
    local size = line and tonumber(line:match "^%x+", 16)
    if not size then return nil, err or "bad chunk" end
    n = n + size
    if n > http.body_max then return nil, "more than " .. http.body_max .. " bytes" end
    pieces[#pieces + 1], err = from:exactly(size)
    if err then return nil, err end
    line, err = from:line()
    if not line then return nil, err end
    if size == 0 then return table.concat(pieces) end
  end
end

local function read_body(from, method, answer)
  local length = tonumber(answer.headers["content-length"])
  if method == "HEAD" or answer.status < 200 or answer.status == 204 or answer.status == 304 then
    return ""
  elseif answer.headers["transfer-encoding"] == "chunked" then
    return read_chunks(from)
  elseif not length then
    return from:rest(http.body_max)
  elseif length > http.body_max then
    return nil, "more than " .. http.body_max .. " bytes"
  end
  return from:exactly(length)
end

--- Sends a request; the answer, and the connection, which is the caller's after a 101 and closed
--- after anything else. nil and why when there is none.
---@async
---@param port integer
---@param method string
---@param target string path and query
---@param fields table<string, string|string[]> headers besides Host
---@param body? string
---@return sio.test.Response?
---@return sio.test.Wire|string
function http.ask(port, method, target, fields, body)
  local connection, err = wire.open(port)
  if not connection then return nil, err end
  local all = { Host = "127.0.0.1:" .. port, Connection = "close" }
  if body then all["Content-Length"] = #body end
  for name, value in pairs(fields) do all[name] = value end
  connection:write(head(method, target, all) .. (body or ""))
  local answer
  answer, err = read_head(connection)
  if answer and answer.status == 101 then return answer, connection end
  if answer then answer.body, err = read_body(connection, method, answer) end
  connection:close()
  if err then return nil, err end
  return answer, connection
end

return http
