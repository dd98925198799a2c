// SPDX-License-Identifier: MIT
/* Emits to one socket, and acknowledgements both ways.
 *
 *     socket:emit(name, ..., fn)          fn(...) or, with a timeout, fn(err, ...) in a coroutine
 *     socket:emit_with_ack(name, ...)     the coroutine waits
 *     ack(...), return ...                what a handler answers when the client asked for it
 *
 * Stands on sio/socket.h, whose on_ack is called exactly once per cookie: the cookie is a struct
 * wait.
 */
#include "bind/socket.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "bind/call.h"
#include "bind/emit.h"
#include "bind/namespace.h"
#include "bind/server.h"

struct wait {
    struct sio_co *co; /* who waits; NULL: a callback */
    bool timed;        /* the callback gets err first */
};

/* ---- answers from the client ----------------------------------------------------------------- */

static const char *error_word(int err)
{
    return err == SIO_ETIMEDOUT ? "timeout"
           : err == SIO_ECLOSED ? "disconnected"
                                : sio_err_text(err);
}

/* Pushes the answer's arguments; their number, or an error. */
static int push_answer(struct sio_bind *b, lua_State *L, int err, const struct sio_incoming *in)
{
    if (err != 0)
        return err;
    return sio_json_decode_incoming(L, b, in);
}

/* value | nil, err. An answer without arguments is sio.null: nil always means that there was
 * none. */
static void resume_waiter(struct sio_bind *b, struct sio_co *c, int err,
                          const struct sio_incoming *in)
{
    lua_State *L = sio_call_stack(c);
    int n = push_answer(b, L, err, in);
    if (n < 0) {
        lua_pushnil(L);
        lua_pushstring(L, error_word(n));
        sio_call_resume(c, 2);
        return;
    }
    if (n == 0)
        lua_pushlightuserdata(L, NULL);
    else
        lua_pop(L, n - 1); /* the first one counts, as in upstream's emitWithAck */
    sio_call_resume(c, 1);
}

static void run_callback(struct sio_app *app, struct sio_socket *s, struct wait *w, int err,
                         const struct sio_incoming *in)
{
    struct sio_co *c;
    lua_State *L;
    int n;
    if (err != 0 && !w->timed) /* upstream: without a timeout it is never called then */
        return;
    c = sio_call_new(app->bind, "ack handler");
    if (c == NULL)
        return;
    sio_call_context(c, app, sio_slice(NULL, 0), sio_slice_str(sio_socket_id(s)));
    sio_call_nsp(c, sio_nsp_name(sio_socket_nsp(s)));
    L = sio_call_stack(c);
    sio_handle_push_callback(app->bind, L, w);
    if (w->timed)
        lua_pushnil(L);
    n = push_answer(app->bind, L, err, in);
    if (n < 0 && !w->timed) {
        sio_log_limited(SIO_LOG_WARN, "ack-args", "answer from %s dropped: %s", sio_socket_id(s),
                        sio_err_text(n));
        sio_call_drop(c);
        return;
    }
    if (n < 0) {
        lua_pop(L, 1);
        lua_pushstring(L, error_word(n));
        n = 0;
    }
    sio_call_run(c, n + w->timed);
}

void sio_ack_on_answer(void *owner, struct sio_socket *s, uint64_t cookie, int err,
                       const struct sio_incoming *in)
{
    struct sio_app *app = owner;
    struct wait *w = (struct wait *)(uintptr_t)cookie;
    if (w->co != NULL) {
        if (app->bind->closed)
            sio_call_abandon(w->co);
        else
            resume_waiter(app->bind, w->co, err, in);
    } else {
        run_callback(app, s, w, err, in);
        sio_handle_drop_callback(app->bind, w);
    }
    sio_free(w);
}

/* ---- emits ----------------------------------------------------------------------------------- */

/* The socket has gone: an event with a callback is dropped without a word, as upstream does, but a
 * callback that has a place for an error, on top of the stack, is told. */
static int drop(lua_State *L, bool tell)
{
    struct sio_co *c = tell ? sio_call_new(sio_bind_of(L), "ack handler") : NULL;
    if (c != NULL) {
        lua_xmove(L, sio_call_stack(c), 1);
        lua_pushstring(sio_call_stack(c), error_word(SIO_ECLOSED));
        sio_call_run(c, 1);
    }
    lua_pushboolean(L, 1);
    return 1;
}

