// SPDX-License-Identifier: MIT
/* A Broadcast: who an emit is for. It is an immutable userdata, for one is made for nearly every
 * emit. Stands on sio/nsp.h and chorus.h; lua/sio/broadcast.lua has its class, and those methods
 * that are not called for each message.
 *
 * Invariant: who has the class's metatable was made here.
 */
#include "bind/broadcast.h"

#include "base/err.h"
#include "bind/chorus.h"
#include "bind/emit.h"
#include "bind/handle.h"
#include "bind/namespace.h"
#include "bind/selection.h"

struct broadcast {
    unsigned flags;
};

/* Its user values; nil, or false, is not given. */
enum value { NSP = 1, ROOMS, EXCEPT, SECONDS, VALUES = SECONDS };

/* The upvalues; bind is looked up once, and not in each call. */
enum { BIND = 1, IN_LUA };

static struct sio_bind *bind_of(lua_State *L)
{
    return lua_touserdata(L, lua_upvalueindex(BIND));
}

/* ---- objects --------------------------------------------------------------------------------- */

/* NULL: something else is there. */
static const struct broadcast *test(lua_State *L, const struct sio_bind *b, int index)
{
    bool same;
    if (!lua_getmetatable(L, index))
        return NULL;
    sio_bind_push_ref(b, L, SIO_REF_BROADCAST_MT);
    same = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return same ? lua_touserdata(L, index) : NULL;
}

static const struct broadcast *check_self(lua_State *L, const struct sio_bind *b,
                                          const char *method)
{
    const struct broadcast *self = test(L, b, 1);
    if (self == NULL)
        sio_bind_error(L,
                       "bad self to '%s' (sio.Broadcast expected; methods are called with a "
                       "colon)",
                       method);
    return self;
}

/* Pushes one without values. */
static void push(lua_State *L, const struct sio_bind *b, unsigned flags)
{
    struct broadcast *made = lua_newuserdatauv(L, sizeof *made, VALUES);
    made->flags = flags;
    sio_bind_push_ref(b, L, SIO_REF_BROADCAST_MT);
    lua_setmetatable(L, -2);
}

/* The value at `from` becomes one of the object on top. */
static void set(lua_State *L, enum value value, int from)
{
    lua_pushvalue(L, from);
    lua_setiuservalue(L, -2, value);
}

/* broadcast_new(nsp, rooms|nil, except|nil, flags, seconds|nil) */
static int lbroadcast_new(lua_State *L)
{
    lua_settop(L, 5);
    push(L, bind_of(L), (unsigned)luaL_checkinteger(L, 4));
    set(L, NSP, 1);
    set(L, ROOMS, 2);
    set(L, EXCEPT, 3);
    set(L, SECONDS, 5);
    return 1;
}

/* broadcast_fields(broadcast): what broadcast_new was given */
static int lbroadcast_fields(lua_State *L)
{
    const struct broadcast *self = check_self(L, bind_of(L), "fields");
    lua_getiuservalue(L, 1, NSP);
    lua_getiuservalue(L, 1, ROOMS);
    lua_getiuservalue(L, 1, EXCEPT);
    lua_pushinteger(L, self->flags);
    lua_getiuservalue(L, 1, SECONDS);
    return 5;
}

/* ---- to -------------------------------------------------------------------------------------- */

enum { SELF = 1, ROOM, EVERYBODY };

/* Pushes the Broadcast that is narrowed: self, or what an object of everybody has. NULL: none. */
static const struct broadcast *push_source(lua_State *L)
{
    if (lua_istable(L, SELF))
        lua_rawgeti(L, SELF, SIO_OBJECT_EVERYBODY);
    else
        lua_pushvalue(L, SELF);
    return test(L, bind_of(L), EVERYBODY);
}

static void copy(lua_State *L, enum value value)
{
    if (lua_getiuservalue(L, EVERYBODY, value) == LUA_TNIL)
        lua_pop(L, 1); /* as it is in the new one */
    else
        lua_setiuservalue(L, -2, value);
}

/* to(self, room): one room of everybody's is what nearly all are. Any other to is for Lua. */
static int to(lua_State *L)
{
    const struct broadcast *from = NULL;
    int n = lua_gettop(L);
    if (n == ROOM && lua_type(L, ROOM) == LUA_TSTRING)
        from = push_source(L);
    if (from == NULL || lua_getiuservalue(L, EVERYBODY, ROOMS) != LUA_TNIL) {
        lua_settop(L, n);
        lua_pushvalue(L, lua_upvalueindex(IN_LUA));
        lua_insert(L, 1);
        lua_call(L, n, 1);
        return 1;
    }
    push(L, bind_of(L), from->flags);
    set(L, ROOMS, ROOM);
    copy(L, NSP);
    copy(L, EXCEPT);
    copy(L, SECONDS);
    return 1;
}

/* broadcast_to(fn): the method `to` of broadcasts, servers and namespaces; fn(self, ...) does what
 * is not usual, and checks its self. */
static int lbroadcast_to(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    lua_pushvalue(L, lua_upvalueindex(BIND));
    lua_insert(L, BIND);
    lua_pushcclosure(L, to, 2);
    return 1;
}

/* ---- emit ------------------------------------------------------------------------------------ */

/* 0: not given */
static uint64_t timeout_of(lua_State *L)
{
    uint64_t ms = 0;
    if (lua_getiuservalue(L, 1, SECONDS) == LUA_TNUMBER)
        ms = sio_bind_check_ms(L, lua_gettop(L));
    lua_pop(L, 1);
    return ms;
}

/* emit(broadcast, event, ..., fn|nothing): true, or nil and why; fn(err, answers) */
static int lbroadcast_emit(lua_State *L)
{
    struct sio_bind *b = bind_of(L);
    struct sio_attachments attachments;
    struct sio_outgoing out;
    struct sio_names rooms, except;
    int last = lua_gettop(L);
    bool asks = last > 2 && lua_isfunction(L, last);
    luaL_checkstack(L, 8, NULL);
    unsigned flags = check_self(L, b, "emit")->flags;
    uint64_t timeout_ms = asks ? timeout_of(L) : 0;
    lua_getiuservalue(L, 1, ROOMS);
    lua_getiuservalue(L, 1, EXCEPT);
    lua_getiuservalue(L, 1, NSP);
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
    static const luaL_Reg functions[] = {{"broadcast_new", lbroadcast_new},
                                         {"broadcast_fields", lbroadcast_fields},
                                         {"broadcast_to", lbroadcast_to},
                                         {"broadcast_emit", lbroadcast_emit},
                                         {NULL, NULL}};
    lua_pushlightuserdata(L, sio_bind_of(L));
    luaL_setfuncs(L, functions, 1);
}
