// SPDX-License-Identifier: MIT
/* A request for the application: its head becomes a Lua object, its body is collected, the request
 * hook answers it once (request_reply.c).
 *
 * Stands on net/http_conn; lua/sio/http/router.lua has the hook. A request that its coroutine
 * leaves unanswered by an error is answered there, in Lua, with 500.
 */
#include "bind/request_in.h"

#include <stdio.h>

#include "base/mem.h"
#include "bind/call.h"
#include "net/http_stream.h"

const char sio_request_type[] = "sio.request";

void sio_request_leave(struct sio_request *q)
{
    struct sio_bind *b = q->app->bind;
    struct sio_co *co = q->co;
    sio_handle_drop(b, q);
    sio_list_remove(&q->link);
    sio_free(q);
    if (co == NULL)
        return;
    if (b->closed) {
        sio_call_abandon(co);
        return;
    }
    lua_pushnil(sio_call_stack(co));
    lua_pushliteral(sio_call_stack(co), "closed");
    sio_call_resume(co, 2);
}

static void refuse(struct sio_request *q, const char *why)
{
    sio_http_respond_text(q->conn, 503, "text/plain", why);
    sio_request_leave(q);
}

void sio_request_drop_all(struct sio_app *app)
{
    struct sio_list *link;
    while ((link = sio_list_first(&app->requests)) != NULL) {
        struct sio_request *q = SIO_CONTAINER_OF(link, struct sio_request, link);
        if (q->state == SIO_REQUEST_PENDING)
            refuse(q, "the server is closing\n");
        else
            sio_http_stream_cut(q->conn); /* its writer leaves the list */
    }
}

/* Log lines name it by "GET /path". The request's object is on top of its stack. */
static void set_context(struct sio_request *q, struct sio_co *c)
{
    lua_State *L = sio_call_stack(c);
    char name[SIO_CALL_EVENT_MAX + 1];
    lua_getfield(L, -1, "method");
    lua_getfield(L, -2, "raw_path");
    snprintf(name, sizeof name, "%s %s", lua_tostring(L, -2), lua_tostring(L, -1));
    lua_pop(L, 2);
    sio_call_context(c, q->app, sio_slice_str(name), sio_slice(NULL, 0));
}

/* The hook: f(app, request). */
static void run_hook(struct sio_request *q)
{
    struct sio_bind *b = q->app->bind;
    struct sio_co *c = sio_call_new(b, "request handler");
    if (c == NULL) {
        refuse(q, "too many requests\n");
        return;
    }
    sio_bind_push_ref(b, sio_call_stack(c), SIO_REF_REQUEST);
    sio_handle_push_value(b, sio_call_stack(c), q->app);
    sio_handle_push_value(b, sio_call_stack(c), q);
    set_context(q, c);
    sio_call_run(c, 2);
}

static void on_body(void *self, struct sio_http_conn *c, struct sio_slice body)
{
    struct sio_request *q = self;
    lua_State *L = q->app->bind->L;
    (void)c;
    lua_checkstack(L, 8);
    sio_handle_push_value(q->app->bind, L, q);
    lua_pushlstring(L, body.p ? body.p : "", body.len);
    lua_setfield(L, -2, "body");
    lua_pop(L, 1);
    run_hook(q);
}

/* Answered or not: nobody reads an answer any more. */
static void on_gone(void *self, struct sio_http_conn *c, int err)
{
    (void)c;
    (void)err;
    sio_request_leave(self);
}

static void push_object(struct sio_request *q, const struct sio_http_request *r)
{
    struct sio_bind *b = q->app->bind;
    lua_checkstack(b->L, 12);
    sio_handle_new_object(b->L, b, q, sio_request_type, SIO_REF_REQUEST_MT);
    sio_http_set_request(b->L, b, q->conn, r);
    lua_pop(b->L, 1);
}

void sio_request_start(void *owner, struct sio_http_conn *c, const struct sio_http_request *r)
{
    static const struct sio_http_handler handler = {.on_body = on_body, .on_gone = on_gone};
    struct sio_app *app = owner;
    struct sio_request *q;
    if (app->bind->closed || app->bind->refs[SIO_REF_REQUEST] == LUA_NOREF) {
        sio_http_respond_text(c, 404, "text/plain", "Not Found\n");
        return;
    }
    q = sio_calloc(1, sizeof *q);
    q->app = app;
    q->conn = c;
    sio_list_init(&q->link);
    sio_list_append(&app->requests, &q->link);
    push_object(q, r);
    sio_http_accept(c, &handler, q, app->max_body);
}

void lrequest_open(lua_State *L)
{
    lrequest_reply_open(L);
    sio_handle_type(L, sio_request_type, NULL);
}