/* Emits to one socket with the function on top of the stack as callback. */
static int emit_with_callback(lua_State *L, struct sio_socket *s, const struct sio_outgoing *out,
                              uint64_t timeout_ms)
{
    struct sio_bind *b = sio_bind_of(L);
    struct wait *w = sio_calloc(1, sizeof *w);
    int err;
    w->timed = timeout_ms != 0;
    lua_pushvalue(L, -1);
    sio_handle_set_callback(b, L, w);
    err = sio_socket_emit(s, out, (uint64_t)(uintptr_t)w, timeout_ms);
    if (err != 0) {
        sio_handle_drop_callback(b, w);
        sio_free(w);
    }
    if (err == SIO_ECLOSED)
        return drop(L, timeout_ms != 0);
    return sio_emit_end(L, b, err, sio_socket_session(s));
}

/* What is known of a socket that has gone: its object has its id, and its namespace. */
struct absent {
    struct sio_nsp *nsp; /* NULL: the server has gone, too */
    struct sio_slice id;
};

/* The namespace of the object on top of the stack, which stays there; a child is made again, for
 * one tick, as for any other emit. NULL: people have put something else there. */
static struct sio_nsp *nsp_of_object(lua_State *L)
{
    bool is_one = false;
    struct sio_nsp *nsp = NULL;
    if (lua_istable(L, -1)) {
        lua_rawgeti(L, -1, SIO_OBJECT_HANDLE);
        is_one = luaL_testudata(L, -1, sio_namespace_type) != NULL;
        lua_pop(L, 1);
    }
    if (!is_one)
        return NULL;
    luaL_checkstack(L, 1, NULL);
    lua_pushvalue(L, -1);
    lua_insert(L, 1);
    nsp = sio_namespace_self(L);
    lua_remove(L, 1);
    return nsp;
}

static struct absent absent_self(lua_State *L)
{
    struct absent a = {0};
    lua_pushliteral(L, "id");
    lua_rawget(L, 1);
    if (lua_type(L, -1) == LUA_TSTRING)
        a.id.p = lua_tolstring(L, -1, &a.id.len); /* the object keeps it */
    lua_pushliteral(L, "nsp");
    lua_rawget(L, 1);
    a.nsp = nsp_of_object(L);
    lua_pop(L, 2);
    return a;
}

/* Stack: socket, ..., event (at `first`), arguments, perhaps a callback. */
static int emit(lua_State *L, int first, unsigned flags, uint64_t timeout_ms)
{
    struct sio_socket *s = sio_socket_self(L);
    struct sio_bind *b = sio_bind_of(L);
    struct sio_attachments attachments;
    struct sio_outgoing out;
    int last = lua_gettop(L);
    bool callback = last > first && lua_isfunction(L, last);
    struct absent absent = {0};
    if (s == NULL) /* before the event is encoded: from then on Lua makes nothing */
        absent = absent_self(L);
    sio_emit_event(L, b, first, callback ? last - 1 : last, flags, &attachments, &out);
    if (s == NULL && callback)
        return drop(L, timeout_ms != 0);
    if (s == NULL) {
        bool known = absent.nsp != NULL && absent.id.len != 0;
        return sio_emit_end(L, b, known ? sio_socket_emit_late(absent.nsp, absent.id, &out) : 0,
                            NULL);
    }
    if (callback)
        return emit_with_callback(L, s, &out, timeout_ms);
    return sio_emit_end(L, b, sio_socket_emit(s, &out, 0, 0), sio_socket_session(s));
}

/* emit(socket, event, ...): the method itself */
static int lack_emit(lua_State *L)
{
    return emit(L, 2, 0, 0);
}

/* emit_flagged(socket, flags, timeout, event, ...) */
static int lack_emit_flagged(lua_State *L)
{
    unsigned flags = (unsigned)luaL_checkinteger(L, 2);
    return emit(L, 4, flags, lua_isnil(L, 3) ? 0 : sio_bind_check_ms(L, 3));
}

