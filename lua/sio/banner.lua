-- SPDX-License-Identifier: MIT
-- What sio-lua says once everybody works. Pure; the supervisor prints it, and under plain Lua
-- sio.listening.

local banner = {}

local everywhere = { [""] = true, ["0.0.0.0"] = true, ["::"] = true }

--- The address for a browser on this machine.
---@param address? string nil: all interfaces
---@param port integer
---@param secure? boolean with TLS
---@return string
function banner.url(address, port, secure)
  if not address or everywhere[address] then address = "localhost" end
  if address:find ":" then address = "[" .. address .. "]" end
  return ("%s://%s:%d"):format(secure and "https" or "http", address, port)
end

--- Where each of them can be reached.
---@param listeners sio.Listener[]
---@param secure? boolean with TLS
---@return string[]
function banner.places(listeners, secure)
  local places = {}
  for i, each in ipairs(listeners) do
    places[i] = each.unix and "unix:" .. each.unix or banner.url(each.host, each.port, secure)
  end
  return places
end

--- "sio-lua 0.1.0  http://localhost:3000  4 workers  (pid 4242)"
---@param version string
---@param urls string[]
---@param workers integer
---@param pid integer
---@return string
function banner.line(version, urls, workers, pid)
  return ("sio-lua %s  %s  %d %s  (pid %d)"):format(version, table.concat(urls, "  "), workers,
    workers == 1 and "worker" or "workers", pid)
end

return banner
