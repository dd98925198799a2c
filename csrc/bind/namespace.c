// SPDX-License-Identifier: MIT
/* core.nsp_*: namespaces. Stands on sio/nsp.h; lua/sio/namespace.lua calls it. Namespaces live as
 * long as their server, but for children (parent.c).
 */
#include "bind/namespace.h"

#include "base/err.h"
#include "bind/adapter.h"
#include "bind/ask.h"
#include "bind/broadcast.h"
#include "bind/chorus.h"
#include "bind/emit.h"
#include "bind/server.h"
#include "bind/server_side.h"
#include "bind/socket.h"
#include "sio/parent.h"

const char sio_namespace_type[] = "sio.namespace";

/* nsp_new(app, name, object): the namespace of that name gets the object; its handle is
 * object[1]. */
static int lnamespace_new(lua_State *L)
{
    struct sio_app *app = sio_app_self(L);
    struct sio_slice name;
    struct sio_nsp *nsp;
    name.p = luaL_checklstring(L, 2, &name.len);
    luaL_argcheck(L, name.len > 0 && name.p[0] == '/' && name.len <= SIO_NSP_NAME_MAX, 2,
                  "namespace name expected");
    luaL_checktype(L, 3, LUA_TTABLE);
    nsp = sio_server_nsp(sio_service_sio(app->service), name);
    if (nsp == NULL)
        return sio_bind_error(L, "there are too many namespaces");
    sio_handle_new(L, app->bind, nsp, sio_namespace_type);
    lua_pushvalue(L, 3);
    sio_handle_set_value(L, -2);
    lua_rawseti(L, 3, SIO_OBJECT_HANDLE);
    return 0;
}

struct sio_nsp *sio_namespace_self(lua_State *L)
{
    struct sio_nsp *nsp = sio_handle_self(L, sio_namespace_type)->object;
    return nsp != NULL ? nsp : sio_parent_revive(L);
}

/* nsp_set_wants(nsp, bits): from now on these hooks are called. */
static int lnamespace_set_wants(lua_State *L)
{
    struct sio_nsp *nsp = sio_namespace_self(L);
    uintptr_t wants = (uintptr_t)luaL_checkinteger(L, 2);
    if (nsp != NULL)
        sio_nsp_set_user(nsp, (void *)wants);
    return 0;
}

bool sio_namespace_wants(const struct sio_nsp *nsp, unsigned what)
{
    const struct sio_nsp *parent = sio_parent_of(nsp);
    uintptr_t wants = (uintptr_t)sio_nsp_user(nsp);
    if (parent != NULL)
        wants |= (uintptr_t)sio_nsp_user(parent);
    return (wants & what) != 0;
}

/* emit(nsp, event, ..., fn|nothing): to everybody, the method itself; fn(err, answers) */
static int lnamespace_emit_all(lua_State *L)
{
    struct sio_nsp *nsp = sio_namespace_self(L);
    struct sio_attachments attachments;
    struct sio_outgoing out;
    struct sio_selection all = {0};
    struct sio_bind *b = sio_bind_of(L);
    int last = lua_gettop(L);
    bool asks = last > 2 && lua_isfunction(L, last);
    sio_emit_event(L, b, 2, asks ? last - 1 : last, 0, &attachments, &out);
    if (asks)
        return sio_chorus_emit(L, nsp, &all, &out, 0);
    return sio_emit_end(L, b, nsp ? sio_nsp_emit(nsp, &all, &out) : SIO_ECLOSED, NULL);
}

struct collect {
    lua_State *L;
    struct sio_bind *bind;
};

static void collect_one(void *ctx, struct sio_socket *s)
{
    const struct collect *c = ctx;
    lua_checkstack(c->L, 8);
    sio_socket_push(c->bind, c->L, s);
    lua_pushstring(c->L, sio_socket_id(s));
    lua_insert(c->L, -2);
    lua_rawset(c->L, -3);
}

/* nsp_sockets(nsp): {[id] = socket} of this worker's connected sockets */
static int lnamespace_sockets(lua_State *L)
{
    struct sio_nsp *nsp = sio_namespace_self(L);
    struct collect c = {L, sio_bind_of(L)};
    lua_createtable(L, 0, nsp ? (int)sio_nsp_count(nsp) : 0);
    if (nsp != NULL)
        sio_nsp_each(nsp, collect_one, &c);
    return 1;
}

static int lnamespace_count(lua_State *L)
{
    struct sio_nsp *nsp = sio_namespace_self(L);
    lua_pushinteger(L, nsp ? (lua_Integer)sio_nsp_count(nsp) : 0);
    return 1;
}

void lnamespace_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"nsp_new", lnamespace_new},           {"nsp_set_wants", lnamespace_set_wants},
        {"nsp_emit_all", lnamespace_emit_all}, {"nsp_sockets", lnamespace_sockets},
        {"nsp_count", lnamespace_count},       {NULL, NULL}};
    static const struct {
        const char *name;
        unsigned value;
    } constants[] = {
        {"VOLATILE", SIO_EMIT_VOLATILE},
        {"HERE", SIO_EMIT_HERE},
        {"PLAIN", SIO_EMIT_PLAIN},
        {"WANT_MIDDLEWARES", SIO_WANT_MIDDLEWARES},
        {"WANT_CONNECTION", SIO_WANT_CONNECTION},
        {"WANT_EVENTS", SIO_WANT_EVENTS},
        {"WANT_GOODBYE", SIO_WANT_GOODBYE},
    };
    luaL_setfuncs(L, functions, 0);
    sio_handle_type(L, sio_namespace_type, NULL);
    ladapter_open(L);
    lask_open(L);
    lbroadcast_open(L);
    lchorus_open(L);
    lserver_side_open(L);
    for (size_t i = 0; i < sizeof constants / sizeof constants[0]; i++) {
        lua_pushinteger(L, constants[i].value);
        lua_setfield(L, -2, constants[i].name);
    }
}