static int wait_for_answer(lua_State *L, int first, unsigned flags, uint64_t timeout_ms)
{
    struct sio_socket *s = sio_socket_self(L);
    struct sio_attachments attachments;
    struct sio_outgoing out;
    struct sio_co *co = sio_call_wait(L, "emit_with_ack");
    struct wait *w;
    int err = SIO_ECLOSED;
    sio_call_unwait(co); /* until something is on its way: encoding may raise */
    sio_emit_event(L, sio_bind_of(L), first, lua_gettop(L), flags, &attachments, &out);
    w = sio_calloc(1, sizeof *w);
    w->co = co;
    if (s != NULL)
        err = sio_socket_emit(s, &out, (uint64_t)(uintptr_t)w, timeout_ms);
    if (err == 0) {
        sio_call_wait(L, "emit_with_ack");
        return lua_yield(L, 0);
    }
    sio_free(w);
    lua_pushnil(L);
    lua_pushstring(L, error_word(err));
    return 2;
}

/* emit_with_ack(socket, event, ...): the method itself */
static int lack_emit_with_ack(lua_State *L)
{
    return wait_for_answer(L, 2, 0, 0);
}

/* emit_wait(socket, flags, timeout, event, ...) */
static int lack_emit_wait(lua_State *L)
{
    unsigned flags = (unsigned)luaL_checkinteger(L, 2);
    return wait_for_answer(L, 4, flags, sio_bind_check_ms(L, 3));
}

/* ---- answers to the client ------------------------------------------------------------------- */

/* Raises when it is too large. */
static int send_answer(lua_State *L, const struct sio_handle *h, uint64_t id,
                       const struct sio_outgoing *out)
{
    int err = h->object == NULL ? 0 : sio_socket_ack(h->object, id, out);
    return err == SIO_ETOOBIG ? sio_emit_result(L, err, NULL) : 0;
}

/* ack(...): the first call counts; after a disconnect it does nothing, nor for an object from which
 * people have taken the handle. */
static int lack_answer(lua_State *L)
{
    const struct sio_handle *h = sio_handle_test(L, lua_upvalueindex(1), sio_socket_type);
    uint64_t id = (uint64_t)lua_tointeger(L, lua_upvalueindex(2));
    struct sio_attachments attachments;
    struct sio_outgoing out;
    if (h == NULL || lua_isnil(L, lua_upvalueindex(2)))
        return 0;
    sio_call_check_free(L, h->bind);
    sio_emit_args(L, h->bind, 1, lua_gettop(L), &attachments, &out);
    lua_pushnil(L);
    lua_replace(L, lua_upvalueindex(2));
    return send_answer(L, h, id, &out);
}

/* `return ...` echoes the client's arguments: ack, which stands behind them, is not one of them. */
static int return_to_ack(lua_State *L, int ack, int last)
{
    if (lua_rawequal(L, ack, last))
        lua_settop(L, last - 1);
    lua_call(L, lua_gettop(L) - ack, 0);
    return 0;
}

/* How sio_ack_call lies on the stack; what the handler returns stands in its own place. */
enum { SOCKET = 1, ID, ACK, HANDLER, FIRST = HANDLER };

static int answer(lua_State *L)
{
    int last = lua_gettop(L), asked;
    lua_Integer id = lua_tointegerx(L, ID, &asked);
    const struct sio_handle *h;
    struct sio_attachments attachments;
    struct sio_outgoing out;
    if (last < FIRST || !asked)
        return 0;
    if (!lua_isnil(L, ACK))
        return return_to_ack(L, ACK, last);
    lua_rawgeti(L, SOCKET, SIO_OBJECT_HANDLE);
    h = sio_handle_test(L, -1, sio_socket_type);
    if (h == NULL)
        return 0;
    sio_emit_args(L, h->bind, FIRST, last, &attachments, &out);
    return send_answer(L, h, (uint64_t)id, &out);
}

static int on_returned(lua_State *L, int status, lua_KContext context)
{
    (void)status, (void)context;
    return answer(L);
}

int sio_ack_call(lua_State *L)
{
    lua_callk(L, lua_gettop(L) - HANDLER, LUA_MULTRET, 0, on_returned);
    return answer(L);
}

void sio_ack_push(lua_State *L, int index, uint64_t id)
{
    lua_rawgeti(L, index, SIO_OBJECT_HANDLE);
    lua_pushinteger(L, (lua_Integer)id);
    lua_pushcclosure(L, lack_answer, 2);
}

void lack_open(lua_State *L)
{
    static const luaL_Reg functions[] = {{"socket_emit", lack_emit},
                                         {"socket_emit_flagged", lack_emit_flagged},
                                         {"socket_emit_with_ack", lack_emit_with_ack},
                                         {"socket_emit_wait", lack_emit_wait},
                                         {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
