-- SPDX-License-Identifier: MIT
-- What a handler returned -> an HTTP answer.
--
--     return "<h1>hi</h1>"        200, text/html (text/plain when it does not begin with "<")
--     return { ok = true }        200, application/json; also booleans, numbers and sio.null
--     return nil, 204             no body
--     return body, status, { ["Content-Type"] = "text/csv", ["Set-Cookie"] = { "a=1", "b=2" } }
--     return function(write) write "a" sio.sleep(1) write "b" end      in pieces
--
-- Stands on core.request_*, which refuse line breaks in headers.

local core = require "sio.core"
local errors = require "sio.error"

local response = {}

-- How the body is framed is not the handler's to say, but for two things: that the connection
-- shall be closed, and how long a body in pieces will be.
local function take_framing(name, value, framing)
  local lower = name:lower()
  if lower == "connection" and type(value) == "string" and value:lower() == "close" then
    framing.close = true
  elseif lower == "content-length" then
    framing.length = math.tointeger(tonumber(value))
    if not framing.length or framing.length < 0 then error("Content-Length is no length", 0) end
  elseif lower == "connection" or lower == "transfer-encoding" then
    error(("the header %s is the server's to set"):format(name), 0)
  else
    return false
  end
  return true
end

-- The fields without those of framing, and these.
local function check_headers(headers)
  local fields, framing = {}, {}
  for name, value in pairs(headers or {}) do
    if type(value) == "number" then value = tostring(value) end
    if type(name) ~= "string" or not take_framing(name, value, framing) then
      fields[name] = value
    end
  end
  return fields, framing
end

local function has(headers, wanted)
  for name in pairs(headers) do
    if type(name) == "string" and name:lower() == wanted then return true end
  end
  return false
end

-- text and its type
local function encode(body)
  if type(body) == "string" then
    local html = body:find "^%s*<"
    return body, html and "text/html; charset=utf-8" or "text/plain; charset=utf-8"
  elseif core.is_binary(body) then
    return body, "application/octet-stream"
  end
  local text, err = core.json_encode(body)
  if not text then error("the handler's body " .. err, 0) end
  return text, "application/json; charset=utf-8"
end

local function has_body(req, status)
  return req.method ~= "HEAD" and status ~= 204 and status ~= 304
end

-- A body in pieces: `make` is called with the function that writes one. An error of it leaves the
-- answer open, for router.lua to cut.
local function stream(req, make, status, fields, framing)
  if not has(fields, "content-type") then fields["Content-Type"] = "text/plain; charset=utf-8" end
  if not core.request_begin(req, status, fields, framing.length, framing.close) then return end
  if has_body(req, status) then
    make(function(data)
      if type(data) ~= "string" and not core.is_binary(data) then
        errors.raise("bad argument #1 to 'write' (string or sio.binary expected, got %s)",
          type(data))
      end
      return core.request_write(req, data)
    end)
  end
  core.request_end(req)
end

--- Answers with what a handler returned.
---@async
---@param req sio.Request
---@param body any
---@param status? integer
---@param headers? table<string, string|number|string[]>
function response.send(req, body, status, headers)
  if status ~= nil and math.type(status) ~= "integer" then
    error("the handler's second result is the HTTP status, a number", 0)
  elseif headers ~= nil and type(headers) ~= "table" then
    error("the handler's third result is a table of headers", 0)
  end
  local fields, framing = check_headers(headers)
  if type(body) == "function" then return stream(req, body, status or 200, fields, framing) end
  if framing.length then error("Content-Length is for bodies that a function writes", 0) end
  if body == nil then
    return core.request_respond(req, status or 204, fields, "", framing.close)
  end
  local text, kind = encode(body)
  if not has(fields, "content-type") then fields["Content-Type"] = kind end
  return core.request_respond(req, status or 200, fields, text, framing.close)
end

--- A short text.
---@param req sio.Request
---@param status integer
---@param text string
---@param headers? table<string, string>
function response.text(req, status, text, headers)
  local fields, framing = check_headers(headers)
  fields["Content-Type"] = "text/plain; charset=utf-8"
  return core.request_respond(req, status, fields, text, framing.close)
end

return response
