// SPDX-License-Identifier: MIT
/* core.socket_*: a socket's methods, and sio's events as calls of the hooks in
 * lua/sio/dispatch.lua.
 *
 * An event costs one crossing: a pooled coroutine, the handler, the decoded arguments. What the
 * handler returns comes back to C (ack.c), and the hook is left out, when the event has one handler
 * and nothing in front of it (listener.h).
 */
#include "bind/socket.h"

#include "base/err.h"
#include "base/log.h"
#include "bind/adapter.h"
#include "bind/call.h"
#include "bind/emit.h"
#include "bind/listener.h"
#include "bind/lookup.h"
#include "bind/namespace.h"
#include "bind/outgoing.h"
#include "bind/relic.h"
#include "bind/server.h"
#include "bind/server_side.h"
#include "bind/session.h"

const char sio_socket_type[] = "sio.socket";

/* ---- objects --------------------------------------------------------------------------------- */

/* A socket's user pointer is the list of its handles: one, or none yet; more while collected ones
 * wait for their finalizer. */
static bool has_object(const struct sio_socket *s)
{
    return sio_socket_user(s) != NULL;
}

void sio_socket_push(struct sio_bind *b, lua_State *L, struct sio_socket *s)
{
    struct sio_handle *h;
    if (has_object(s) && sio_handle_push_loose(b, L, s))
        return;
    lua_checkstack(L, 8);
    h = sio_handle_new_loose(L, b, s, sio_socket_type, SIO_REF_SOCKET_MT);
    /* Finalizers may have ended it in this tick, while a coroutine or h was made for it. */
    if (sio_socket_ended(s)) {
        sio_handle_drop_loose(b, s, h);
    } else {
        h->older = sio_socket_user(s);
        sio_socket_set_user(s, h);
    }
    /* Raw, as these are people's objects: their __newindex is for people. */
    lua_pushliteral(L, "id");
    lua_pushstring(L, sio_socket_id(s));
    lua_rawset(L, -3);
    lua_pushliteral(L, "nsp");
    sio_handle_push_value(b, L, sio_socket_nsp(s));
    lua_rawset(L, -3);
}

struct sio_socket *sio_socket_self(lua_State *L)
{
    return sio_handle_self(L, sio_socket_type)->object;
}

static int lsocket_gc(lua_State *L)
{
    struct sio_handle *h = lua_touserdata(L, 1);
    struct sio_socket *s = h->object;
    if (s != NULL)
        sio_socket_set_user(s, sio_handle_unlisted(sio_socket_user(s), h));
    h->object = NULL;
    sio_relic_free(h->relic);
    h->relic = NULL;
    return 0;
}

/* s ends, and somebody may go on with its object. */
static void forget(struct sio_app *app, struct sio_socket *s)
{
    struct sio_handle *h = sio_handle_loose(app->bind, app->bind->L, s);
    if (h != NULL && !app->bind->closed)
        h->relic = sio_relic_new(s);
    if (sio_socket_outgoing(s))
        sio_outgoing_forget(app->bind, s);
    sio_handle_drop_loose(app->bind, s, sio_socket_user(s));
    sio_socket_set_user(s, NULL);
}

/* ---- events ---------------------------------------------------------------------------------- */

static bool is_wanted(const struct sio_socket *s, unsigned what)
{
    return has_object(s) || sio_namespace_wants(sio_socket_nsp(s), what);
}

static struct sio_co *begin(struct sio_app *app, struct sio_socket *s, const char *what,
                            enum sio_ref hook)
{
    struct sio_co *c = sio_call_new(app->bind, what);
    if (c == NULL)
        return NULL;
    sio_call_context(c, app, sio_slice(NULL, 0), sio_slice_str(sio_socket_id(s)));
    sio_call_nsp(c, sio_nsp_name(sio_socket_nsp(s)));
    sio_bind_push_ref(app->bind, sio_call_stack(c), hook);
    return c;
}

static void on_connecting(void *owner, struct sio_socket *s, struct sio_slice auth)
{
    struct sio_app *app = owner;
    struct sio_co *c;
    (void)auth; /* socket.handshake reads it */
    if (!sio_namespace_wants(sio_socket_nsp(s), SIO_WANT_MIDDLEWARES)) {
        sio_socket_accept(s);
        return;
    }
    c = begin(app, s, "middleware", SIO_REF_CONNECTING);
    if (c == NULL) {
        sio_socket_refuse(s, SIO_LIT("{\"message\":\"internal error\"}"));
        return;
    }
    sio_handle_push_value(app->bind, sio_call_stack(c), sio_socket_nsp(s));
    sio_socket_push(app->bind, sio_call_stack(c), s);
    sio_call_run(c, 2);
}

