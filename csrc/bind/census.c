// SPDX-License-Identifier: MIT
/* core.census: how much this process holds of everything, for specs that prove that nothing is left
 * behind. Stands on sio/census.h and the tables of bind.
 */
#include <malloc.h>

#include "bind/server.h"
#include "engine/server.h"
#include "sio/census.h"

static void set(lua_State *L, const char *name, size_t value)
{
    lua_pushinteger(L, (lua_Integer)value);
    lua_setfield(L, -2, name);
}

/* Entries of the table on top, which is popped. */
static size_t count_entries(lua_State *L)
{
    size_t n = 0;
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1))
        n++;
    lua_pop(L, 1);
    return n;
}

static void set_table(lua_State *L, const struct sio_bind *b, const char *name, enum sio_ref ref)
{
    sio_bind_push_ref(b, L, ref);
    set(L, name, count_entries(L));
}

static void count_handle(uv_handle_t *handle, void *n)
{
    (void)handle;
    ++*(size_t *)n;
}

/* What glibc's malloc has given out and not got back; 0 where nobody tells. */
static size_t heap_bytes(void)
{
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 33)
    return mallinfo2().uordblks;
#else
    return 0;
#endif
}

static void set_lua(lua_State *L, struct sio_bind *b)
{
    size_t handles = 0;
    uv_walk(&b->loop->uv, count_handle, &handles);
    set_table(L, b, "objects", SIO_REF_OBJECTS);
    set_table(L, b, "callbacks", SIO_REF_CALLBACKS);
    lua_pushvalue(L, LUA_REGISTRYINDEX);
    set(L, "registry", count_entries(L));
    set(L, "coroutines", b->calls.n - b->calls.n_idle);
    set(L, "handles", handles);
    set(L, "connections", b->loop->n_clients);
    set(L, "heap", heap_bytes());
}

static void set_server(lua_State *L, struct sio_app *app)
{
    struct sio_server *s = app->closing ? NULL : sio_service_sio(app->service);
    struct sio_census c = {0};
    struct sio_list *node;
    size_t requests = 0;
    if (app->closing)
        return;
    set(L, "sessions", eio_server_count(sio_service_engine(app->service)));
    for (node = app->requests.next; node != &app->requests; node = node->next)
        requests++;
    set(L, "requests", requests);
    if (s == NULL)
        return;
    sio_server_census(s, &c);
#define X(name) set(L, #name, c.name);
    SIO_CENSUS_MAP(X)
#undef X
}

/* census(server|nil): {name = number}; of the process, and of the server */
static int lcensus_take(lua_State *L)
{
    struct sio_app *app = lua_istable(L, 1) ? sio_handle_self(L, sio_app_type)->object : NULL;
    lua_settop(L, 1);
    lua_newtable(L);
    set_lua(L, sio_bind_open(L));
    if (app != NULL)
        set_server(L, app);
    return 1;
}

void lcensus_open(lua_State *L)
{
    static const luaL_Reg functions[] = {{"census", lcensus_take}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
