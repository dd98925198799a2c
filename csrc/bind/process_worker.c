// SPDX-License-Identifier: MIT
/* This process as a worker: opened before the app file runs, so that the server which the app makes
 * finds it in struct sio_bind (process.h, worker/worker.h).
 *
 * Reenters: no; the function given to worker_close runs in a coroutine.
 */
#include "bind/process.h"

#include <fcntl.h>

#include "base/err.h"
#include "bind/call.h"
#include "bind/handle.h"
#include "bind/reclaim.h"
#include "bind/server.h"
#include "worker/worker.h"

static struct sio_worker *check_worker(lua_State *L)
{
    struct sio_worker *w = sio_bind_of(L)->worker;
    if (!w)
        luaL_error(L, "this process is not a worker");
    return w;
}

static lua_Integer check_field(lua_State *L, const char *name, lua_Integer max)
{
    lua_getfield(L, 1, name);
    lua_Integer value = lua_tointeger(L, -1);
    if (!lua_isinteger(L, -1) || value < 0 || value > max)
        luaL_error(L, "worker_open: %s out of range", name);
    lua_pop(L, 1);
    return value;
}

/* worker_open{shm_fd =, bell_fd =, slot =, generation =}: takes the descriptors */
static int lworker_new(lua_State *L)
{
    struct sio_bind *b = sio_bind_of(L);
    luaL_checktype(L, 1, LUA_TTABLE);
    if (b->worker)
        return luaL_error(L, "this process is a worker already");
    struct sio_worker_options options = {
        .shm_fd = (int)check_field(L, "shm_fd", INT32_MAX),
        .bell_fd = (int)check_field(L, "bell_fd", INT32_MAX),
        .on_ebb = sio_reclaim_begin,
        .ctx = b,
        .me = {.slot = (unsigned)check_field(L, "slot", SIO_WORKERS_MAX - 1),
               .generation = (uint32_t)check_field(L, "generation", UINT32_MAX)}};
    fcntl(options.bell_fd, F_SETFD, FD_CLOEXEC); /* programs that the app starts do not get it */
    int rc = sio_worker_open(b->loop, &options, &b->worker);
    if (rc < 0)
        return sio_process_fail(L, rc);
    b->supervised = true;
    lua_pushboolean(L, true);
    return 1;
}

/* is_worker() -> whether there is a worker that was not closed */
static int lworker_is(lua_State *L)
{
    lua_pushboolean(L, sio_bind_of(L)->worker != NULL);
    return 1;
}

/* worker_add_peer(slot, generation, link fd, bell fd): takes both */
static int lworker_add_peer(lua_State *L)
{
    struct sio_worker *w = check_worker(L);
    struct sio_place peer = {.slot = (unsigned)luaL_checkinteger(L, 1),
                             .generation = (uint32_t)luaL_checkinteger(L, 2)};
    int link_fd = sio_process_check_fd(L, 3), bell_fd = sio_process_check_fd(L, 4);
    sio_worker_add_peer(w, peer, link_fd, bell_fd);
    return 0;
}

static int lworker_stop_listening(lua_State *L)
{
    sio_worker_stop_listening(check_worker(L));
    return 0;
}

static void on_closed(void *ctx)
{
    struct sio_bind *b = ctx;
    struct sio_co *c = sio_call_new(b, "worker's end");
    b->worker = NULL;
    if (c)
        sio_handle_push_callback(b, sio_call_stack(c), b);
    sio_handle_drop_callback(b, b);
    if (c)
        sio_call_run(c, 0);
}

/* worker_close(f): what its servers still have is closed, then the rest, then f runs. */
static int lworker_close(lua_State *L)
{
    struct sio_bind *b = sio_bind_of(L);
    struct sio_worker *w = check_worker(L);
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    sio_handle_set_callback(b, L, b);
    sio_server_close_apps(b); /* those that never listened are still there */
    sio_worker_close(w, on_closed, b);
    return 0;
}

void lworker_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"worker_open", lworker_new},          {"is_worker", lworker_is},
        {"worker_add_peer", lworker_add_peer}, {"worker_stop_listening", lworker_stop_listening},
        {"worker_close", lworker_close},       {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