static void on_connection(void *owner, struct sio_socket *s)
{
    struct sio_app *app = owner;
    struct sio_nsp *nsp = sio_socket_nsp(s);
    struct sio_co *c = NULL;
    bool simple;
    if (sio_namespace_wants(nsp, SIO_WANT_CONNECTION))
        c = begin(app, s, "connection handler", SIO_REF_CONNECTION);
    if (c == NULL)
        return;
    simple = sio_listener_push_connection(sio_call_stack(c), app->bind, nsp);
    if (simple)
        lua_remove(sio_call_stack(c), -2); /* the hook: its only listener runs in its place */
    else
        sio_handle_push_value(app->bind, sio_call_stack(c), nsp);
    sio_socket_push(app->bind, sio_call_stack(c), s);
    sio_call_run(c, simple ? 1 : 2);
}

/* The event's name is the first of n values on top: a string, or a number, which is as good
 * (JavaScript's keys are strings). False when it is neither. */
static bool take_name(lua_State *L, int n, struct sio_slice *name)
{
    name->p = n != 0 ? lua_tolstring(L, -n, &name->len) : NULL;
    return name->p != NULL;
}

/* How an event lies on its coroutine's stack: who is called with the rest, where the listener will
 * be in the place of the name, and the arguments behind it. */
enum { CALLED = 1, SOCKET, ID, ACK, NAME };

/* The acknowledgement, which stands behind the arguments of who can see it. */
static void push_ack(lua_State *L, const struct sio_incoming *in)
{
    sio_ack_push(L, SOCKET, in->id);
    lua_copy(L, -1, ACK);
}

/* Runs the event's only listener with `n` arguments. False: there are others, or something is in
 * front of it. */
static bool run_listener(struct sio_bind *b, struct sio_co *c, const struct sio_socket *s,
                         const struct sio_incoming *in, int n)
{
    lua_State *L = sio_call_stack(c);
    enum sio_listener found = sio_listener_find(L, b, s, SOCKET, NAME);
    bool sees_ack;
    if (found == SIO_LISTENER_UNKNOWN)
        return false;
    n += found == SIO_LISTENER_NSPS;
    sees_ack = in->has_id && sio_listener_takes_more(L, n);
    lua_replace(L, NAME);
    if (found == SIO_LISTENER_NSPS) {
        lua_pushvalue(L, SOCKET);
        lua_insert(L, NAME + 1);
    }
    if (sees_ack)
        push_ack(L, in);
    sio_call_run(c, NAME - CALLED + n + sees_ack);
    return true;
}

/* f(socket, ack|nil, name, args..., ack|nothing) */
static void run_hook(const struct sio_bind *b, struct sio_co *c, const struct sio_incoming *in,
                     int n)
{
    lua_State *L = sio_call_stack(c);
    if (in->has_id)
        push_ack(L, in);
    lua_remove(L, ID);
    sio_bind_push_ref(b, L, SIO_REF_EVENT);
    lua_replace(L, CALLED);
    sio_call_run(c, 3 + n + in->has_id);
}

static void on_event(void *owner, struct sio_socket *s, const struct sio_incoming *in)
{
    struct sio_app *app = owner;
    struct sio_co *c = NULL;
    struct sio_slice name;
    lua_State *L;
    int n;
    if (is_wanted(s, SIO_WANT_EVENTS))
        c = sio_call_new(app->bind, "event handler");
    if (c == NULL)
        return;
    L = sio_call_stack(c);
    lua_pushcfunction(L, sio_ack_call);
    sio_socket_push(app->bind, L, s);
    if (in->has_id)
        lua_pushinteger(L, (lua_Integer)in->id);
    else
        lua_pushnil(L);
    lua_pushnil(L);
    n = sio_json_decode_incoming(L, app->bind, in);
    if (n < 0 || !take_name(L, n, &name)) {
        sio_log_limited(SIO_LOG_WARN, "event-args", "event from %s dropped: %s", sio_socket_id(s),
                        n < 0 ? sio_err_text(n) : "it has no name");
        sio_call_drop(c);
        return;
    }
    sio_call_context(c, app, name, sio_slice_str(sio_socket_id(s)));
    sio_call_nsp(c, sio_nsp_name(sio_socket_nsp(s)));
    if (!run_listener(app->bind, c, s, in, n - 1))
        run_hook(app->bind, c, in, n - 1);
}

