// SPDX-License-Identifier: MIT
/* emit of a Broadcast, the method itself: an emit is one call. Stands on sio/nsp.h and chorus.h;
 * lua/sio/broadcast.lua takes it.
 *
 * Invariant: an object with the class's metatable has its fields as that file has made them.
 */
#include "bind/broadcast.h"

#include "base/err.h"
#include "bind/chorus.h"
#include "bind/emit.h"
#include "bind/namespace.h"
#include "bind/selection.h"

/* As in broadcast.lua. */
enum field { NSP = 1, ROOMS, EXCEPT, FLAGS, TIMEOUT };

static void check_self(lua_State *L, const struct sio_bind *b)
{
    bool same = lua_istable(L, 1) && lua_getmetatable(L, 1);
    if (same) {
        sio_bind_push_ref(b, L, SIO_REF_BROADCAST_MT);
        same = lua_rawequal(L, -1, -2);
        lua_pop(L, 2);
    }
    if (!same)
        sio_bind_error(L, "bad self to 'emit' (sio.Broadcast expected; methods are called with a "
                          "colon)");
}

/* Of the object in argument 1. */
static lua_Integer integer_at(lua_State *L, enum field field)
{
    lua_Integer value;
    lua_rawgeti(L, 1, field);
    value = lua_tointeger(L, -1);
    lua_pop(L, 1);
    return value;
}

/* 0: not given */
static uint64_t timeout_of(lua_State *L)
{
    uint64_t ms = 0;
    if (lua_rawgeti(L, 1, TIMEOUT) == LUA_TNUMBER)
        ms = sio_bind_check_ms(L, lua_gettop(L));
    lua_pop(L, 1);
    return ms;
}

/* emit(broadcast, event, ..., fn|nothing): true, or nil and why; fn(err, answers) */
static int lbroadcast_emit(lua_State *L)
{
    struct sio_bind *b = lua_touserdata(L, lua_upvalueindex(1));
    struct sio_attachments attachments;
    struct sio_outgoing out;
    struct sio_names rooms, except;
    int last = lua_gettop(L);
    bool asks = last > 2 && lua_isfunction(L, last);
    luaL_checkstack(L, 8, NULL);
    check_self(L, b);
    unsigned flags = (unsigned)integer_at(L, FLAGS);
    uint64_t timeout_ms = asks ? timeout_of(L) : 0;
    lua_rawgeti(L, 1, ROOMS);
    lua_rawgeti(L, 1, EXCEPT);
    lua_rawgeti(L, 1, NSP);
    lua_replace(L, 1);
    struct sio_nsp *nsp = sio_namespace_self(L);
    struct sio_selection to = sio_selection_read(L, last + 1, &rooms, &except);
    sio_emit_event(L, b, 2, asks ? last - 1 : last, flags, &attachments, &out);
    if (!asks)
        return sio_emit_end(L, b, nsp ? sio_nsp_emit(nsp, &to, &out) : SIO_ECLOSED, NULL);
    lua_pushvalue(L, last);
    return sio_chorus_emit(L, nsp, &to, &out, timeout_ms);
}

void lbroadcast_open(lua_State *L)
{
    static const luaL_Reg functions[] = {{"broadcast_emit", lbroadcast_emit}, {NULL, NULL}};
    lua_pushlightuserdata(L, sio_bind_of(L)); /* looked up once, and not in each emit */
    luaL_setfuncs(L, functions, 1);
}
