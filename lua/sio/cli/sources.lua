-- SPDX-License-Identifier: MIT
-- Who says what: the command line wins over sio.conf.lua, that over the application, that over the
-- environment. What holds now is one table, `asked`, which changes in place when one of them does.
--
-- Pure. sio.cli makes it, the supervisor tells it what the app declares and what a reload has read.

local flags = require "sio.cli.flags"

---@class sio.cli.Sources
---@field flags sio.cli.Options of the command line
---@field conf sio.cli.Options of sio.conf.lua
---@field app sio.cli.Options of sio.server{}
---@field asked sio.cli.Options what holds
local Sources = {}
Sources.__index = Sources
Sources.__name = "sio.cli.Sources"

-- What only the command line says is kept; `file` and `server` have no option.
local fields = { "file", "server" }
for _, flag in ipairs(flags.list) do
  if flag.conf ~= false then fields[#fields + 1] = flag.field end
end

-- --bind says where to listen: what the file says about it is about something else then.
local function is_void(self, field)
  return (field == "port" or field == "host") and self.flags.bind ~= nil
end

local function decide(self)
  for name, value in pairs(self.flags) do self.asked[name] = value end
  for _, field in ipairs(fields) do
    local value = self.flags[field]
    if value == nil and not is_void(self, field) then value = self.conf[field] end
    if value == nil then value = self.app[field] end
    self.asked[field] = value
  end
end

--- What the application declares; of several servers the first that says something counts.
---@param declared table by option of sio.server{}
function Sources:declare(declared)
  for _, flag in ipairs(flags.list) do
    if flag.app and self.app[flag.field] == nil then self.app[flag.field] = declared[flag.field] end
  end
  decide(self)
end

local function same(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then return a == b end
  for name, value in pairs(a) do
    if not same(value, b[name]) then return false end
  end
  for name in pairs(b) do
    if a[name] == nil then return false end
  end
  return true
end

--- Another content of sio.conf.lua. The names of what has changed in it, but holds as it was: a
--- running supervisor cannot change that. The application is about to declare anew.
---@param conf sio.cli.Options
---@return string[]
function Sources:reconfigure(conf)
  local stay = {}
  for _, field in ipairs(fields) do
    local flag = flags.by_field[field]
    if (field == "file" or flag and flag.restart) and not same(conf[field], self.conf[field]) then
      stay[#stay + 1] = field == "file" and "app" or flag.conf_name or field
      conf[field] = self.conf[field]
    end
  end
  self.conf, self.app = conf, {}
  decide(self)
  return stay
end

local sources = {}

---@param given sio.cli.Options of the command line
---@param conf? sio.cli.Options
---@return sio.cli.Sources
function sources.new(given, conf)
  local self = setmetatable({ flags = given, conf = conf or {}, app = {}, asked = {} }, Sources)
  decide(self)
  return self
end

return sources
