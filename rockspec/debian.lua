-- SPDX-License-Identifier: MIT
-- A LuaRocks configuration for machines whose lua-cjson comes from the system (Debian's package)
-- and that may have no network:
--   LUAROCKS_CONFIG=rockspec/debian.lua \
--     luarocks --lua-version=5.4 make rockspec/sio-lua-scm-1.rockspec
rocks_provided = { ["lua-cjson"] = "2.1.0-1" }
