-- SPDX-License-Identifier: MIT
-- The arrow check: includes point down only. Reads the #include lines of the files it is given and
-- fails when one points to a higher layer or to a sibling, when a library is seen outside its
-- layers, when a header of ours does not exist, or when a .c file does not include its own header
-- (or its part's private one, *_in.h) first.
--   lua5.4 tools/layers.lua csrc/*/*.[ch]

local rank = {
  base = 0, codec = 1, net = 2, engine = 3, cluster = 3, sio = 4, worker = 5, bind = 6,
}

-- Who may see a library's header, by the name in the include line.
local function at_least(n)
  return function(layer) return rank[layer] ~= nil and rank[layer] >= n end
end
local function only(...)
  local set = {}
  for _, layer in ipairs({ ... }) do set[layer] = true end
  return function(layer) return set[layer] == true end
end
local libraries = {
  { "^uv%.h$", at_least(2), "net and above" },
  { "^llhttp%.h$", only("codec"), "codec" },
  { "^wslay/", only("codec"), "codec" },
  { "^openssl/ssl%.h$", only("net"), "net" },
  { "^brotli/", only("codec"), "codec" },
  { "^lua%.h$", only("bind", "drivers"), "bind and drivers" },
  { "^lauxlib%.h$", only("bind", "drivers"), "bind and drivers" },
  { "^lualib%.h$", only("bind", "drivers"), "bind and drivers" },
  { "^sqlite3%.h$", only("drivers"), "drivers" },
}

local bad = 0
local function complain(file, line, text, ...)
  bad = bad + 1
  io.stderr:write(("%s:%d: "):format(file, line), text:format(...), "\n")
end

local function exists(path)
  local f = io.open(path)
  if f then f:close() end
  return f ~= nil
end

-- drivers stand beside the tower: they see their own headers (also without the folder in the name,
-- as a driver may be built alone), and bind sees sio_driver.h only.
local function may_include(from, to, name)
  if from == to then return true end
  if from == "drivers" then return false end
  if to == "drivers" then return from == "bind" and name == "drivers/sio_driver.h" end
  return rank[to] ~= nil and rank[to] < rank[from]
end

local function check_ours(file, n, layer, name)
  local to = name:match("^([%w_]+)/")
  if not to then
    return complain(file, n, "write \"%s\" with its layer: \"layer/name.h\"", name)
  end
  if not exists("csrc/" .. name) then return complain(file, n, "csrc/%s does not exist", name) end
  if not may_include(layer, to, name) then
    complain(file, n, "%s may not include %s: arrows point down, siblings do not meet", layer, name)
  end
end

local function check_library(file, n, layer, name)
  for _, lib in ipairs(libraries) do
    if name:match(lib[1]) and not lib[2](layer) then
      complain(file, n, "<%s> is seen in %s only", name, lib[3])
    end
  end
end

local function check(file)
  local layer, stem = file:match("^csrc/([%w_]+)/([%w_]+)%.")
  if not layer then return end -- specs may include all
  if not rank[layer] and layer ~= "drivers" then
    return complain(file, 1, "unknown layer %s", layer)
  end
  local own = file:match("%.c$") and layer .. "/" .. stem .. ".h"
  local first = true
  local n = 0
  for line in io.lines(file) do
    n = n + 1
    local quote, name = line:match("^%s*#%s*include%s+([\"<])([^\">]+)")
    if name then
      if layer == "drivers" and quote == "\"" and not name:find("/") then
        name = "drivers/" .. name
      end
      local private = name:match("^" .. layer .. "/[%w_]+_in%.h$")
      if first and own and exists("csrc/" .. own) and name ~= own and not private then
        complain(file, n, "its own header \"%s\" comes first", own)
      end
      first = false
      if quote == "\"" then
        check_ours(file, n, layer, name)
      else
        check_library(file, n, layer, name)
      end
    end
  end
end

for _, file in ipairs(arg) do check(file) end
os.exit(bad == 0)
