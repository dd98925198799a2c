-- SPDX-License-Identifier: MIT
-- docs/guide/monitoring.md has every metric of csrc/base/stats.h and lua/sio/cli/metrics.lua, and
-- no other, each with its type.
--   lua5.4 tools/metrics.lua

package.path = "tools/?.lua;" .. package.path
local complaints = require "complaints"

local page_name = "docs/guide/monitoring.md"
local complain, read = complaints.add, complaints.read

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
complaints.finish()
