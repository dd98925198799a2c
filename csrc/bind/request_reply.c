// SPDX-License-Identifier: MIT
/* How an application answers: at once, in pieces, or with a file. core.request_*.
 *
 * Stands on net/http_conn, http_stream and http_file; lua/sio/http/response.lua and static.lua call
 * it. Invariant: whatever Lua passes, a request gets one answer; on one that is answered or gone
 * all of this does nothing.
 */
#include "base/err.h"
#include "bind/binary.h"
#include "bind/call.h"
#include "bind/file.h"
#include "bind/http.h"
#include "bind/request_in.h"
#include "net/http_file.h"

enum { FIELDS_MAX = 64 }; /* of an answer */

struct answer {
    struct sio_http_field fields[FIELDS_MAX];
    struct sio_http_response response; /* its fields are these */
};

static void add_field(lua_State *L, struct answer *a, int name, int value)
{
    struct sio_http_field *f = &a->fields[a->response.n_fields];
    if (a->response.n_fields++ == FIELDS_MAX)
        sio_bind_error(L, "more than %d headers", FIELDS_MAX);
    f->name.p = lua_tolstring(L, name, &f->name.len);
    f->value.p = lua_tolstring(L, value, &f->value.len);
}

/* The list on top: a field for each. */
static void add_list(lua_State *L, struct answer *a)
{
    for (int i = 1; lua_rawgeti(L, -1, i) != LUA_TNIL; i++, lua_pop(L, 1)) {
        if (lua_type(L, -1) != LUA_TSTRING)
            sio_bind_error(L, "header %s: a list of strings expected, got %s in it",
                           lua_tostring(L, -3), luaL_typename(L, -1));
        add_field(L, a, -3, -1);
    }
    lua_pop(L, 1);
}

/* {name = value | {values}}; numbers were made strings in Lua. */
static void read_fields(lua_State *L, int table, struct answer *a)
{
    for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING)
            sio_bind_error(L, "header names are strings");
        if (lua_type(L, -1) == LUA_TSTRING) {
            add_field(L, a, -2, -1);
            continue;
        }
        luaL_argexpected(L, lua_istable(L, -1), 3, "strings or lists of strings as header values");
        add_list(L, a);
    }
}

/* Arguments 2 and 3: status and headers. */
static void read_answer(lua_State *L, struct answer *a)
{
    lua_Integer status = luaL_checkinteger(L, 2);
    luaL_argcheck(L, status >= 200 && status <= 599, 2, "HTTP status expected");
    luaL_checktype(L, 3, LUA_TTABLE);
    a->response = (struct sio_http_response){.status = (int)status, .fields = a->fields};
    read_fields(L, 3, a);
}

static struct sio_request *request_self(lua_State *L)
{
    return sio_handle_self(L, sio_request_type)->object;
}

/* What an answer came to: true, false when the client is gone; raises for a bad header. */
static int push_outcome(lua_State *L, int err)
{
    if (err == SIO_EINVAL)
        return sio_bind_error(L, "a header holds a line break or NUL; 500 was sent");
    lua_pushboolean(L, err == 0);
    return 1;
}

/* ---- at once --------------------------------------------------------------------------------- */

/* request_respond(request, status, headers, body, close): false when the client is gone or has its
 * answer. */
static int lrequest_respond(lua_State *L)
{
    struct sio_request *q = request_self(L);
    struct answer a;
    int err;
    read_answer(L, &a);
    if (!sio_binary_get(L, 4, &a.response.body))
        a.response.body.p = luaL_optlstring(L, 4, "", &a.response.body.len);
    a.response.close = lua_toboolean(L, 5);
    if (q == NULL || q->state != SIO_REQUEST_PENDING)
        return push_outcome(L, SIO_ECLOSED);
    err = sio_http_respond(q->conn, &a.response);
    sio_request_leave(q);
    return push_outcome(L, err);
}

/* ---- in pieces ------------------------------------------------------------------------------- */

static void on_drain(void *self, struct sio_http_conn *c)
{
    struct sio_request *q = self;
    struct sio_co *co = q->co;
    (void)c;
    q->co = NULL;
    if (co == NULL)
        return;
    lua_pushboolean(sio_call_stack(co), 1);
    sio_call_resume(co, 1);
}

static void on_gone(void *self, struct sio_http_conn *c, int err)
{
    (void)c;
    (void)err;
    sio_request_leave(self);
}

static const struct sio_http_handler writer = {.on_gone = on_gone, .on_drain = on_drain};

