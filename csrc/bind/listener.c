// SPDX-License-Identifier: MIT
/* Looks into the fields that lua/sio has for listeners: `_on` of a socket and of a namespace's
 * `_events` (emitter.lua). Stands on handle; bind/socket calls it.
 *
 * Invariant: raw access only, so nothing of people's runs here.
 */
#include "bind/listener.h"

#include "bind/handle.h"
#include "bind/namespace.h"
#include "sio/parent.h"

/* Pushes object[name] when that is a table. */
static bool push_table(lua_State *L, int object, const char *name)
{
    lua_pushstring(L, name);
    if (lua_rawget(L, object) == LUA_TTABLE)
        return true;
    lua_pop(L, 1);
    return false;
}

/* How many listeners the object at `object` has for an event. The only one is pushed. */
static lua_Unsigned push_only(lua_State *L, int object, int event)
{
    int top = lua_gettop(L);
    lua_Unsigned n = 0;
    if (push_table(L, object, "_on")) {
        lua_pushvalue(L, event);
        if (lua_rawget(L, -2) == LUA_TTABLE)
            n = lua_rawlen(L, -1);
    }
    if (n == 1) {
        lua_rawgeti(L, -1, 1);
        lua_replace(L, top + 1);
        top++;
    }
    lua_settop(L, top);
    return n;
}

static lua_Unsigned push_only_of_nsp(lua_State *L, const struct sio_bind *b,
                                     const struct sio_nsp *nsp, int event)
{
    int top = lua_gettop(L);
    lua_Unsigned n = 0;
    sio_handle_push_value(b, L, nsp);
    if (lua_istable(L, -1) && push_table(L, top + 1, "_events"))
        n = push_only(L, top + 2, event);
    if (n == 1)
        lua_replace(L, ++top);
    lua_settop(L, top);
    return n;
}

enum sio_listener sio_listener_find(lua_State *L, const struct sio_bind *b,
                                    const struct sio_socket *s, int object, int event)
{
    const struct sio_handle *h = sio_socket_user(s);
    const struct sio_nsp *nsp = sio_socket_nsp(s);
    lua_Unsigned own, shared = 0;
    int top = lua_gettop(L);
    if (h == NULL || h->screened || !lua_checkstack(L, 8))
        return SIO_LISTENER_UNKNOWN;
    own = push_only(L, object, event);
    if (sio_namespace_wants(nsp, SIO_WANT_EVENTS))
        shared = sio_parent_of(nsp) != NULL ? 2 : push_only_of_nsp(L, b, nsp, event);
    if (own + shared == 1)
        return own == 1 ? SIO_LISTENER_SOCKETS : SIO_LISTENER_NSPS;
    lua_settop(L, top);
    return SIO_LISTENER_UNKNOWN;
}

bool sio_listener_push_connection(lua_State *L, const struct sio_bind *b, const struct sio_nsp *nsp)
{
    int top = lua_gettop(L);
    bool only = false;
    if (!lua_checkstack(L, 8) || sio_parent_of(nsp) != NULL)
        return false;
    sio_handle_push_value(b, L, nsp);
    if (lua_istable(L, -1) && push_table(L, top + 1, "_on") && !push_table(L, top + 2, "connect") &&
        push_table(L, top + 2, "connection") && lua_rawlen(L, -1) == 1) {
        lua_rawgeti(L, -1, 1);
        lua_replace(L, ++top);
        only = true;
    }
    lua_settop(L, top);
    return only;
}

bool sio_listener_has(const struct sio_bind *b, const struct sio_socket *s, const char *event)
{
    lua_State *L = b->L;
    int top = lua_gettop(L);
    bool has = false;
    lua_checkstack(L, 6);
    if (sio_handle_push_loose(b, L, s) && push_table(L, top + 1, "_on")) {
        lua_pushstring(L, event);
        has = lua_rawget(L, -2) == LUA_TTABLE;
    }
    lua_settop(L, top);
    return has;
}

bool sio_listener_takes_more(lua_State *L, int n)
{
    lua_Debug fn;
    lua_pushvalue(L, -1);
    lua_getinfo(L, ">u", &fn);
    return fn.isvararg || fn.nparams > n;
}
