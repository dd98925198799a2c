// SPDX-License-Identifier: MIT
/* core.drain and what else the end of a worker waits for: handlers that still run, connections that
 * have not said goodbye. Stands on worker/worker.h; lua/sio/closing.lua decides on the order.
 *
 * Reenters: the function given to drain runs in a coroutine.
 */
#include "bind/call_in.h"
#include "bind/handle.h"
#include "bind/server.h"
#include "worker/worker.h"

static void on_drained(void *ctx)
{
    struct sio_bind *b = ctx;
    struct sio_co *c = sio_call_new(b, "drain");
    if (c != NULL)
        sio_handle_push_callback(b, sio_call_stack(c), &b->drain);
    sio_handle_drop_callback(b, &b->drain);
    if (c != NULL)
        sio_call_run(c, 0);
}

/* drain(spread, limit, fn): the gentle end of the worker's servers. fn runs when it is over, and
 * never when they are closed before. Once. */
static int ldrain_begin(lua_State *L)
{
    struct sio_bind *b = sio_bind_of(L);
    uint64_t spread_ms = sio_bind_check_ms(L, 1), limit_ms = sio_bind_check_ms(L, 2);
    luaL_checktype(L, 3, LUA_TFUNCTION);
    lua_settop(L, 3);
    if (b->worker == NULL)
        return luaL_error(L, "there is no worker");
    sio_handle_set_callback(b, L, &b->drain);
    sio_worker_drain(b->worker, spread_ms, limit_ms, on_drained, b);
    return 0;
}

static int count_handlers(lua_State *L)
{
    const void *app = lua_touserdata(L, lua_upvalueindex(1)); /* compared only: it may be gone */
    lua_Integer n = 0;
    SIO_LIST_EACH (link, &sio_bind_of(L)->calls.all) {
        const struct sio_co *c = SIO_CONTAINER_OF(link, struct sio_co, link);
        n += c->handler && c->context.app == app;
    }
    lua_pushinteger(L, n);
    return 1;
}

/* handlers(server) -> f, also for after its end: f() is how many of its handlers run or wait, those
 * that they have spawned not counted */
static int ldrain_handlers(lua_State *L)
{
    lua_pushlightuserdata(L, sio_app_self(L));
    lua_pushcclosure(L, count_handlers, 1);
    return 1;
}

/* connections(): those that are there, or that wait for the other end's goodbye */
static int ldrain_connections(lua_State *L)
{
    const struct sio_loop *loop = sio_bind_of(L)->loop;
    lua_pushinteger(L, (lua_Integer)(loop->n_clients + loop->finishing));
    return 1;
}

void ldrain_open(lua_State *L)
{
    static const luaL_Reg functions[] = {{"drain", ldrain_begin},
                                         {"handlers", ldrain_handlers},
                                         {"connections", ldrain_connections},
                                         {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