static void on_error(void *owner, struct sio_socket *s, const char *message)
{
    struct sio_app *app = owner;
    struct sio_co *c = NULL;
    if (is_wanted(s, SIO_WANT_EVENTS))
        c = begin(app, s, "error handler", SIO_REF_SOCKET_ERROR);
    if (c == NULL)
        return;
    sio_socket_push(app->bind, sio_call_stack(c), s);
    lua_pushstring(sio_call_stack(c), message);
    sio_call_run(c, 2);
}

/* Many objects have listeners, few of them for this. */
static void run_goodbye(struct sio_app *app, struct sio_socket *s, enum sio_ref hook,
                        const char *reason, const char *detail)
{
    const char *event = hook == SIO_REF_DISCONNECT ? "disconnect" : "disconnecting";
    struct sio_co *c = NULL;
    if (sio_namespace_wants(sio_socket_nsp(s), SIO_WANT_GOODBYE) ||
        (has_object(s) && sio_listener_has(app->bind, s, event)))
        c = begin(app, s, "disconnect handler", hook);
    if (c == NULL)
        return;
    sio_socket_push(app->bind, sio_call_stack(c), s);
    lua_pushstring(sio_call_stack(c), reason); /* NULL: nil */
    lua_pushstring(sio_call_stack(c), detail);
    sio_call_run(c, 3);
}

static void on_disconnecting(void *owner, struct sio_socket *s, const char *reason,
                             const char *detail)
{
    run_goodbye(owner, s, SIO_REF_DISCONNECTING, reason, detail);
}

static void on_disconnect(void *owner, struct sio_socket *s, const char *reason, const char *detail)
{
    struct sio_app *app = owner;
    if (reason != NULL)
        run_goodbye(app, s, SIO_REF_DISCONNECT, reason, detail);
    if (has_object(s))
        forget(app, s);
}

const struct sio_server_events sio_socket_events = {
    .on_unknown_nsp = sio_lookup_on_unknown,
    .on_lookup_left = sio_lookup_on_left,
    .on_nsp_gone = sio_parent_on_gone,
    .on_connecting = on_connecting,
    .on_connection = on_connection,
    .on_event = on_event,
    .on_ack = sio_ack_on_answer,
    .on_outgoing = sio_outgoing_note,
    .on_room = sio_adapter_on_room,
    .on_error = on_error,
    .on_disconnecting = on_disconnecting,
    .on_disconnect = on_disconnect,
    .on_upgrade = sio_session_on_upgrade,
    .on_drain = sio_session_on_drain,
    .on_close = sio_session_on_close,
    .on_question = sio_server_side_on_event,
};

/* ---- methods --------------------------------------------------------------------------------- */

static int lsocket_connected(lua_State *L)
{
    const struct sio_socket *s = sio_socket_self(L);
    lua_pushboolean(L, s != NULL && sio_socket_connected(s));
    return 1;
}

static int lsocket_recovered(lua_State *L)
{
    const struct sio_socket *s = sio_socket_self(L);
    lua_pushboolean(L, s != NULL && sio_socket_recovered(s));
    return 1;
}

typedef int (*room_fn)(struct sio_socket *s, struct sio_slice room);

static int change_room(lua_State *L, struct sio_socket *s, int index, room_fn change)
{
    struct sio_slice room;
    /* As in operator.lua: 7 is "7", but 1.5 is a slip. */
    if (lua_type(L, index) != LUA_TSTRING && !lua_isinteger(L, index))
        return sio_bind_error(L, "argument 1: room name or a list of them expected, got %s",
                              luaL_typename(L, index));
    room.p = lua_tolstring(L, index, &room.len);
    return change(s, room);
}

/* A table with keys that are none of a list. */
static bool is_no_list(lua_State *L, int index)
{
    if (lua_rawlen(L, index) > 0)
        return false;
    lua_pushnil(L);
    if (!lua_next(L, index))
        return false;
    lua_pop(L, 2);
    return true;
}

