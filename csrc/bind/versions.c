// SPDX-License-Identifier: MIT
/* core.versions(): the libraries in this process, in the order in which --version names them.
 *
 * Stands on codec/versions, libuv and OpenSSL; lua/sio/cli/init.lua calls it.
 */
#include "bind/bind.h"

#include <openssl/crypto.h>

#include "codec/versions.h"

static void put(lua_State *L, const char *name, const char *version)
{
    lua_pushfstring(L, "%s %s", name, version);
    lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
}

/* versions() -> {"Lua 5.4.4", "libuv 1.44.2", ...} */
static int lversions_list(lua_State *L)
{
    lua_newtable(L);
    lua_pushliteral(L, LUA_RELEASE);
    lua_rawseti(L, -2, 1);
    put(L, "libuv", uv_version_string());
    for (const struct sio_versions_entry *e = sio_versions_codec(); e->name != NULL; e++)
        put(L, e->name, e->version);
    put(L, "OpenSSL", OpenSSL_version(OPENSSL_VERSION_STRING));
    return 1;
}

void lversions_open(lua_State *L)
{
    lua_pushcfunction(L, lversions_list);
    lua_setfield(L, -2, "versions");
}
