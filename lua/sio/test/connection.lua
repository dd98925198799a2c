-- SPDX-License-Identifier: MIT
-- An Engine.IO session over a WebSocket, as its client: answers pings, hands messages on.
--
-- Stands on websocket.lua; socket.lua uses it. The owner's events are message(owner, text),
-- attachment(owner, bytes) and, once, close(owner, reason), unless it has closed it itself.

local core = require "sio.core"
local percent = require "sio.http.percent"
local websocket = require "sio.test.websocket"

---@class sio.test.Connection
---@field sid string
local Connection = {}
Connection.__index = Connection
Connection.__name = "sio.test.Connection"

local PING, PONG, MESSAGE, CLOSE = "2", "3", "4", "1"

local connection = {}

local function target(path, query)
  local parts = { "EIO=4", "transport=websocket" }
  for name, value in pairs(query) do
    parts[#parts + 1] = percent.encode(name) .. "=" .. percent.encode(tostring(value))
  end
  return path .. "/?" .. table.concat(parts, "&")
end

-- The sentence about an answer that is no 101.
local function refusal(answer)
  if type(answer) ~= "table" then return { message = tostring(answer) } end
  local body = answer.json
  return {
    message = type(body) == "table" and body.message or "HTTP " .. answer.status,
    status = answer.status, data = body, response = answer,
  }
end

--- Opens a session; nil and { message =, status =, data =, response = } when it is refused.
---@async
---@param port integer
---@param path string
---@param query table<string, any>
---@param headers table<string, string>
---@return sio.test.Connection?
---@return sio.test.ConnectError? err
function connection.open(port, path, query, headers)
  local socket, answer = websocket.open(port, target(path, query), headers)
  if not socket then return nil, refusal(answer) end
  local open, err = socket:receive()
  local json = open and open:match "^0(.*)$"
  if not json then return nil, { message = err or "no open packet" } end
  local self = setmetatable({ _socket = socket }, Connection)
  self.sid = core.json_decode(json).sid
  return self
end

-- Why it has ended.
local function read(self, events, owner)
  while true do
    local data, binary = self._socket:receive()
    if not data then return binary == "closed" and "transport close" or "transport error" end
    local kind = not binary and data:sub(1, 1)
    if binary then
      events.attachment(owner, data)
    elseif kind == PING then
      self._socket:send_text(PONG)
    elseif kind == MESSAGE then
      events.message(owner, data:sub(2))
    elseif kind == CLOSE then
      self._socket:close()
      return "transport close"
    end
  end
end

--- Reads from here on, in a coroutine of its own.
---@param events table<string, function>
---@param owner table
function Connection:start(events, owner)
  core.spawn(function()
    local reason = read(self, events, owner)
    if self._ended then return end
    self._ended = true
    self._socket:cut()
    events.close(owner, reason)
  end)
end

--- A message and the attachments behind it; nil and why when it is gone.
---@param text string
---@param attachments? string[]
---@return true?
---@return string? err
function Connection:send(text, attachments)
  local sent, err = self._socket:send_text(MESSAGE .. text)
  for _, bytes in ipairs(attachments or {}) do
    if sent then sent, err = self._socket:send_binary(bytes) end
  end
  return sent, err
end

--- Ends it: with a goodbye, or without.
---@param rudely boolean
function Connection:close(rudely)
  if self._ended then return end
  self._ended = true
  if rudely then self._socket:cut() else self._socket:close() end
end

return connection
