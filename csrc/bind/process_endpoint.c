// SPDX-License-Identifier: MIT
/* A small HTTP server of the supervisor's, for its own pages (process.h): a function answers method
 * and path at once. Stands on net/http_server and listener.
 *
 * Owns: an endpoint its listener and its connections, until close(). Few of them, short deadlines,
 * one answer each, for making a page takes the supervisor's time: whoever can reach it can hold up
 * nobody but others who want the same pages. Reenters: through the function, which may not wait.
 */
#include "bind/process.h"

#include "base/err.h"
#include "base/mem.h"
#include "bind/call.h"
#include "bind/handle.h"
#include "net/http_conn.h"
#include "net/listener.h"

#define ENDPOINT "sio.process.endpoint"

enum { CONNECTIONS_MAX = 64, HEAD_MS = 5000, ANSWER_MS = 5000 };

struct endpoint {
    struct sio_http_server http;
    struct sio_listener *listener;
    struct sio_bind *bind;
    struct sio_grave grave;
};

/* The two strings that the function has returned on top of L. */
static void answer(lua_State *L, struct sio_http_conn *c, int status)
{
    static const struct sio_slice allowed = {"GET, HEAD", 9};
    struct sio_http_field fields[] = {
        {SIO_LIT("Content-Type"), {NULL, 0}},
        {SIO_LIT("Cache-Control"), SIO_LIT("no-store")},
        {SIO_LIT("X-Content-Type-Options"), SIO_LIT("nosniff")},
        {SIO_LIT("Allow"), allowed},
    };
    struct sio_slice body;
    fields[0].value.p = lua_tolstring(L, -2, &fields[0].value.len);
    body.p = lua_tolstring(L, -1, &body.len);
    sio_http_respond(c, &(struct sio_http_response){.status = status,
                                                    .fields = fields,
                                                    .n_fields = status == 405 ? 4 : 3,
                                                    .body = body,
                                                    .close = true});
}

static void on_request(void *owner, struct sio_http_conn *c, const struct sio_http_request *r)
{
    struct endpoint *e = owner;
    lua_State *L = e->bind->L;
    int top = lua_gettop(L);
    luaL_checkstack(L, 8, NULL);
    sio_handle_push_value(e->bind, L, e);
    lua_pushlstring(L, r->method.p, r->method.len);
    lua_pushlstring(L, r->path.p, r->path.len);
    if (sio_call_protected(L, 2, 3, "endpoint", NULL) && lua_isinteger(L, -3) &&
        lua_type(L, -2) == LUA_TSTRING && lua_type(L, -1) == LUA_TSTRING)
        answer(L, c, (int)lua_tointeger(L, -3));
    else
        sio_http_respond(c, &(struct sio_http_response){.status = 500, .close = true});
    lua_settop(L, top);
}

static void on_accept(void *owner, int fd)
{
    struct endpoint *e = owner;
    sio_http_server_adopt(&e->http, &(struct sio_arrival){.fd = fd});
}

static void free_endpoint(void *object)
{
    sio_free(object);
}

static void on_closed(void *ctx)
{
    struct endpoint *e = ctx;
    sio_loop_bury(e->bind->loop, &e->grave, free_endpoint, e);
}

static void close_endpoint(struct endpoint *e)
{
    if (e->listener != NULL)
        sio_listener_close(e->listener);
    sio_handle_drop(e->bind, e);
    sio_http_server_close(&e->http, on_closed, e);
}

/* endpoint(fd, f) -> handle: f(method, path) gives status, type and body of each answer. Takes the
 * descriptor, also when it fails. */
static int lendpoint_new(lua_State *L)
{
    static const struct sio_http_server_events events = {.on_request = on_request};
    struct sio_bind *b = sio_bind_open(L);
    int fd = sio_process_check_fd(L, 1);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    struct endpoint *e = sio_calloc(1, sizeof *e);
    struct sio_http_limits limits;
    sio_http_limits_default(&limits);
    limits.max_connections = CONNECTIONS_MAX;
    limits.head_timeout_ms = HEAD_MS;
    limits.body_timeout_ms = ANSWER_MS;
    e->bind = b;
    sio_http_server_init(&e->http, b->loop, &limits, &events, e);
    e->http.dated = true;
    sio_handle_new(L, b, e, ENDPOINT);
    lua_pushvalue(L, 2);
    sio_handle_set_value(L, -2);
    e->listener = sio_listener_open(b->loop, fd, on_accept, e);
    if (e->listener != NULL)
        return 1;
    close_endpoint(e);
    return sio_process_fail(L, SIO_ESYS);
}

/* endpoint:close(): idle connections now, the others after their answer. Idempotent. */
static int lendpoint_close(lua_State *L)
{
    struct endpoint *e = sio_handle_object(L, 1, ENDPOINT);
    if (e != NULL)
        close_endpoint(e);
    return 0;
}

void lendpoint_open(lua_State *L)
{
    static const luaL_Reg methods[] = {{"close", lendpoint_close}, {NULL, NULL}};
    sio_handle_type(L, ENDPOINT, methods);
    lua_pushcfunction(L, lendpoint_new);
    lua_setfield(L, -2, "endpoint");
}
