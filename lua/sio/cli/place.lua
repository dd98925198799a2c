-- SPDX-License-Identifier: MIT
-- Where control sockets are: PID.sock in a folder that only its owner can write to.
--
--     $RUNTIME_DIRECTORY            what systemd made for the service
--     /run/sio-lua                  for root
--     $XDG_RUNTIME_DIR/sio-lua      for who has logged in
--     /tmp/sio-lua-UID              else
--
-- Stands on sio.core.process; control.lua makes the sockets, client.lua finds them. Invariant: a
-- folder is used only when nobody but its owner and root could have put something into it.

local core = require "sio.core"

local process = core.process

local place = {}

local RUN = "/run"
local SERVICES = "^sio%-lua%-" -- what RuntimeDirectory= of our unit makes in /run

place.sockets_max = 64 -- of one folder; the rest is not looked at

local OTHERS_WRITE = tonumber("022", 8)

-- Whether we can trust what is in it; nil, why and errno's name.
local function trust(path)
  local kind, owner, mode = process.inspect(path)
  if not kind then return nil, owner, mode end
  if kind ~= "folder" then return nil, "it is no folder" end
  local uid = process.uid()
  if owner ~= uid and owner ~= 0 and uid ~= 0 then return nil, "it belongs to somebody else" end
  if mode & OTHERS_WRITE ~= 0 then return nil, "others can write to it" end
  return true
end

local function absolute(name)
  local path = os.getenv(name)
  return path and path:match "^/[^:]*" or nil
end

-- The first that can be.
local function own_folder()
  local service = absolute "RUNTIME_DIRECTORY"
  if service then return service end
  local uid = process.uid()
  if uid == 0 then return RUN .. "/sio-lua" end
  local runtime = absolute "XDG_RUNTIME_DIR"
  if runtime and trust(runtime) then return runtime .. "/sio-lua" end
  return ("/tmp/sio-lua-%d"):format(uid)
end

-- A folder of ours is made with 0700, so nobody else gets as far as its sockets.
local function make(folder)
  local made, err, code = process.make_private_folder(folder)
  if made or code == "eexist" then return true end
  return nil, err
end

local function pid_of(name)
  return math.tointeger(tonumber(name:match "^(%d+)%.sock$"))
end

-- Those of all processes, or of one.
local function sockets_in(folder, wanted)
  local found = {}
  for _, name in ipairs(trust(folder) and process.list_folder(folder) or {}) do
    local pid = pid_of(name)
    if pid and (not wanted or pid == wanted) and #found < place.sockets_max then
      found[#found + 1] = { path = folder .. "/" .. name, pid = pid }
    end
  end
  return found
end

-- The dead cannot remove theirs. Nobody answers, and there is no such process: one that has only
-- just made its socket does not answer either.
local function is_dead(socket)
  local fd, _, code = process.dial_unix(socket.path)
  if fd then process.close(fd) end
  return code == "econnrefused" and not process.is_alive(socket.pid)
end

--- The path for the control socket of a process, in a folder that is there; nil and why.
---@param pid integer
---@return string?
---@return string? err
function place.path(pid)
  local folder = own_folder()
  local made, err = make(folder)
  if made then made, err = trust(folder) end
  if not made then return nil, ("%s: %s"):format(folder, err) end
  for _, socket in ipairs(sockets_in(folder)) do
    if is_dead(socket) then os.remove(socket.path) end
  end
  return ("%s/%d.sock"):format(folder, pid)
end

-- Those of services too, for who may look there.
local function folders()
  local list = { own_folder() }
  for _, name in ipairs((process.list_folder(RUN)) or {}) do
    if name:find(SERVICES) then list[#list + 1] = RUN .. "/" .. name end
  end
  return list
end

--- The control sockets that are there, by pid; those of the dead are removed.
---@param pid? integer that of this process only: nobody else is disturbed
---@return { path: string, pid: integer }[]
function place.sockets(pid)
  local found, seen = {}, {}
  for _, folder in ipairs(folders()) do
    for _, socket in ipairs(not seen[folder] and sockets_in(folder, pid) or {}) do
      if is_dead(socket) then os.remove(socket.path) else found[#found + 1] = socket end
    end
    seen[folder] = true
  end
  table.sort(found, function(a, b) return a.pid < b.pid end)
  return found
end

return place
