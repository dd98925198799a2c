-- SPDX-License-Identifier: MIT
-- The official server's tests have counterparts here: spec/titles/<file>.txt has one line for each
-- test of that file, in its order, and the test that it names must stand where it says.
--   lua5.4 tools/titles.lua

package.path = "tools/?.lua;" .. package.path
local complaints = require "complaints"

-- How many tests the official files have (socket.io 4.8, socket.io-adapter 2.5).
local counts = {
  adapter = 21, close = 8, ["connection-state-recovery"] = 7, handshake = 4,
  ["messaging-many"] = 20, middleware = 10, namespaces = 42, socket = 62,
  ["socket-middleware"] = 2, ["socket-timeout"] = 5, ["utility-methods"] = 9,
  ["v2-compatibility"] = 3,
}

local complain = complaints.add

local sources = {}
local function source(name)
  if sources[name] == nil then
    local file = io.open(name)
    sources[name] = file and file:read "a" or false
    if file then file:close() end
  end
  return sources[name]
end

local function check_line(page, number, line)
  local n, where, name = line:match "^(%d+)%s+(%S+)%s+(.+)$"
  if tonumber(n) ~= number then
    complain(page, "line %d expected, got: %s", number, line)
  elseif where ~= "n.a." and not source(where) then
    complain(page, "%d: there is no %s", number, where)
  elseif where ~= "n.a." and not source(where):find(name, 1, true) then
    complain(page, "%d: %s has no test '%s'", number, where, name)
  end
end

local total, missing = 0, 0
for title, count in pairs(counts) do
  local page = "spec/titles/" .. title .. ".txt"
  local number = 0
  for line in (source(page) or ""):gmatch "[^\n]+" do
    if not line:find "^#" then
      number = number + 1
      check_line(page, number, line)
    end
  end
  if number > count then complain(page, "%d tests, the official file has %d", number, count) end
  total, missing = total + number, missing + math.max(0, count - number)
end
if missing > 0 then print(("%d titles have no counterpart yet"):format(missing)) end
if complaints.count > 0 then complaints.finish() end
print(("titles: %d of the official tests have a counterpart"):format(total))
