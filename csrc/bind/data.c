// SPDX-License-Identifier: MIT
/* socket.data: a Lua table that is kept with the session as JSON, so that a recovered socket has
 * it, and so has the next object of a socket whose object was collected.
 *
 * Reading it marks the socket (nobody can see what is done to a table); when the coroutine waits or
 * ends, marked sockets' data is encoded and handed to sio if its bytes changed.
 */
#include "bind/socket.h"

#include "bind/json.h"
#include "bind/relic.h"

static const char field[] = "_data";

static void mark(lua_State *L, struct sio_handle *h)
{
    struct sio_bind *b = h->bind;
    if (h->dirty || h->object == NULL)
        return;
    h->dirty = true;
    sio_bind_push_ref(b, L, SIO_REF_DIRTY);
    lua_pushvalue(L, 1);
    lua_rawseti(L, -2, ++b->n_dirty);
    lua_pop(L, 1);
}

void sio_socket_push_data(lua_State *L, struct sio_bind *b, struct sio_slice json)
{
    if (json.len == 0 || sio_json_decode_value(L, b, json, NULL) != 0)
        lua_newtable(L);
    else if (lua_istable(L, -1)) {
        lua_pushnil(L);
        lua_setmetatable(L, -2); /* {} as an ordinary table */
    }
}

/* Pushes what the object starts with: empty, or what its socket or its session had. */
static void push_initial(lua_State *L, struct sio_handle *h)
{
    struct sio_slice json = {0};
    if (h->object != NULL)
        json = sio_socket_data(h->object);
    else if (h->relic != NULL)
        json = sio_relic_data(h->relic);
    sio_socket_push_data(L, h->bind, json);
}

/* socket_data(socket) */
static int ldata_get(lua_State *L)
{
    struct sio_handle *h = sio_handle_self(L, sio_socket_type);
    lua_settop(L, 1);
    mark(L, h);
    lua_pushstring(L, field);
    if (lua_rawget(L, 1) == LUA_TNIL) {
        push_initial(L, h);
        lua_pushstring(L, field);
        lua_pushvalue(L, -2);
        lua_rawset(L, 1);
    }
    return 1;
}

/* socket_set_data(socket, value): `socket.data = value` */
static int ldata_set(lua_State *L)
{
    struct sio_handle *h = sio_handle_self(L, sio_socket_type);
    lua_settop(L, 2);
    lua_pushstring(L, field);
    lua_insert(L, 2);
    lua_rawset(L, 1);
    mark(L, h);
    return 0;
}

/* The object is on top of the stack. */
static void settle_one(lua_State *L, struct sio_bind *b)
{
    struct sio_handle *h;
    lua_rawgeti(L, -1, SIO_OBJECT_HANDLE);
    h = lua_touserdata(L, -1);
    h->dirty = false;
    if (h->object == NULL)
        return;
    lua_pushstring(L, field);
    lua_rawget(L, -3);
    sio_buf_clear(&b->json);
    if (!sio_json_encode_value(L, b, -1, "socket.data", &b->json))
        lua_error(L);
    if (!sio_slice_eq(sio_buf_slice(&b->json), sio_socket_data(h->object)))
        sio_socket_set_data(h->object, sio_buf_slice(&b->json));
}

void sio_socket_settle(lua_State *L, struct sio_bind *b)
{
    int top = lua_gettop(L);
    luaL_checkstack(L, 8, NULL);
    while (b->n_dirty > 0) {
        sio_bind_push_ref(b, L, SIO_REF_DIRTY);
        lua_rawgeti(L, -1, b->n_dirty);
        lua_pushnil(L);
        lua_rawseti(L, -3, b->n_dirty--);
        settle_one(L, b);
        lua_settop(L, top);
    }
}

void ldata_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"socket_data", ldata_get}, {"socket_set_data", ldata_set}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
