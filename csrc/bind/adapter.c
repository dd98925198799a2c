// SPDX-License-Identifier: MIT
/* core.nsp_watch and its like: what rooms there are here, and events of them. Stands on
 * sio/watch.h; lua/sio/adapter.lua calls it and has the hook.
 */
#include "bind/adapter.h"

#include "bind/call.h"
#include "bind/namespace.h"
#include "bind/server.h"
#include "sio/socket.h"
#include "sio/watch.h"

static const struct {
    enum sio_room_kind kind;
    const char *name;
} events[] = {
    {SIO_ROOM_CREATED, "create-room"},
    {SIO_ROOM_DELETED, "delete-room"},
    {SIO_ROOM_JOINED, "join-room"},
    {SIO_ROOM_LEFT, "leave-room"},
};

enum { EVENTS = sizeof events / sizeof events[0] };

static struct sio_slice name_of(enum sio_room_kind kind)
{
    size_t i = 0;
    while (events[i].kind != kind)
        i++;
    return sio_slice_str(events[i].name);
}

/* nsp_watch(nsp, {[event] = anything}|nil): the events that the hook is called for from now on */
static int ladapter_watch(lua_State *L)
{
    struct sio_nsp *nsp = sio_namespace_self(L);
    unsigned kinds = 0;
    for (size_t i = 0; i < EVENTS && lua_istable(L, 2); i++) {
        if (lua_getfield(L, 2, events[i].name) != LUA_TNIL)
            kinds |= events[i].kind;
        lua_pop(L, 1);
    }
    if (nsp != NULL)
        sio_watch_set(nsp, kinds);
    return 0;
}

void sio_adapter_on_room(void *owner, struct sio_nsp *n, const struct sio_room_event *e)
{
    struct sio_app *app = owner;
    struct sio_co *c = sio_call_new(app->bind, "room event handler");
    if (c == NULL)
        return;
    lua_State *L = sio_call_stack(c);
    struct sio_slice name = name_of(e->kind);
    sio_call_context(c, app, name, e->sid);
    sio_call_nsp(c, sio_nsp_name(n));
    sio_bind_push_ref(app->bind, L, SIO_REF_ROOM);
    sio_handle_push_value(app->bind, L, n);
    if (lua_isnil(L, -1)) { /* the server has closed */
        sio_call_drop(c);
        return;
    }
    lua_pushlstring(L, name.p, name.len);
    lua_pushlstring(L, e->room.p, e->room.len);
    if (e->sid.len != 0)
        lua_pushlstring(L, e->sid.p, e->sid.len);
    sio_call_run(c, e->sid.len != 0 ? 4 : 3);
}

/* ---- looking --------------------------------------------------------------------------------- */

static void append_room(void *ctx, struct sio_slice room)
{
    lua_State *L = ctx;
    lua_pushlstring(L, room.p, room.len);
    lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
}

static void push_rooms(lua_State *L, const struct sio_socket *s)
{
    lua_newtable(L);
    sio_socket_each_room(s, append_room, L);
}

static void add_socket(void *ctx, struct sio_socket *s)
{
    lua_State *L = ctx;
    lua_checkstack(L, 8);
    push_rooms(L, s);
    lua_setfield(L, -2, sio_socket_id(s));
}

/* nsp_sids(nsp): {[id] = {room, ...}} of this worker's connected sockets */
static int ladapter_sids(lua_State *L)
{
    struct sio_nsp *nsp = sio_namespace_self(L);
    lua_createtable(L, 0, nsp ? (int)sio_nsp_count(nsp) : 0);
    if (nsp != NULL)
        sio_nsp_each(nsp, add_socket, L);
    return 1;
}

/* nsp_socket_rooms(nsp, id): {room, ...}, or nothing when it is not here */
static int ladapter_socket_rooms(lua_State *L)
{
    struct sio_nsp *nsp = sio_namespace_self(L);
    struct sio_slice id;
    id.p = luaL_checklstring(L, 2, &id.len);
    const struct sio_socket *s = nsp ? sio_nsp_find(nsp, id) : NULL;
    if (s == NULL)
        return 0;
    push_rooms(L, s);
    return 1;
}

/* nsp_workers(nsp): how many serve it, this one included */
static int ladapter_workers(lua_State *L)
{
    const struct sio_nsp *nsp = sio_namespace_self(L);
    lua_pushinteger(L, nsp ? (lua_Integer)sio_nsp_workers(nsp) : 0);
    return 1;
}

void ladapter_open(lua_State *L)
{
    static const luaL_Reg functions[] = {{"nsp_watch", ladapter_watch},
                                         {"nsp_sids", ladapter_sids},
                                         {"nsp_socket_rooms", ladapter_socket_rooms},
                                         {"nsp_workers", ladapter_workers},
                                         {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
