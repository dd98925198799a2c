-- SPDX-License-Identifier: MIT
-- docs/guide/monitoring.md has every metric of csrc/base/stats.h and lua/sio/cli/metrics.lua, and
-- no other, each with its type.
--   lua5.4 tools/metrics.lua

local page_name = "docs/guide/monitoring.md"
local bad = 0
local function complain(file, text, ...)
  bad = bad + 1
  io.stderr:write(file, ": ", text:format(...), "\n")
end

local function read(name)
  local file = assert(io.open(name))
  local text = file:read "a"
  file:close()
  return text
end

local known = {}
for kind, metric in read "csrc/base/stats.h":gmatch 'X%([%u_%d]+,%s*(%u+),[%s\\]*"([%l_]+)"' do
  known["sio_" .. metric] = kind == "COUNTER" and "counter" or "gauge"
end
for metric, kind in read "lua/sio/cli/metrics.lua":gmatch 'family%(list, "([%l_]+)", "(%l+)"' do
  known["sio_" .. metric] = kind
end

local said = {}
for name, kind in read(page_name):gmatch "\n| `(sio_[%l_]+)[^`]*` | (%l+) |" do
  if said[name] then complain(page_name, "'%s' is there twice", name) end
  said[name] = kind
end
for name, kind in pairs(known) do
  if not said[name] then complain(page_name, "'%s' is missing", name) end
  if said[name] and said[name] ~= kind then complain(page_name, "'%s' is a %s", name, kind) end
end
for name in pairs(said) do
  if not known[name] then complain(page_name, "there is no metric '%s'", name) end
end
os.exit(bad == 0)
