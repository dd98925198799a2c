-- SPDX-License-Identifier: MIT
-- Builds the working tree with the Makefile (`make` and `make install`), which finds llhttp by itself.
rockspec_format = "3.0"
package = "sio-lua"
version = "scm-1"
-- `luarocks make` builds the working tree and never looks here; a release will name its tarball.
source = { url = "git+https://example.org/sio-lua.git" }
description = {
  summary = "Socket.IO 4.x server for Lua, with worker processes on one port",
  detailed = "A Socket.IO server: a C core that speaks Engine.IO v4 and Socket.IO v5, routes sticky "
    .. "sessions and carries broadcasts between worker processes, and a small Lua face.",
  license = "MIT",
  labels = { "socketio", "websocket", "realtime", "server" },
}
supported_platforms = { "linux" }
dependencies = { "lua >= 5.4, < 5.5", "lua-cjson >= 2.1" }
external_dependencies = {
  LIBUV = { header = "uv.h", library = "uv" },
  WSLAY = { header = "wslay/wslay.h", library = "wslay" },
  ZLIB = { header = "zlib.h", library = "z" },
  OPENSSL = { header = "openssl/ssl.h", library = "ssl" },
}
build = {
  type = "make",
  build_variables = {
    CC = "$(CC)",
    CFLAGS = "$(CFLAGS)",
    LIBFLAG = "$(LIBFLAG)",
    LUA = "$(LUA)",
    LUA_INCDIR = "$(LUA_INCDIR)",
    LIBUV_INCDIR = "$(LIBUV_INCDIR)",
    LIBUV_LIBDIR = "$(LIBUV_LIBDIR)",
    WSLAY_INCDIR = "$(WSLAY_INCDIR)",
    WSLAY_LIBDIR = "$(WSLAY_LIBDIR)",
    ZLIB_INCDIR = "$(ZLIB_INCDIR)",
    ZLIB_LIBDIR = "$(ZLIB_LIBDIR)",
    OPENSSL_INCDIR = "$(OPENSSL_INCDIR)",
    OPENSSL_LIBDIR = "$(OPENSSL_LIBDIR)",
  },
  install_variables = {
    CC = "$(CC)",
    CFLAGS = "$(CFLAGS)",
    LIBFLAG = "$(LIBFLAG)",
    LUA_INCDIR = "$(LUA_INCDIR)",
    INST_LIBDIR = "$(LIBDIR)",
    INST_LUADIR = "$(LUADIR)",
    INST_BINDIR = "$(BINDIR)",
  },
}
test = { type = "busted" }
