// SPDX-License-Identifier: MIT
/* A request for the application: its head becomes a Lua object, its body is collected, the request
 * hook answers it once.
 *
 * Stands on net/http_conn; lua/sio/http/router.lua has the hook. A request that its coroutine
 * leaves unanswered by an error is answered there, in Lua, with 500.
 */
#include "bind/request.h"

#include "base/err.h"
#include "base/mem.h"
#include "bind/binary.h"
#include "bind/call.h"
#include "bind/server.h"

enum { FIELDS_MAX = 64 }; /* of an answer */

struct request {
    struct sio_app *app;
    struct sio_list link;       /* in app->requests */
    struct sio_http_conn *conn; /* NULL: gone */
};

static void release(struct request *q)
{
    sio_handle_drop(q->app->bind, q);
    sio_list_remove(&q->link);
    sio_free(q);
}

static void refuse(struct request *q, const char *why)
{
    sio_http_respond_text(q->conn, 503, "text/plain", why);
    release(q);
}

void sio_request_drop_all(struct sio_app *app)
{
    struct sio_list *link;
    while ((link = sio_list_first(&app->requests)) != NULL)
        refuse(SIO_CONTAINER_OF(link, struct request, link), "the server is closing\n");
}

/* The hook: f(app, request). */
static void run_hook(struct request *q)
{
    struct sio_bind *b = q->app->bind;
    struct sio_co *c = sio_call_new(b, "request handler");
    if (c == NULL) {
        refuse(q, "too many requests\n");
        return;
    }
    sio_call_context(c, q->app, sio_slice(NULL, 0), sio_slice(NULL, 0));
    sio_bind_push_ref(b, sio_call_stack(c), SIO_REF_REQUEST);
    sio_handle_push_value(b, sio_call_stack(c), q->app);
    sio_handle_push_value(b, sio_call_stack(c), q);
    sio_call_run(c, 2);
}

static void on_body(void *self, struct sio_http_conn *c, struct sio_slice body)
{
    struct request *q = self;
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
    release(self);
}

static void set_slice(lua_State *L, const char *name, struct sio_slice s)
{
    lua_pushlstring(L, s.p ? s.p : "", s.len);
    lua_setfield(L, -2, name);
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 32);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Percent escapes undone; a bad one stays as it is. '+' is no space in a path. */
static void set_decoded_path(lua_State *L, struct sio_slice path)
{
    luaL_Buffer out;
    char *to = luaL_buffinitsize(L, &out, path.len);
    size_t n = 0;
    for (size_t i = 0; i < path.len; i++, n++) {
        bool escape = path.p[i] == '%' && i + 2 < path.len && hex(path.p[i + 1]) >= 0 &&
                      hex(path.p[i + 2]) >= 0;
        to[n] = escape ? (char)(hex(path.p[i + 1]) * 16 + hex(path.p[i + 2])) : path.p[i];
        i += escape ? 2 : 0;
    }
    luaL_pushresultsize(&out, n);
    lua_setfield(L, -2, "path");
}

static void push_object(struct request *q, const struct sio_http_request *r)
{
    struct sio_bind *b = q->app->bind;
    lua_State *L = b->L;
    struct sio_origin origin;
    lua_checkstack(L, 12);
    sio_handle_new_object(L, b, q, SIO_REQUEST, SIO_REF_REQUEST_MT);
    set_slice(L, "method", r->method);
    set_slice(L, "raw_path", r->path);
    set_decoded_path(L, r->path);
    set_slice(L, "url", r->target);
    sio_http_push_headers(L, r);
    lua_setfield(L, -2, "headers");
    sio_http_push_query(L, b, r->query);
    lua_setfield(L, -2, "query");
    sio_http_conn_origin(q->conn, r, &origin);
    set_slice(L, "address", sio_origin_address(&origin));
    lua_pushboolean(L, origin.secure);
    lua_setfield(L, -2, "secure");
    lua_pop(L, 1);
}

void sio_request_start(void *owner, struct sio_http_conn *c, const struct sio_http_request *r)
{
    static const struct sio_http_handler handler = {.on_body = on_body, .on_gone = on_gone};
    struct sio_app *app = owner;
    struct request *q;
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

/* ---- the answer ------------------------------------------------------------------------------ */

struct answer {
    struct sio_http_field fields[FIELDS_MAX];
    size_t n;
};

static void add_field(lua_State *L, struct answer *a, int name, int value)
{
    struct sio_http_field *f = &a->fields[a->n];
    if (a->n++ == FIELDS_MAX)
        sio_bind_error(L, "more than %d headers", FIELDS_MAX);
    f->name.p = lua_tolstring(L, name, &f->name.len);
    f->value.p = lua_tolstring(L, value, &f->value.len);
}

/* {name = value | {values}}; numbers were made strings in Lua. */
static void read_fields(lua_State *L, int table, struct answer *a)
{
    a->n = 0;
    for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING)
            sio_bind_error(L, "header names are strings");
        if (lua_type(L, -1) == LUA_TSTRING) {
            add_field(L, a, -2, -1);
            continue;
        }
        luaL_argexpected(L, lua_istable(L, -1), 3, "strings or lists of strings as header values");
        for (int i = 1; lua_rawgeti(L, -1, i) == LUA_TSTRING; i++, lua_pop(L, 1))
            add_field(L, a, -3, -1);
        lua_pop(L, 1);
    }
}

/* request_respond(request, status, headers, body): false when the client is gone or has its
 * answer. */
static int lrequest_respond(lua_State *L)
{
    struct request *q = sio_handle_self(L, SIO_REQUEST)->object;
    struct sio_http_response response = {.status = (int)luaL_checkinteger(L, 2)};
    struct answer a;
    int err;
    luaL_argcheck(L, response.status >= 200 && response.status <= 599, 2, "HTTP status expected");
    luaL_checktype(L, 3, LUA_TTABLE);
    read_fields(L, 3, &a);
    if (!sio_binary_get(L, 4, &response.body))
        response.body.p = luaL_optlstring(L, 4, "", &response.body.len);
    lua_pushboolean(L, q != NULL);
    if (q == NULL)
        return 1;
    response.fields = a.fields;
    response.n_fields = a.n;
    err = sio_http_respond(q->conn, &response);
    release(q);
    if (err != 0)
        return sio_bind_error(L, "a header holds a line break or NUL; 500 was sent");
    return 1;
}

void lrequest_open(lua_State *L)
{
    static const luaL_Reg functions[] = {{"request_respond", lrequest_respond}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
    sio_handle_type(L, SIO_REQUEST, NULL);
}
