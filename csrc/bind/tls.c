// SPDX-License-Identifier: MIT
/* core.tls_context and core.server_set_tls: certificates for a server, at its start and anew.
 *
 * Files are read in lua/sio/tls.lua; here are PEM texts. A context is a userdata that holds one
 * reference, so that it can be made, and found wrong, before there is a server.
 */
#include "bind/bind.h"
#include "bind/server.h"
#include "net/tls_context.h"

#define CONTEXT "sio.tls_context"

static struct sio_slice field(lua_State *L, const char *name)
{
    struct sio_slice s = {NULL, 0};
    if (lua_getfield(L, 1, name) == LUA_TSTRING)
        s.p = lua_tolstring(L, -1, &s.len); /* the table keeps it */
    lua_pop(L, 1);
    return s;
}

/* tls_context{cert =, key =, passphrase =, ca =, ciphers =, only_tls13 =}: the context, or nil, the
 * option that is wrong and why */
static int ltls_context(lua_State *L)
{
    struct sio_tls_problem problem;
    struct sio_tls_options o = {0};
    struct sio_tls_context **box;
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    o.cert = field(L, "cert");
    o.key = field(L, "key");
    o.passphrase = field(L, "passphrase");
    o.ca = field(L, "ca");
    o.ciphers = field(L, "ciphers").p;
    lua_getfield(L, 1, "only_tls13");
    o.only_tls13 = lua_toboolean(L, -1);
    box = lua_newuserdatauv(L, sizeof *box, 0);
    *box = NULL;
    luaL_setmetatable(L, CONTEXT);
    if (sio_tls_context_new(&o, box, &problem) == 0)
        return 1;
    lua_pushnil(L);
    lua_pushstring(L, problem.option);
    lua_pushstring(L, problem.text);
    return 3;
}

static int ltls_gc(lua_State *L)
{
    struct sio_tls_context **box = luaL_checkudata(L, 1, CONTEXT);
    sio_tls_context_unref(*box);
    *box = NULL;
    return 0;
}

/* server_set_tls(object, context): for connections that are accepted from now on */
static int ltls_set(lua_State *L)
{
    struct sio_app *app = sio_app_self(L);
    struct sio_tls_context **box = luaL_checkudata(L, 2, CONTEXT);
    sio_service_set_tls(app->service, *box);
    return 0;
}

void ltls_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"tls_context", ltls_context}, {"server_set_tls", ltls_set}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
    luaL_newmetatable(L, CONTEXT);
    lua_pushcfunction(L, ltls_gc);
    lua_setfield(L, -2, "__gc");
    lua_pop(L, 1);
}
