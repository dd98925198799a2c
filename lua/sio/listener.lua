-- SPDX-License-Identifier: MIT
-- Listening sockets: opening addresses, giving them back. The supervisor does it through
-- sio.cli.sockets, under plain Lua sio.listening.
--
-- Stands on sio.core.process. Invariant: a Unix socket's path is removed by the process that bound
-- it, and by no other.

local address = require "sio.address"
local core = require "sio.core"
local host = require "sio.host"

local process = core.process

---@class sio.Listener : sio.Address
---@field descriptor? integer nil once it was given away
---@field inode? integer of the path that we made

local listener = {}

local first_fd = 3 -- systemd's SD_LISTEN_FDS_START
local taken = false -- what systemd gave

local openers = {}

function openers.tcp(found)
  local fd, port, code = process.listen_tcp(found.host, found.port)
  if not fd then
    if code ~= "eaddrinuse" then return nil, port end
    return nil, port .. (found.port == 0 and " (no port is free)" or " (is it running already?)")
  end
  found.descriptor, found.port = fd, port
  return found
end

function openers.unix(found)
  local fd, inode, code = process.listen_unix(found.unix, found.mode)
  if not fd then
    if code == "eaddrinuse" then return nil, "somebody listens on it (is it running already?)" end
    if code == "eexist" then return nil, "there is a file that is no socket" end
    return nil, inode
  end
  found.descriptor, found.inode = fd, inode
  return found
end

function openers.inherited(found)
  local name, err, code = process.listen_inherited(found.fd)
  if not name then
    return nil, code == "einval" and "it is no listening stream socket" or err
  end
  local bound = address.parse(name) or {}
  return { descriptor = found.fd, host = bound.host, port = bound.port, unix = bound.unix }
end

--- Opens an address; nil and one sentence.
---@param asked sio.Address
---@return sio.Listener?
---@return string? err
function listener.open(asked)
  local found = { host = asked.host, port = asked.port, unix = asked.unix, mode = asked.mode,
    fd = asked.fd }
  local opener = asked.unix and "unix" or asked.fd and "inherited" or "tcp"
  if opener == "tcp" then
    local port, problem = host.port_of(asked)
    if not port then return nil, problem end
    found.port = port
  end
  local opened, err = openers[opener](found)
  if opened then return opened end
  return nil, ("cannot listen on %s: %s"):format(address.text(found), err)
end

--- Opens all of a list, or none.
---@param list sio.Address[]
---@return sio.Listener[]?
---@return string? err
function listener.open_all(list)
  local opened = {}
  for i, asked in ipairs(list) do
    local err
    opened[i], err = listener.open(asked)
    if not opened[i] then
      for _, each in ipairs(opened) do listener.close(each) end
      return nil, err
    end
  end
  return opened
end

--- Closes the socket, unless it was given away, and removes the path that we made.
---@param opened sio.Listener
function listener.close(opened)
  if opened.descriptor then process.close(opened.descriptor) end
  if opened.inode then process.unlink_unix(opened.unix, opened.inode) end
  opened.descriptor, opened.inode = nil, nil
end

--- The sockets that systemd, or who does as it does, gave to this process, once; nil: none.
--- LISTEN_PID says for whom they are: programs that we start inherit the variables too.
---@return sio.Address[]?
function listener.activated()
  local count = math.tointeger(tonumber(os.getenv "LISTEN_FDS"))
  local ours = not taken and tonumber(os.getenv "LISTEN_PID") == process.pid()
  if not ours or not count or count < 1 then return nil end
  taken = true
  local list = {}
  for i = 1, math.min(count, address.most) do list[i] = { fd = first_fd + i - 1 } end
  if count > address.most then
    core.log("warn", ("LISTEN_FDS: %d sockets are more than %d, the rest stays unused")
      :format(count, address.most))
  end
  return list
end

return listener
