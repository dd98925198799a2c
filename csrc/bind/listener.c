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

/* Pushes the object's field when that is a table. Its name is at hand as a string of Lua's: looking
 * for that would be half of the cost. */
static bool push_table(lua_State *L, const struct sio_bind *b, int object, enum sio_ref name)
{
    sio_bind_push_ref(b, L, name);
    if (lua_rawget(L, object) == LUA_TTABLE)
        return true;
    lua_pop(L, 1);
    return false;
}

/* How many listeners an event has. */
enum count { NONE, ONE, SEVERAL };

static enum count count_of(int type)
{
    if (type == LUA_TNIL)
        return NONE;
    return type == LUA_TFUNCTION ? ONE : SEVERAL;
}

/* Of an event of the object at `object`. The only one is pushed. */
static enum count push_only(lua_State *L, const struct sio_bind *b, int object, int event)
{
    int top = lua_gettop(L);
    enum count n = NONE;
    if (push_table(L, b, object, SIO_REF_ON)) {
        lua_pushvalue(L, event);
        n = count_of(lua_rawget(L, -2));
    }
    if (n == ONE)
        lua_replace(L, ++top);
    lua_settop(L, top);
    return n;
}

static enum count push_only_of_nsp(lua_State *L, const struct sio_bind *b,
                                   const struct sio_nsp *nsp, int event)
{
    int top = lua_gettop(L);
    enum count n = NONE;
    sio_handle_push_value(b, L, nsp);
    if (lua_istable(L, -1) && push_table(L, b, top + 1, SIO_REF_EVENTS))
        n = push_only(L, b, top + 2, event);
    if (n == ONE)
        lua_replace(L, ++top);
    lua_settop(L, top);
    return n;
}

enum sio_listener sio_listener_find(lua_State *L, const struct sio_bind *b,
                                    const struct sio_socket *s, int object, int event)
{
    const struct sio_handle *h = sio_socket_user(s);
    const struct sio_nsp *nsp = sio_socket_nsp(s);
    enum count own = NONE, shared = NONE;
    int top = lua_gettop(L);
    if (h == NULL || h->screened || !lua_checkstack(L, 8))
        return SIO_LISTENER_UNKNOWN;
    if (h->kept || h->older != NULL) /* else it has nothing of its own */
        own = push_only(L, b, object, event);
    if (sio_namespace_wants(nsp, SIO_WANT_EVENTS))
        shared = sio_parent_of(nsp) != NULL ? SEVERAL : push_only_of_nsp(L, b, nsp, event);
    if (own == ONE && shared == NONE)
        return SIO_LISTENER_SOCKETS;
    if (own == NONE && shared == ONE)
        return SIO_LISTENER_NSPS;
    lua_settop(L, top);
    return SIO_LISTENER_UNKNOWN;
}

/* Of the table of listeners at `on`; they are pushed, whatever they are. */
static enum count push_named(lua_State *L, int on, const char *event)
{
    lua_pushstring(L, event);
    return count_of(lua_rawget(L, on));
}

bool sio_listener_push_connection(lua_State *L, const struct sio_bind *b, const struct sio_nsp *nsp)
{
    int top = lua_gettop(L);
    bool only = false;
    if (!lua_checkstack(L, 8) || sio_parent_of(nsp) != NULL)
        return false;
    sio_handle_push_value(b, L, nsp);
    if (lua_istable(L, -1) && push_table(L, b, top + 1, SIO_REF_ON) &&
        push_named(L, top + 2, "connect") == NONE && push_named(L, top + 2, "connection") == ONE) {
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
    if (sio_handle_push_loose(b, L, s) && push_table(L, b, top + 1, SIO_REF_ON))
        has = push_named(L, top + 2, event) != NONE;
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
