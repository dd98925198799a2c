// SPDX-License-Identifier: MIT
/* core.socket_on: most sockets' listeners are the first ones of their events, and adding these is
 * one call. Stands on handle; lua/sio/socket.lua makes its `on` with it.
 *
 * Invariant: what it adds is what emitter.lua would add, in the field `_on`, with raw access; what
 * is not usual is left to the function in Lua.
 */
#include "bind/socket.h"

#include "bind/handle.h"

enum { SELF = 1, EVENT, LISTENER, ARGUMENTS = LISTENER };

enum { LISTENERS_ROOM = 4 }; /* events: with less a table that grows is made anew each time */

/* The upvalues. */
enum { IN_LUA = 1, ELSEWHERE, FIELD };

static bool is_usual(lua_State *L)
{
    bool here;
    if (lua_gettop(L) != ARGUMENTS || lua_type(L, EVENT) != LUA_TSTRING ||
        !lua_isfunction(L, LISTENER))
        return false;
    lua_pushvalue(L, EVENT);
    here = lua_rawget(L, lua_upvalueindex(ELSEWHERE)) == LUA_TNIL;
    lua_pop(L, 1);
    return here;
}

/* Pushes the socket's table of listeners, made when there is none. */
static void push_listeners(lua_State *L)
{
    lua_pushvalue(L, lua_upvalueindex(FIELD));
    if (lua_rawget(L, SELF) == LUA_TTABLE)
        return;
    lua_pop(L, 1);
    lua_createtable(L, 0, LISTENERS_ROOM);
    lua_pushvalue(L, lua_upvalueindex(FIELD));
    lua_pushvalue(L, -2);
    lua_rawset(L, SELF);
}

/* False when the event has listeners already. */
static bool add_first(lua_State *L)
{
    push_listeners(L);
    lua_pushvalue(L, EVENT);
    if (lua_rawget(L, -2) != LUA_TNIL)
        return false;
    lua_pushvalue(L, EVENT);
    lua_pushvalue(L, LISTENER);
    lua_rawset(L, -4);
    return true;
}

/* on(socket, event, fn): the socket */
static int on(lua_State *L)
{
    const struct sio_handle *h = sio_handle_self(L, sio_socket_type);
    if (!is_usual(L) || !add_first(L)) {
        lua_settop(L, ARGUMENTS);
        lua_pushvalue(L, lua_upvalueindex(IN_LUA));
        lua_insert(L, 1);
        lua_call(L, ARGUMENTS, 1);
        return 1;
    }
    if (h->object != NULL && !h->kept) {
        lua_rawgeti(L, SELF, SIO_OBJECT_HANDLE);
        sio_handle_keep(h->bind, L);
    }
    lua_settop(L, SELF);
    return 1;
}

/* socket_on(fn, elsewhere): the method `on`; fn(socket, event, listener) does all that is not
 * usual, and the names in `elsewhere` are not. */
int sio_socket_on(lua_State *L)
{
    lua_settop(L, ELSEWHERE);
    lua_pushliteral(L, "_on");
    lua_pushcclosure(L, on, FIELD);
    return 1;
}
