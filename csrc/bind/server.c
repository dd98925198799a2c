// SPDX-License-Identifier: MIT
/* core.server_*: makes a server from an options table, listens, closes.
 *
 * Stands on worker/service.h and options.h. lua/sio/server.lua and engine.lua call it.
 */
#include "bind/server.h"

#include <errno.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "bind/call.h"
#include "bind/gate.h"
#include "bind/lua_parser.h"
#include "bind/options.h"
#include "bind/reclaim.h"
#include "bind/request.h"
#include "bind/session.h"
#include "bind/slow.h"
#include "bind/socket.h"
#include "worker/worker.h"

const char sio_app_type[] = "sio.app";

/* ---- making ---------------------------------------------------------------------------------- */

static const struct sio_app_events events = {
    .on_request = sio_request_start,
    .on_session = sio_session_start,
    .sio = &sio_socket_events,
};

/* The worker of this process; under plain Lua the first server opens it. */
static struct sio_worker *take_worker(lua_State *L, struct sio_bind *b)
{
    const struct sio_worker_options alone = {
        .shm_fd = -1, .bell_fd = -1, .on_ebb = sio_reclaim_begin, .ctx = b};
    if (b->worker == NULL && sio_worker_open(b->loop, &alone, &b->worker) != 0)
        sio_bind_error(L, "cannot open a worker: %s", strerror(errno));
    return b->worker;
}

/* Handlers of all servers share the loop: the strictest of them counts. */
static void watch_handlers(struct sio_bind *b)
{
    uint64_t least_ms = 0;
    SIO_LIST_EACH (link, &b->apps) {
        const struct sio_app *app = SIO_CONTAINER_OF(link, struct sio_app, link);
        if (app->slow_ms != 0 && (least_ms == 0 || app->slow_ms < least_ms))
            least_ms = app->slow_ms;
    }
    sio_slow_set(b, least_ms);
}

/* server_new(options, object): puts the handle into object[1]. */
static int lserver_new(lua_State *L)
{
    struct sio_bind *b = sio_bind_open(L);
    struct sio_app_options options = {0};
    struct sio_service *service;
    struct sio_app *app;
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checktype(L, 2, LUA_TTABLE);
    sio_options_read(L, &options);
    b->settle = sio_socket_settle;
    struct sio_worker *w = take_worker(L, b);
    app = sio_calloc(1, sizeof *app);
    app->parser = sio_lua_parser_new(L, b, &options.sio);
    int err = sio_service_new(w, &options, &events, app, &service);
    if (err != 0) {
        sio_lua_parser_free(app->parser);
        sio_free(app);
        return sio_bind_error(L, "cannot make the server: %s", sio_err_text(err));
    }
    app->bind = b;
    sio_list_init(&app->link);
    sio_list_init(&app->requests);
    sio_handle_new(L, b, app, sio_app_type);
    lua_pushvalue(L, 2);
    sio_handle_set_value(L, -2);
    lua_rawseti(L, 2, SIO_OBJECT_HANDLE);
    app->max_body = options.engine.max_http_buffer_size;
    sio_option_size(L, "max_body", &app->max_body);
    sio_option_ms(L, "slow_handler", &app->slow_ms);
    sio_list_append(&b->apps, &app->link);
    watch_handlers(b);
    app->service = service;
    sio_gate_install(L, app);
    return 0;
}

struct sio_app *sio_app_self(lua_State *L)
{
    struct sio_app *app = sio_handle_self(L, sio_app_type)->object;
    if (app == NULL || app->closing)
        sio_bind_error(L, "the server is closed");
    return app;
}

/* ---- listening and closing ------------------------------------------------------------------- */

/* server_number(object): what it is known by in other workers, from 0 */
static int lserver_number(lua_State *L)
{
    lua_pushinteger(L, sio_service_number(sio_app_self(L)->service));
    return 1;
}

/* server_add_listener(object, fd): accepts from it; takes it */
static int lserver_add_listener(lua_State *L)
{
    struct sio_app *app = sio_app_self(L);
    lua_Integer fd = luaL_checkinteger(L, 2);
    luaL_argcheck(L, fd >= 0 && fd <= INT32_MAX, 2, "descriptor expected");
    sio_service_add_listener(app->service, (int)fd);
    return 0;
}

/* server_place_here(object): its new sessions stay in this worker */
static int lserver_place_here(lua_State *L)
{
    sio_service_place_here(sio_app_self(L)->service);
    return 0;
}

/* server_ready(object): its worker may be chosen for new sessions */
static int lserver_ready(lua_State *L)
{
    sio_service_ready(sio_app_self(L)->service);
    return 0;
}