/* join(socket, room|rooms): true, or nil and why */
static int change_rooms(lua_State *L, room_fn change)
{
    struct sio_socket *s = sio_socket_self(L);
    int err = 0;
    if (lua_gettop(L) > 2)
        return sio_bind_error(
            L, "argument 2: nothing expected, got %s (several rooms are a list: { \"a\", \"b\" })",
            luaL_typename(L, 3));
    if (lua_istable(L, 2) && is_no_list(L, 2))
        return sio_bind_error(L, "argument 1: room name or a list of them expected, got a table "
                                 "that is no list");
    if (s == NULL)
        return sio_bind_fail(L, SIO_ECLOSED);
    if (!lua_istable(L, 2)) {
        err = change_room(L, s, 2, change);
    } else {
        for (lua_Integer i = 1; err == 0 && lua_rawgeti(L, 2, i) != LUA_TNIL; i++) {
            err = change_room(L, s, -1, change);
            lua_pop(L, 1);
        }
    }
    if (err != 0)
        return sio_bind_fail(L, err);
    lua_pushboolean(L, 1);
    return 1;
}

static int lsocket_join(lua_State *L)
{
    return change_rooms(L, sio_socket_join);
}

static int lsocket_leave(lua_State *L)
{
    return change_rooms(L, sio_socket_leave);
}

static void append_room(void *ctx, struct sio_slice room)
{
    lua_State *L = ctx;
    lua_pushlstring(L, room.p, room.len);
    lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
}

/* rooms(socket): list of names, its own id first; empty after a disconnect */
static int lsocket_rooms(lua_State *L)
{
    const struct sio_socket *s = sio_socket_self(L);
    lua_newtable(L);
    if (s != NULL)
        sio_socket_each_room(s, append_room, L);
    return 1;
}

static int lsocket_disconnect(lua_State *L)
{
    struct sio_socket *s = sio_socket_self(L);
    if (s != NULL)
        sio_socket_disconnect(s, lua_toboolean(L, 2));
    lua_settop(L, 1);
    return 1;
}

/* keep(socket): it has something of its own now, so it may not be collected before its end. */
static int lsocket_keep(lua_State *L)
{
    if (sio_socket_self(L) == NULL)
        return 0;
    lua_rawgeti(L, 1, SIO_OBJECT_HANDLE);
    sio_handle_keep(sio_bind_of(L), L);
    return 0;
}

/* set_screened(socket, on): whether its events go by way of the hook, whoever listens */
static int lsocket_set_screened(lua_State *L)
{
    if (sio_socket_self(L) == NULL)
        return 0;
    lua_rawgeti(L, 1, SIO_OBJECT_HANDLE);
    ((struct sio_handle *)lua_touserdata(L, -1))->screened = lua_toboolean(L, 2);
    return 0;
}

/* set_outgoing(socket, on): whether the hook `outgoing` is called for it */
static int lsocket_set_outgoing(lua_State *L)
{
    struct sio_socket *s = sio_socket_self(L);
    bool on = lua_toboolean(L, 2);
    if (s == NULL)
        return 0;
    if (!on && sio_socket_outgoing(s)) /* its end will not look for notes */
        sio_outgoing_forget(sio_bind_of(L), s);
    sio_socket_set_outgoing(s, on);
    return 0;
}

static int lsocket_accept(lua_State *L)
{
    struct sio_socket *s = sio_socket_self(L);
    if (s != NULL)
        sio_socket_accept(s);
    return 0;
}

/* refuse(socket, error): a table {message=, data=} */
static int lsocket_refuse(lua_State *L)
{
    struct sio_socket *s = sio_socket_self(L);
    struct sio_bind *b = sio_bind_of(L);
    if (s == NULL)
        return 0;
    sio_buf_clear(&b->json);
    if (!sio_json_encode_value(L, b, 2, "error", &b->json))
        return lua_error(L);
    sio_socket_refuse(s, sio_buf_slice(&b->json));
    return 0;
}

void lsocket_open(lua_State *L)
{
    static const luaL_Reg functions[] = {{"socket_connected", lsocket_connected},
                                         {"socket_recovered", lsocket_recovered},
                                         {"socket_join", lsocket_join},
                                         {"socket_leave", lsocket_leave},
                                         {"socket_rooms", lsocket_rooms},
                                         {"socket_disconnect", lsocket_disconnect},
                                         {"socket_keep", lsocket_keep},
                                         {"socket_set_screened", lsocket_set_screened},
                                         {"socket_on", sio_socket_on},
                                         {"socket_set_outgoing", lsocket_set_outgoing},
                                         {"socket_accept", lsocket_accept},
                                         {"socket_refuse", lsocket_refuse},
                                         {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
    sio_handle_type(L, sio_socket_type, NULL);
    luaL_getmetatable(L, sio_socket_type);
    lua_pushcfunction(L, lsocket_gc);
    lua_setfield(L, -2, "__gc");
    lua_pop(L, 1);
    lack_open(L);
    ldata_open(L);
    lhandshake_open(L);
}
