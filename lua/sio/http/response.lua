-- SPDX-License-Identifier: MIT
-- What a handler returned -> an HTTP answer.
--
--     return "<h1>hi</h1>"        200, text/html (text/plain when it does not begin with "<")
--     return { ok = true }        200, application/json; also booleans, numbers and sio.null
--     return nil, 204             no body
--     return body, status, { ["Content-Type"] = "text/csv", ["Set-Cookie"] = { "a=1", "b=2" } }
--
-- Stands on core.request_respond, which refuses line breaks in headers.

local core = require "sio.core"

local response = {}

local function check_headers(headers)
  local result = {}
  for name, value in pairs(headers or {}) do
    if type(value) == "number" then value = tostring(value) end
    result[name] = value
  end
  return result
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

--- Answers with what a handler returned.
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
  local fields = check_headers(headers)
  if body == nil then return core.request_respond(req, status or 204, fields, "") end
  local text, kind = encode(body)
  if not has(fields, "content-type") then fields["Content-Type"] = kind end
  return core.request_respond(req, status or 200, fields, text)
end

--- A short text.
---@param req sio.Request
---@param status integer
---@param text string
---@param headers? table<string, string>
function response.text(req, status, text, headers)
  local fields = check_headers(headers)
  fields["Content-Type"] = "text/plain; charset=utf-8"
  return core.request_respond(req, status, fields, text)
end

--- Whether If-None-Match names the tag (weak comparison, RFC 9110 §8.8.3.2).
---@param req sio.Request
---@param tag string without quotes
---@return boolean
function response.matches(req, tag)
  local header = req.headers["if-none-match"]
  if not header then return false end
  if header:match "^%s*%*%s*$" then return true end
  for each in header:gmatch '"([^"]*)"' do
    if each == tag then return true end
  end
  return false
end

return response
