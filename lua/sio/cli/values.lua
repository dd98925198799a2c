-- SPDX-License-Identifier: MIT
-- What the values of options look like: the same on the command line and in sio.conf.lua, so that
-- "512M" means one thing. Each taker answers the value of a text, or nil and what was expected.
--
-- Pure: no system calls. sio.cli.flags puts them into its table.

local address = require "sio.address"
local size = require "sio.size"

---@alias sio.cli.Taker fun(text: string): any, string?

local values = {}

values.workers_max = 63 -- of the 64 places in shared memory one is for who replaces another
values.journal_size_max = 1 << 30
local seconds_max = 86400

-- Decimal digits only: "0x10", "1e1" and " 1" are slips.
---@param least integer
---@param most integer
---@return sio.cli.Taker
function values.integer(least, most)
  return function(text)
    local n = text:find "^%d+$" and math.tointeger(tonumber(text))
    if n and n >= least and n <= most then return n end
    return nil, ("a number from %d to %d"):format(least, most)
  end
end

---@param words string[]
---@return sio.cli.Taker
function values.one_of(words)
  return function(text)
    for _, word in ipairs(words) do
      if text == word then return word end
    end
    return nil, "one of " .. table.concat(words, ", ")
  end
end

--- "10" and "1.5"; a day at most, so that milliseconds are seen.
---@param least number
---@return sio.cli.Taker
function values.seconds(least)
  return function(text)
    local n = (text:find "^%d+$" or text:find "^%d*%.%d+$") and tonumber(text)
    if n and n >= least and n <= seconds_max then return n end
    return nil, ("seconds, from %s to %d"):format(least, seconds_max)
  end
end

--- "512M", "1.5G", "64k", "1073741824": bytes.
---@param least integer
---@return sio.cli.Taker
function values.size(least)
  return function(text)
    local n = size.parse(text)
    if n and n >= least then return n end
    return nil, ("bytes, as 512M, 1.5G or a number from %d"):format(least)
  end
end

--- Rounded up to a power of two where the memory is made.
---@type sio.cli.Taker
function values.journal_size(text)
  local n = values.size(65536)(text)
  if n and n <= values.journal_size_max then return n end
  return nil, "a size from 64k to 1G"
end

--- A number of workers or "auto".
---@type sio.cli.Taker
function values.workers(text)
  if text == "auto" then return "auto" end
  local n = values.integer(1, values.workers_max)(text)
  if n then return n end
  return nil, ("a number from 1 to %d, or auto"):format(values.workers_max)
end

---@type sio.cli.Taker
function values.host(text)
  if text ~= "" and not text:find "[%s%c]" then return text end
  return nil, "an address"
end

--- HOST:PORT, PORT, unix:PATH or fd:N.
values.address = address.parse

--- HOST:PORT, PORT or unix:PATH, for sockets that are ours alone.
---@type sio.cli.Taker
function values.own_address(text)
  local found = address.parse(text)
  if found and not found.fd then return found end
  return nil, "a port, HOST:PORT, [IPV6]:PORT or unix:PATH"
end

--- unix:PATH
---@type sio.cli.Taker
function values.unix_address(text)
  local found, expected = address.parse(text)
  if found and found.unix then return found end
  return nil, text:find "^unix:" and expected or "unix:PATH"
end

---@type sio.cli.Taker
function values.file(text)
  if text ~= "" and not text:find "%z" then return text end
  return nil, "a file"
end

---@type sio.cli.Taker
function values.folder(text)
  if text ~= "" and not text:find "%z" then return text end
  return nil, "a folder"
end

return values