static void run_closed(struct sio_app *app)
{
    struct sio_co *c = sio_call_new(app->bind, "close handler");
    if (c == NULL)
        return;
    sio_handle_push_callback(app->bind, sio_call_stack(c), app);
    if (lua_isfunction(sio_call_stack(c), -1))
        sio_call_run(c, 0);
    else
        sio_call_drop(c);
}

static void drop_nsp(void *ctx, struct sio_nsp *nsp)
{
    sio_handle_drop(ctx, nsp);
}

/* Behind the last server; the next one opens another. */
static void close_worker(struct sio_bind *b)
{
    struct sio_worker *w = b->worker;
    b->worker = NULL;
    sio_worker_close(w, NULL, NULL);
}

static void on_closed(void *ctx)
{
    struct sio_app *app = ctx;
    struct sio_bind *b = app->bind;
    sio_list_remove(&app->link);
    watch_handlers(b);
    run_closed(app); /* may make a new server */
    sio_handle_drop_callback(b, app);
    sio_handle_drop(b, app);
    sio_lua_parser_free(app->parser);
    sio_free(app);
    if (sio_list_empty(&b->apps) && !b->supervised && b->worker != NULL)
        close_worker(b);
}

static void app_close(struct sio_app *app)
{
    if (app->closing)
        return;
    app->closing = true;
    const struct sio_server *sio = sio_service_sio(app->service);
    sio_service_close(app->service, on_closed,
                      app); /* runs the disconnect handlers, which may emit */
    if (sio != NULL)
        sio_server_each_nsp(sio, drop_nsp, app->bind);
}

/* server_close(object, fn|nil): fn runs when everything is gone. False when it is closing
 * already. */
static int lserver_close(lua_State *L)
{
    struct sio_app *app = sio_handle_self(L, sio_app_type)->object;
    bool closes = app != NULL && !app->closing;
    if (closes && lua_isfunction(L, 2)) {
        lua_settop(L, 2);
        sio_handle_set_callback(app->bind, L, app);
    }
    if (closes)
        app_close(app);
    lua_pushboolean(L, closes);
    return 1;
}

/* server_drop_requests(object): 503 to who still waits for a handler */
static int lserver_drop_requests(lua_State *L)
{
    struct sio_app *app = sio_handle_self(L, sio_app_type)->object;
    if (app != NULL)
        sio_request_drop_all(app);
    return 0;
}

void sio_server_close_apps(struct sio_bind *b)
{
    SIO_LIST_EACH (link, &b->apps)
        app_close(SIO_CONTAINER_OF(link, struct sio_app, link));
}

void sio_server_close_all(struct sio_bind *b)
{
    b->closed = true;
    sio_server_close_apps(b);
    SIO_LIST_EACH (link, &b->apps)
        sio_request_drop_all(SIO_CONTAINER_OF(link, struct sio_app, link));
    while (!sio_list_empty(&b->apps))
        sio_loop_run_once(b->loop);
    if (b->worker != NULL)
        close_worker(b);
}

/* ---- questions ------------------------------------------------------------------------------- */

static int lserver_clients_count(lua_State *L)
{
    struct sio_app *app = sio_handle_self(L, sio_app_type)->object;
    struct eio_server *engine = app && !app->closing ? sio_service_engine(app->service) : NULL;
    lua_pushinteger(L, engine ? (lua_Integer)eio_server_count(engine) : 0);
    return 1;
}

/* worker_info(): {id, pid}; alone it is worker 1. */
static int lserver_worker_info(lua_State *L)
{
    const struct sio_bind *b = sio_bind_of(L);
    lua_createtable(L, 0, 2);
    lua_pushinteger(L, b->worker ? (lua_Integer)sio_worker_number(b->worker) : 1);
    lua_setfield(L, -2, "id");
    lua_pushinteger(L, getpid());
    lua_setfield(L, -2, "pid");
    return 1;
}

void lserver_open(lua_State *L)
{
    static const luaL_Reg functions[] = {{"server_new", lserver_new},
                                         {"server_number", lserver_number},
                                         {"server_add_listener", lserver_add_listener},
                                         {"server_place_here", lserver_place_here},
                                         {"server_ready", lserver_ready},
                                         {"server_close", lserver_close},
                                         {"server_drop_requests", lserver_drop_requests},
                                         {"server_clients_count", lserver_clients_count},
                                         {"worker_info", lserver_worker_info},
                                         {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
    sio_handle_type(L, sio_app_type, NULL);
}
