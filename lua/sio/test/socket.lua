-- SPDX-License-Identifier: MIT
-- What a client and its namespace say to each other: CONNECT, events, acknowledgements, the end.
--
-- Stands on connection.lua and packet.lua; `client` is an object of client.lua, whose fields are
-- kept here. Invariant: whoever waits for the server is woken when the client is disconnected.

local connection = require "sio.test.connection"
local core = require "sio.core"
local emitter = require "sio.emitter"
local packet = require "sio.test.packet"

local socket = {}

---@class sio.test.ConnectError
---@field message string
---@field data any
---@field status? integer of the HTTP answer, where the connection was refused before Socket.IO
---@field response? sio.test.Response
local error_mt = {
  __name = "sio.test.ConnectError",
  __tostring = function(self) return self.message end,
}

-- ---- the end --------------------------------------------------------------------------------

--- Everything that waits for the server ends. `kept`: wait "disconnect" shall see it.
---@param client sio.test.Client
---@param reason string
---@param kept boolean
function socket.leave(client, reason, kept)
  if not client.connected then return end
  client.connected, client.id = false, nil
  local acks = client._acks
  client._acks = {}
  for _, answer in pairs(acks) do answer "disconnected" end
  if client._on and client._on.disconnect then
    core.spawn(emitter.dispatch, client, "disconnect", nil, reason)
  elseif kept then
    client._inbox:put("disconnect", { reason })
  end
  client._inbox:drop "disconnected"
end

-- ---- what comes -----------------------------------------------------------------------------

-- What the server appends for recovery is no argument of the application's.
local function take_offset(client, args)
  local last = args[args.n]
  if not client.pid or type(last) ~= "string" then return end
  client.offset = last
  args[args.n] = nil
  args.n = args.n - 1
end

local function acknowledge(client, id)
  local answered = false
  return function(...)
    if answered or not client.connected then return end
    client._connection:send(packet.encode_args(packet.ACK, client._namespace, id, ...))
    answered = true
  end
end

local function on_event(client, id, args)
  local ack
  if id then
    ack = acknowledge(client, id)
    args.n = args.n + 1
    args[args.n] = ack
  else
    take_offset(client, args)
  end
  local event = args[1]
  if client._on and client._on[event] then
    core.spawn(emitter.dispatch, client, event, ack, table.unpack(args, 2, args.n))
  else
    client._inbox:put(event, table.move(args, 2, args.n, 1, {}))
  end
end

local on_packet = {
  [packet.CONNECT] = function(client, got)
    local fields = core.json_decode(got.json)
    client.recovered = client.pid ~= nil and client.pid == fields.pid
    client.id, client.pid, client.connected = fields.sid, fields.pid, true
    client._connecting.wake(true)
  end,
  [packet.CONNECT_ERROR] = function(client, got)
    client._connecting.wake(nil, core.json_decode(got.json))
  end,
  [packet.EVENT] = function(client, got, attachments)
    on_event(client, got.id, packet.decode_args(got.json, attachments))
  end,
  [packet.ACK] = function(client, got, attachments)
    local answer = client._acks[got.id]
    client._acks[got.id] = nil
    local args = packet.decode_args(got.json, attachments)
    if answer then answer(nil, table.unpack(args, 1, args.n)) end
  end,
  [packet.DISCONNECT] = function(client)
    client._connection:close(false)
    socket.leave(client, "io server disconnect", true)
  end,
}

local events = {}

function events.message(client, text)
  local got = packet.decode(text)
  if got.attachments > 0 then
    client._partial, client._attachments = got, {}
  else
    on_packet[got.type](client, got, {})
  end
end

function events.attachment(client, bytes)
  local got = client._partial
  if not got then return end
  table.insert(client._attachments, bytes)
  if #client._attachments < got.attachments then return end
  client._partial = nil
  on_packet[got.type](client, got, client._attachments)
end

function events.close(client, reason)
  client._connecting.wake(nil, { message = reason })
  socket.leave(client, reason, true)
end

-- ---- what goes ------------------------------------------------------------------------------

--- Connects, with the private id and offset that the client has.
---@async
---@param client sio.test.Client
---@return true?
---@return sio.test.ConnectError?
function socket.connect(client)
  local scope, app, o = client._scope, client._app, client._options
  local opened, err = scope:during("the connection", connection.open, app.port, app.path,
    o.query or {}, o.headers or {})
  if not opened then return nil, setmetatable(err, error_mt) end
  client._connection, client._partial = opened, nil
  client._connecting = scope:promise "the server's answer to CONNECT"
  opened:start(events, client)
  local auth = { pid = client.pid, offset = client.offset }
  for name, value in pairs(o.auth or {}) do auth[name] = value end
  opened:send(packet.encode(packet.CONNECT, client._namespace, next(auth) and auth or nil))
  local connected
  connected, err = client._connecting.wait()
  if connected then return true end
  opened:close(false)
  return nil, setmetatable(err, error_mt)
end

--- Sends an event. `answer(err, ...)` is called with the acknowledgement, or "disconnected".
---@param client sio.test.Client
---@param answer? fun(err: string?, ...)
---@param ... any name and arguments
---@return integer|true|nil id of the acknowledgement
---@return string? err
function socket.emit(client, answer, ...)
  local id = answer and client._next_id or nil
  local text, attachments = packet.encode_args(packet.EVENT, client._namespace, id, ...)
  if not client.connected then return nil, "disconnected" end
  local sent, err = client._connection:send(text, attachments)
  if not sent then return nil, err end
  if not id then return true end
  client._next_id = id + 1
  client._acks[id] = answer
  return id
end

--- Says goodbye to the namespace and ends the connection.
---@param client sio.test.Client
function socket.disconnect(client)
  client._connection:send(packet.encode(packet.DISCONNECT, client._namespace))
  client._connection:close(false)
  socket.leave(client, "io client disconnect", false)
end

return socket
