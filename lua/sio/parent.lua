-- SPDX-License-Identifier: MIT
-- Parents: namespaces that stand for all whose names match, and the search for one when a client
-- asks for a name that is not there.
--
-- Stands on csrc/bind/parent.c and lookup.c; server.lua calls it. A child reads its parent's
-- listeners and middlewares where they are, so later ones reach it too. `_parents` is in order of
-- making, which is the order of the search.

local class = require "sio.class"
local core = require "sio.core"
local errors = require "sio.error"
local namespace = require "sio.namespace"

local running_max = 10000 -- searches that run or wait, those of clients that have left included

---@class sio.Parent : sio.Namespace
---@field children table<string, sio.Namespace> this worker's by name, a snapshot
local Parent = {}

local properties = { children = core.nsp_children }

-- Its listeners and middlewares are its children's; it emits to all of them.
for name, method in pairs(namespace.methods) do Parent[name] = method end
for name, property in pairs(namespace.properties) do properties[name] = property end

-- Nobody is in it.
function properties.adapter()
  errors.raise('a parent has no rooms: each child has an adapter, see app:on("new_namespace", fn)')
end

local parent_mt = class.index({
  __name = "sio.Parent",
  __tostring = function(self) return "sio.Parent: " .. self.name end,
}, Parent, properties)

local function must(nsp)
  if not nsp then errors.raise "there are too many namespaces" end
  return nsp
end

-- ---- matching -------------------------------------------------------------------------------

local function captures_of(first, _, ...)
  if first then return { ... } end
end

-- The captures, or nil.
local function match_pattern(parent, name)
  local ran, captures = pcall(function() return captures_of(name:find(parent._match)) end)
  if ran then return captures end
  errors.report("namespace pattern", captures, parent.server)
end

--- The child of that name, also when the pattern does not match it: to speak to its sockets,
--- wherever they are.
---@param name string
---@return sio.Namespace
function Parent:child(name)
  errors.check_self("child", self, parent_mt)
  errors.check_argument("child", 1, "string", name)
  if name:sub(1, 1) ~= "/" or #name > 1024 or name:find "[,?]" then
    errors.raise("bad argument #1 to 'child' (%q: a namespace's name expected)", name)
  end
  local captures = type(self._match) == "string" and match_pattern(self, name) or nil
  return self.server._namespaces[name] or must(namespace.child(self, name, captures))
end

local function ask(parent, name, auth)
  local ran, yes = xpcall(parent._match, errors.traceback, name, auth)
  if ran then return yes end
  errors.report("namespace function", yes, parent.server)
end

-- The parent that takes the name, and the captures of its pattern. auth nil: functions are not
-- asked, for they may wait, and want to know who asks.
local function find(app, name, auth)
  for _, parent in ipairs(app._parents) do
    if type(parent._match) == "string" then
      local captures = match_pattern(parent, name)
      if captures then return parent, captures end
    elseif auth and ask(parent, name, auth) then
      return parent
    end
  end
end

-- ---- hooks ----------------------------------------------------------------------------------

local function answer(app, lookup, name, auth)
  local parent, captures = find(app, name, auth)
  if not core.lookup_waits(lookup) then return end
  local nsp = app._namespaces[name] -- made meanwhile
  if nsp then return core.lookup_pass(lookup, nsp) end
  if not parent then return core.lookup_refuse(lookup, "Invalid namespace") end
  nsp = namespace.child(parent, name, captures)
  if not nsp or not core.nsp_revive(nsp) then
    return core.lookup_refuse(lookup, "too many namespaces")
  end
  namespace.announce(nsp)
  core.lookup_pass(lookup, nsp)
end

-- A function that waits goes on when its client has left, so those have to be counted.
local function on_lookup(app, lookup, name, auth)
  if app._searching >= running_max then
    return core.lookup_turn_away(lookup)
  end
  app._searching = app._searching + 1
  local ran, err = xpcall(answer, errors.traceback, app, lookup, name, auth)
  app._searching = app._searching - 1
  if ran then return end
  core.lookup_refuse(lookup, "internal error")
  error(err, 0)
end

core.set_hooks { lookup = on_lookup }

-- ---- for server.lua -------------------------------------------------------------------------

local parents = {}

--- Before its first namespace.
---@param app sio.Server
function parents.install(app)
  app._parents, app._searching = {}, 0
end

local function check_pattern(pattern)
  if pattern:find("\\", 1, true) then
    errors.raise("bad argument #1 to 'of' (%q: Lua's patterns have %%d where others have \\d)",
      pattern)
  end
  -- string.find would say so only when a name gets it there.
  local rest = pattern:gsub("%%%%", ""):gsub("%%b..", ""):gsub("%%.", "x")
    :gsub("%[%^?%]?[^%]]*%]", "x")
  local _, opened = rest:gsub("%(", "")
  local _, closed = rest:gsub("%)", "")
  if rest:find "[%%%[]" or opened ~= closed or not pcall(string.find, "/", pattern) then
    errors.raise("bad argument #1 to 'of' (%q: malformed pattern)", pattern)
  end
end

--- The parent of that pattern or function, made when it is new.
---@param app sio.Server
---@param match string|function
---@return sio.Parent
function parents.of(app, match)
  for _, parent in ipairs(app._parents) do
    if parent._match == match then return parent end
  end
  if type(match) == "string" then check_pattern(match) end
  local parent = { server = app, _match = match }
  local name = core.nsp_parent(app, parent)
  if not name then errors.raise "there are too many parent namespaces" end
  parent.name = "/" .. name
  table.insert(app._parents, setmetatable(parent, parent_mt))
  return parent
end

--- The child of that name when a pattern matches it.
---@param app sio.Server
---@param name string
---@return sio.Namespace?
function parents.adopt(app, name)
  local parent, captures = find(app, name)
  return parent and must(namespace.child(parent, name, captures))
end

return parents
