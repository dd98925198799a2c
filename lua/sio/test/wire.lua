-- SPDX-License-Identifier: MIT
-- Bytes to and from a port of this machine, read by lines and lengths in coroutines.
--
-- Stands on csrc/bind/stream.c; http.lua and websocket.lua beside it use it.

local core = require "sio.core"

---@class sio.test.Wire
---@field _text string what was read
---@field _at integer where in it the next one to take begins
local Wire = {}
Wire.__index = Wire
Wire.__name = "sio.test.Wire"

local wire = {}

wire.line_max = 64 * 1024 -- bytes; longer ones end the reading

---@param port integer
---@return sio.test.Wire?
---@return string? err
function wire.open(port)
  local stream, err = core.stream_open(port)
  if not stream then return nil, err end
  return setmetatable({ _stream = stream, _text = "", _at = 1 }, Wire)
end

--- The next n bytes; nil and why there are fewer.
---@async
---@param n integer
---@return string?
---@return string? err
function Wire:exactly(n)
  local first = self._text:sub(self._at, self._at + n - 1)
  self._at = self._at + #first
  if #first == n then return first end
  local pieces, missing = { first }, n - #first
  while missing > 0 do
    local bytes, err = self._stream:read()
    if not bytes then return nil, err end
    pieces[#pieces + 1] = bytes:sub(1, missing)
    self._text, self._at = bytes, missing + 1
    missing = missing - #pieces[#pieces]
  end
  return table.concat(pieces)
end

--- A line without its end, CR LF; nil and why there is none.
---@async
---@return string?
---@return string? err
function Wire:line()
  while true do
    local from, to = self._text:find("\r\n", self._at, true)
    if (from or #self._text + 1) - self._at > wire.line_max then
      return nil, "a line is too long"
    elseif from then
      local line = self._text:sub(self._at, from - 1)
      self._at = to + 1
      return line
    end
    local bytes, err = self._stream:read()
    if not bytes then return nil, err end
    self._text, self._at = self._text:sub(self._at) .. bytes, 1
  end
end

--- All that comes until the peer ends it, at most so many bytes.
---@async
---@param most integer
---@return string?
---@return string? err
function Wire:rest(most)
  local pieces = { self._text:sub(self._at) }
  local n = #pieces[1]
  while n <= most do
    local bytes, err = self._stream:read()
    if not bytes and err ~= "closed" then return nil, err end
    if not bytes then return table.concat(pieces) end
    pieces[#pieces + 1] = bytes
    n = n + #bytes
  end
  return nil, "more than " .. most .. " bytes"
end

---@param bytes string
---@return true?
---@return string? err
function Wire:write(bytes)
  return self._stream:write(bytes)
end

--- Ends it once all is written.
function Wire:close()
  self._stream:close()
end

--- Cuts it.
function Wire:reset()
  self._stream:reset()
end

return wire
