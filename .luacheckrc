-- SPDX-License-Identifier: MIT
std = "lua54"
max_line_length = 100
exclude_files = { "spec/node_modules", "build" }
files["spec/lua"] = { std = "lua54+busted" }
files["rockspec/*.rockspec"] = { std = "+rockspec" }
files["rockspec/debian.lua"] = { globals = { "rocks_provided" } }
files[".luacheckrc"] = { std = "+luacheckrc" }
-- The string that sh reads as code is assigned to `_`.
files["bin/sio-lua"] = { globals = { "_" }, ignore = { "431" } }
