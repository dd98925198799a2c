-- SPDX-License-Identifier: MIT
-- Socket.IO packets (protocol v5) as a client writes and reads them:
--
--     <type>[<attachments>-][/namespace,][<ack id>][<JSON>]
--
-- Stands on the core's JSON, as the server does; the texts around it are this file's own.

local core = require "sio.core"

local packet = {}

packet.CONNECT, packet.DISCONNECT, packet.EVENT, packet.ACK, packet.CONNECT_ERROR = 0, 1, 2, 3, 4
packet.BINARY = 3 -- what an EVENT or ACK with attachments is more than one without

---@class sio.test.Packet
---@field type integer without the part for attachments
---@field nsp string
---@field id? integer of the acknowledgement
---@field attachments integer how many will follow
---@field json string

local function write(kind, nsp, id, n, json)
  return kind .. (n > 0 and n .. "-" or "") .. (nsp ~= "/" and nsp .. "," or "") ..
    (id or "") .. json
end

--- A CONNECT or DISCONNECT.
---@param kind integer
---@param nsp string
---@param value? table
---@return string
function packet.encode(kind, nsp, value)
  return write(kind, nsp, nil, 0, value and assert(core.json_encode(value)) or "")
end

--- An EVENT or ACK and its attachments. Raises, naming the argument, for what cannot be sent.
---@param kind integer
---@param nsp string
---@param id? integer
---@param ... any
---@return string text
---@return string[] attachments
function packet.encode_args(kind, nsp, id, ...)
  local json, attachments = core.json_encode_args(...)
  local n = #attachments
  return write(n > 0 and kind + packet.BINARY or kind, nsp, id, n, json), attachments
end

---@param text string
---@return sio.test.Packet
function packet.decode(text)
  local kind, rest = text:match "^(%d)(.*)$"
  kind = math.tointeger(kind)
  local result = { type = kind, nsp = "/", attachments = 0 }
  if kind > packet.CONNECT_ERROR then
    local n
    n, rest = rest:match "^(%d+)%-(.*)$"
    result.type, result.attachments = kind - packet.BINARY, math.tointeger(n)
  end
  local nsp, behind = rest:match "^(/[^,]*),?(.*)$"
  if nsp then result.nsp, rest = nsp, behind end
  local id
  id, result.json = rest:match "^(%d*)(.*)$"
  result.id = math.tointeger(id)
  return result
end

--- The values of an EVENT or ACK.
---@param json string
---@param attachments string[]
---@return table packed with n
function packet.decode_args(json, attachments)
  return table.pack(core.json_decode_args(json, attachments))
end

return packet
