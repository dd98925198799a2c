-- SPDX-License-Identifier: MIT
-- Addresses to listen on: what app:listen and --bind may say, and what it means. One place, so that
-- both understand the same. Pure; sio.listener opens them.

---@class sio.Address
---@field host? string nil: all interfaces
---@field port? integer nil: PORT or 3000
---@field unix? string path of a Unix socket
---@field mode? integer permissions of that path; nil: as the umask has it
---@field fd? integer a listening socket that was inherited

local address = {}

address.most = 16      -- addresses of one server; csrc/worker/joint.h
local path_max = 107   -- bytes; csrc/net/listen.h
local fd_max = 1048576

address.expected = 'a port, HOST:PORT, [IPV6]:PORT, unix:PATH or fd:N'

local function check_path(path)
  if path == "" or path:find "%z" then return nil, "a path behind unix:" end
  if #path > path_max then
    return nil, ("a path of at most %d bytes (this one has %d)"):format(path_max, #path)
  end
  return path
end

local function unix(path, mode)
  local checked, problem = check_path(path)
  if not checked then return nil, problem end
  return { unix = checked, mode = mode }
end

-- Decimal digits only: "0x10", "1e1" and " 1" are slips.
local function number(digits, most)
  local n = digits:find "^%d+$" and math.tointeger(tonumber(digits))
  return n and n <= most and n or nil
end

--- "3000", "host:3000", ":3000", "[::1]:3000", "unix:/path", "fd:3"; nil and what was expected.
---@param text string
---@return sio.Address?
---@return string? expected
function address.parse(text)
  local path = text:match "^unix:(.*)$"
  if path then return unix(path) end
  local digits = text:match "^fd:(.*)$"
  if digits then
    local fd = number(digits, fd_max)
    if not fd then return nil, "a number behind fd:" end
    return { fd = fd }
  end
  local name, port = text:match "^%[([%x:.]+%%?[%w_.-]*)%]:(%d+)$"
  if not name then name, port = text:match "^([^:%s%[%]]*):(%d+)$" end
  if not name then port = text end
  port = number(port, 65535)
  if not port then return nil, address.expected end
  return { host = name ~= "" and name or nil, port = port }
end

local function from_unix_table(given)
  for name in pairs(given) do
    if name ~= "unix" and name ~= "mode" then return nil end
  end
  if type(given.unix) ~= "string" then return nil end
  if given.mode == nil then return unix(given.unix) end
  local octal = type(given.mode) == "string" and given.mode:match "^0?([0-7][0-7][0-7])$"
  if not octal then return nil, 'a mode like "660"' end
  return unix(given.unix, tonumber(octal, 8))
end

local function from_table(given)
  if given.unix ~= nil then return from_unix_table(given) end
  for name in pairs(given) do
    if name ~= "host" and name ~= "port" then return nil end
  end
  local port = given.port
  if port ~= nil then
    port = type(port) == "number" and math.tointeger(port)
    if not port or port < 0 or port > 65535 then return nil end
  end
  if given.host ~= nil and type(given.host) ~= "string" then return nil end
  return { host = given.host ~= "" and given.host or nil, port = port }
end

local function from_value(given)
  if type(given) == "table" then return from_table(given) end
  if type(given) == "number" then return from_table { port = given } end
  if type(given) == "string" then return address.parse(given) end
  return nil
end

local function is_list(given)
  return type(given) == "table" and #given > 0
end

--- The list, unless it is too long or has a descriptor twice; nil and what was expected.
---@param list sio.Address[]
---@return sio.Address[]?
---@return string? expected
function address.check(list)
  local seen = {}
  if #list > address.most then return nil, ("at most %d addresses"):format(address.most) end
  for _, each in ipairs(list) do
    if each.fd and seen[each.fd] then return nil, ("fd:%d only once"):format(each.fd) end
    if each.fd then seen[each.fd] = true end
  end
  return list
end

--- What was given to app:listen as a list; nil, and what was expected when it is something special.
---@param given any
---@return sio.Address[]?
---@return string? expected
function address.list(given)
  if given == nil then return { {} } end
  local list = {}
  for i, each in ipairs(is_list(given) and given or { given }) do
    local found, expected = from_value(each)
    if not found then return nil, expected end
    list[i] = found
  end
  return address.check(list)
end

--- For messages: "127.0.0.1 port 3000", "port 3000", "unix:/run/x.sock", "fd:3".
---@param a sio.Address
---@return string
function address.text(a)
  if a.unix then return "unix:" .. a.unix end
  if a.fd then return "fd:" .. a.fd end
  return (a.host and a.host .. " " or "") .. "port " .. a.port
end

return address
