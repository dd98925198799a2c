-- SPDX-License-Identifier: MIT
-- The options of a server, checked: what lua/sio/options/ knows, what docs/guide/options.md says of
-- it, and the shapes in lua/sio/meta.d.lua must be the same options with the same defaults.
--   lua5.4 tools/options.lua

package.path = "lua/?.lua;lua/?/init.lua;tools/?.lua;" .. package.path
-- What the modules ask of the core when they are loaded is nothing to us.
package.preload["sio.core"] = function()
  return setmetatable({}, { __index = function() return function() end end })
end

local page_name, types_name = "docs/guide/options.md", "lua/sio/meta.d.lua"
-- Where the fields of a table stand in meta.d.lua, for tables that are options themselves.
local class_of = {
  cookie = "sio.CookieOptions", cors = "sio.CorsOptions", tls = "sio.TlsOptions",
  per_message_deflate = "sio.DeflateOptions", http_compression = "sio.CodingOptions",
  connection_state_recovery = "sio.RecoveryOptions", parser = "sio.Parser",
}

local complaints = require "complaints"
local complain, read = complaints.add, complaints.read

-- The defaults by name, "cookie" and "cookie.name"; nil as "nil". `path` differs by the server.
local function known_options()
  local all = {}
  local files = assert(io.popen("ls lua/sio/options/*.lua"))
  for file in files:lines() do
    local group = require("sio.options." .. file:match "([%w_]+)%.lua$")
    for name, option in pairs(group.known or {}) do all[name] = tostring(option[2]) end
    for name, fields in pairs(group.nested or {}) do
      for field, option in pairs(fields) do all[name .. "." .. field] = tostring(option[2]) end
    end
  end
  files:close()
  all.path = nil
  return all
end

-- "….level" and "`a`, `b`" of a table's first column; the second column goes with them.
local function documented(page)
  local rows, table_of = {}, ""
  for line in page:gmatch "[^\n]+" do
    local names, default = line:match "^| (`.-`) | (.-) |"
    local list = {}
    for name in (names or ""):gmatch "`([%w_.…]+)`" do
      if not name:find "^…" then table_of = name:match "^[^.]+" end
      list[#list + 1] = (name:gsub("^…", table_of))
    end
    local defaults = {}
    for each in (default or ""):gmatch(#list > 1 and "[^,]+" or ".+") do
      defaults[#defaults + 1] = each:match "^%s*(.-)%s*$"
    end
    for i, name in ipairs(list) do rows[name] = defaults[i] or defaults[1] end
  end
  return rows
end

-- A default as the page writes it: 1000000 for 1e6, "x" in backticks.
local function same(default, said)
  local plain = said:gsub("^`\"?(.-)\"?`$", "%1")
  return plain == default or tonumber(plain) ~= nil and tonumber(plain) == tonumber(default)
end

local function check_page(all)
  local page = read(page_name)
  local rows = documented(page)
  for name, default in pairs(all) do
    local field = name:match "%.(.*)"
    local said = rows[name]
    if not said and not (field and page:find("`" .. field .. "`", 1, true)) then
      complain(page_name, "'%s' is missing", name)
    elseif said and default ~= "nil" and not same(default, said) then
      complain(page_name, "the default of '%s' is %s, not %s", name, default, said)
    end
  end
  return rows
end

-- The fields of a class in meta.d.lua.
local function fields_of(types, class)
  local block = types:match("%-%-%-@class " .. class:gsub("%.", "%%.") .. "[^\n]*\n(.-)\n\n") or ""
  local fields = {}
  for name in block:gmatch "%-%-%-@field ([%w_]+)" do fields[name] = true end
  return fields
end

local function check_types(all, rows)
  local types = read(types_name)
  local of_static = fields_of(types, "sio.StaticOptions") -- app:static has a table of its own
  for name in pairs(rows) do
    if name:find "[._]" and not all[name] and not of_static[name] then
      complain(page_name, "no option '%s'", name)
    end
  end
  local declared = fields_of(types, "sio.EngineOptions")
  for name in pairs(fields_of(types, "sio.Options")) do declared[name] = true end
  for name, class in pairs(class_of) do
    for field in pairs(fields_of(types, class)) do declared[name .. "." .. field] = true end
  end
  for name in pairs(all) do
    if not declared[name] then complain(types_name, "'%s' is missing", name) end
  end
  for name in pairs(declared) do
    if name ~= "path" and not all[name] then complain(types_name, "no option '%s'", name) end
  end
end

local all = known_options()
check_types(all, check_page(all))
complaints.finish()