/* request_begin(request, status, headers, length|nil, close): as request_respond */
static int lrequest_begin(lua_State *L)
{
    struct sio_request *q = request_self(L);
    lua_Integer length = luaL_optinteger(L, 4, -1);
    struct answer a;
    int err;
    read_answer(L, &a);
    a.response.close = lua_toboolean(L, 5);
    if (q == NULL || q->state != SIO_REQUEST_PENDING)
        return push_outcome(L, SIO_ECLOSED);
    err = sio_http_stream_begin(q->conn, &a.response,
                                length < 0 ? SIO_HTTP_CHUNKED : (uint64_t)length, &writer, q);
    if (err == 0)
        q->state = SIO_REQUEST_WRITING;
    else
        sio_request_leave(q);
    return push_outcome(L, err);
}

static int push_closed(lua_State *L)
{
    lua_pushnil(L);
    lua_pushliteral(L, "closed");
    return 2;
}

/* request_write(request, string|binary): true, or nil and "closed". Waits while the client is
 * slow. */
static int lrequest_write(lua_State *L)
{
    struct sio_request *q = request_self(L);
    struct sio_slice bytes;
    struct sio_co *co;
    int err;
    if (!sio_binary_get(L, 2, &bytes))
        bytes.p = luaL_checklstring(L, 2, &bytes.len);
    if (q == NULL || q->state != SIO_REQUEST_WRITING)
        return push_closed(L);
    if (q->co != NULL)
        return sio_bind_error(L, "write: another coroutine is writing to this client");
    co = sio_call_wait(L, "write");
    err = sio_http_stream_write(q->conn, bytes);
    if (err == SIO_EAGAIN) {
        q->co = co;
        return lua_yield(L, 0);
    }
    sio_call_unwait(co);
    if (err == SIO_ETOOBIG)
        return sio_bind_error(L, "write: more bytes than Content-Length says");
    if (err != 0)
        return push_closed(L);
    lua_pushboolean(L, 1);
    return 1;
}

/* request_end(request): the answer is whole; raises when bytes of its length are missing. */
static int lrequest_end(lua_State *L)
{
    struct sio_request *q = request_self(L);
    int err;
    if (q == NULL || q->state != SIO_REQUEST_WRITING)
        return 0;
    err = sio_http_stream_end(q->conn);
    sio_request_leave(q);
    if (err != 0)
        return sio_bind_error(L, "the body has fewer bytes than Content-Length says");
    return 0;
}

/* request_cut(request): it will not become whole. */
static int lrequest_cut(lua_State *L)
{
    struct sio_request *q = request_self(L);
    if (q != NULL && q->state == SIO_REQUEST_WRITING)
        sio_http_stream_cut(q->conn); /* calls on_gone */
    return 0;
}

/* ---- a file ---------------------------------------------------------------------------------- */

static void on_file_end(void *self)
{
    sio_request_leave(self);
}

/* request_send_file(request, status, headers, file, from, length): as request_respond; takes the
 * file. Returns at once. */
static int lrequest_send_file(lua_State *L)
{
    struct sio_request *q = request_self(L);
    lua_Integer from = luaL_checkinteger(L, 5), length = luaL_checkinteger(L, 6);
    struct answer a;
    int err;
    read_answer(L, &a);
    luaL_argcheck(L, from >= 0, 5, "offset expected");
    luaL_argcheck(L, length >= 0, 6, "length expected");
    luaL_checkudata(L, 4, SIO_FILE);
    if (q == NULL || q->state != SIO_REQUEST_PENDING)
        return push_outcome(L, SIO_ECLOSED);
    q->state = SIO_REQUEST_SENDING;
    sio_handle_drop(q->app->bind, q);
    err = sio_http_file_send(q->conn, &a.response, sio_file_take(L, 4), (uint64_t)from,
                             (uint64_t)length, on_file_end, q);
    if (err != 0)
        sio_request_leave(q);
    return push_outcome(L, err);
}

/* request_add_fields(request, {name, value, ...}): for whatever answers it */
static int lrequest_add_fields(lua_State *L)
{
    struct sio_request *q = request_self(L);
    luaL_checktype(L, 2, LUA_TTABLE);
    if (q != NULL)
        sio_http_add_fields(L, 2, q->conn);
    return 0;
}

void lrequest_reply_open(lua_State *L)
{
    static const luaL_Reg functions[] = {{"request_respond", lrequest_respond},
                                         {"request_add_fields", lrequest_add_fields},
                                         {"request_begin", lrequest_begin},
                                         {"request_write", lrequest_write},
                                         {"request_end", lrequest_end},
                                         {"request_cut", lrequest_cut},
                                         {"request_send_file", lrequest_send_file},
                                         {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
