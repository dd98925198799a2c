-- SPDX-License-Identifier: MIT
-- A WebSocket (RFC 6455) as its client: the handshake, masked frames out, frames in.
--
-- Stands on http.lua; connection.lua beside it uses it.

local http = require "sio.test.http"

---@class sio.test.WebSocket
local WebSocket = {}
WebSocket.__index = WebSocket
WebSocket.__name = "sio.test.WebSocket"

local CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
local mask_key = "\x5a\xc3\x96\x0f" -- unpredictable keys are for proxies, and there is none

local websocket = {}

websocket.message_max = 64 * 1024 * 1024 -- bytes

--- Opens one; nil and the answer when it is refused, nil and why when there was no answer.
---@async
---@param port integer
---@param target string
---@param fields table<string, string|string[]>
---@return sio.test.WebSocket?
---@return sio.test.Response|string?
function websocket.open(port, target, fields)
  local all = {
    Connection = "Upgrade", Upgrade = "websocket", ["Sec-WebSocket-Version"] = "13",
    ["Sec-WebSocket-Key"] = "dGhlIHNhbXBsZSBub25jZQ==",
  }
  for name, value in pairs(fields) do all[name] = value end
  local answer, wire = http.ask(port, "GET", target, all)
  if not answer then return nil, wire end
  if answer.status ~= 101 then return nil, answer end
  return setmetatable({ _wire = wire }, WebSocket)
end

-- Eight bytes at a time: a message may be long.
local function mask(data)
  local key = mask_key:rep(2)
  local key_word = string.unpack("<I8", key)
  local pieces = {}
  for at = 1, #data - 7, 8 do
    pieces[#pieces + 1] = string.pack("<I8", string.unpack("<I8", data, at) ~ key_word)
  end
  for at = #data - #data % 8 + 1, #data do
    pieces[#pieces + 1] = string.char(data:byte(at) ~ key:byte((at - 1) % 8 + 1))
  end
  return table.concat(pieces)
end

local function send(self, op, data)
  local length
  if #data < 126 then
    length = string.pack("B", 0x80 | #data)
  elseif #data < 65536 then
    length = string.pack(">BI2", 0x80 | 126, #data)
  else
    length = string.pack(">BI8", 0x80 | 127, #data)
  end
  return self._wire:write(string.char(0x80 | op) .. length .. mask_key .. mask(data))
end

---@param data string
---@return true?
---@return string? err
function WebSocket:send_text(data)
  return send(self, TEXT, data)
end

---@param data string
---@return true?
---@return string? err
function WebSocket:send_binary(data)
  return send(self, BINARY, data)
end

-- One frame: its head byte and what it carries.
local function read_frame(wire)
  local head, err = wire:exactly(2)
  if not head then return nil, err end
  local first, length = head:byte(1, 2)
  if length >= 126 then
    local wide
    wide, err = wire:exactly(length == 126 and 2 or 8)
    if not wide then return nil, err end
    length = string.unpack(#wide == 2 and ">I2" or ">I8", wide)
  end
  if length < 0 or length > websocket.message_max then return nil, "a message is too long" end
  local data
  data, err = wire:exactly(length)
  if not data then return nil, err end
  return first, data
end

--- The next message and whether it is binary; nil and why there is none.
---@async
---@return string?
---@return boolean|string
function WebSocket:receive()
  local binary, pieces, n = false, {}, 0
  while true do
    local first, data = read_frame(self._wire)
    if not first then return nil, data end
    local op = first & 0x0f
    if op == CLOSE then
      send(self, CLOSE, data)
      self._wire:close()
      return nil, "closed"
    elseif op == PING then
      send(self, PONG, data)
    elseif op ~= PONG then
      if op ~= CONTINUATION then binary = op == BINARY end
      pieces[#pieces + 1], n = data, n + #data
      if n > websocket.message_max then return nil, "a message is too long" end
      if first & 0x80 ~= 0 then return table.concat(pieces), binary end
    end
  end
end

--- Says goodbye and ends it.
function WebSocket:close()
  send(self, CLOSE, string.pack(">I2", 1000))
  self._wire:close()
end

--- Ends it without a word.
function WebSocket:cut()
  self._wire:reset()
end

return websocket
