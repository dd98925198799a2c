// SPDX-License-Identifier: MIT
/* Engine.IO sessions: messages in, messages out, and what becomes of the connection. Stands on
 * engine/session; lua/sio/session.lua has the hooks.
 */
#include "bind/session.h"

#include "base/err.h"
#include "base/utf8.h"
#include "bind/binary.h"
#include "bind/call.h"
#include "bind/emit.h"
#include "bind/server.h"

const char sio_session_type[] = "sio.session";

static struct sio_co *begin(struct sio_app *app, struct eio_session *s, const char *what,
                            enum sio_ref hook)
{
    struct sio_co *c = sio_call_new(app->bind, what);
    if (c == NULL)
        return NULL;
    sio_call_context(c, app, sio_slice(NULL, 0), sio_slice_str(eio_session_sid(s)));
    sio_bind_push_ref(app->bind, sio_call_stack(c), hook);
    return c;
}

static void on_message(void *owner, struct eio_session *s, struct sio_slice data, bool binary)
{
    struct sio_app *app = owner;
    struct sio_co *c = begin(app, s, "message handler", SIO_REF_MESSAGE);
    lua_State *L;
    if (c == NULL)
        return;
    L = sio_call_stack(c);
    sio_handle_push_value(app->bind, L, s);
    if (binary) {
        struct sio_blob *blob = sio_blob_new(data);
        sio_binary_push(L, blob, 0, blob->len);
        sio_blob_unref(blob);
    } else {
        lua_pushlstring(L, data.p ? data.p : "", data.len);
    }
    sio_call_run(c, 2);
}

/* One that is being made, while a finalizer ends s, is none yet. */
static bool has_object(const struct sio_app *app, const struct eio_session *s)
{
    lua_State *L = app->bind->L;
    bool has;
    lua_checkstack(L, 2);
    sio_handle_push_value(app->bind, L, s);
    has = lua_istable(L, -1);
    lua_pop(L, 1);
    return has;
}

static void on_event(struct sio_app *app, struct eio_session *s, const char *what, const char *name)
{
    struct sio_co *c = has_object(app, s) ? begin(app, s, what, SIO_REF_SESSION_EVENT) : NULL;
    if (c == NULL)
        return;
    sio_handle_push_value(app->bind, sio_call_stack(c), s);
    lua_pushstring(sio_call_stack(c), name);
    sio_call_run(c, 2);
}

void sio_session_on_upgrade(void *owner, struct eio_session *s)
{
    on_event(owner, s, "upgrade handler", "upgrade");
}

void sio_session_on_drain(void *owner, struct eio_session *s)
{
    on_event(owner, s, "drain handler", "drain");
}

void sio_session_on_close(void *owner, struct eio_session *s, enum eio_reason reason,
                          const char *detail)
{
    struct sio_app *app = owner;
    struct sio_co *c = has_object(app, s) ? begin(app, s, "close handler", SIO_REF_CLOSE) : NULL;
    if (c != NULL) {
        sio_handle_push_value(app->bind, sio_call_stack(c), s);
        lua_pushstring(sio_call_stack(c), eio_reason_text(reason));
        lua_pushstring(sio_call_stack(c), detail);
        sio_call_run(c, 3);
    }
    sio_handle_drop(app->bind, s);
}

void sio_session_start(void *owner, struct eio_session *s)
{
    static const struct eio_session_events events = {.on_message = on_message,
                                                     .on_upgrade = sio_session_on_upgrade,
                                                     .on_close = sio_session_on_close,
                                                     .on_drain = sio_session_on_drain};
    struct sio_app *app = owner;
    struct sio_co *c = begin(app, s, "connection handler", SIO_REF_SESSION);
    lua_State *L;
    eio_session_set_events(s, &events, app);
    if (c == NULL) {
        eio_session_close(s);
        return;
    }
    L = sio_call_stack(c);
    sio_handle_push_value(app->bind, L, app);
    sio_session_push(app->bind, L, s);
    sio_call_run(c, 2);
}

void sio_session_push(struct sio_bind *b, lua_State *L, struct eio_session *s)
{
    lua_checkstack(L, 8);
    sio_handle_push_value(b, L, s);
    if (!lua_isnil(L, -1))
        return;
    lua_pop(L, 1);
    sio_handle_new_object(L, b, s, sio_session_type, SIO_REF_SESSION_MT);
    if (eio_session_state(s) == EIO_STATE_CLOSED) /* by a finalizer that ran meanwhile */
        sio_handle_drop(b, s);
    lua_pushstring(L, eio_session_sid(s));
    lua_setfield(L, -2, "id");
}

/* ---- methods --------------------------------------------------------------------------------- */

struct eio_session *sio_session_self(lua_State *L)
{
    return sio_handle_self(L, sio_session_type)->object;
}

/* session_send(session, string|binary, plain): true, with "pressure" when too much waits for the
 * client; or nil and why */
static int lsession_send(lua_State *L)
{
    struct eio_session *s = sio_session_self(L);
    struct sio_slice data;
    struct eio_msg msg;
    bool binary = sio_binary_get(L, 2, &data);
    int err;
    if (!binary)
        data.p = luaL_checklstring(L, 2, &data.len);
    if (!binary && !sio_utf8_valid(data))
        return sio_bind_error(L,
                              "argument 1: string is not valid UTF-8 (use sio.binary for bytes)");
    if (s == NULL)
        return sio_bind_fail(L, SIO_ECLOSED);
    msg = binary ? eio_msg_binary(data) : eio_msg_text(EIO_MESSAGE, &data, 1);
    msg.plain = lua_toboolean(L, 3);
    err = eio_session_send(s, &msg, 1, 0);
    sio_blob_unref(msg.frame);
    if (err != 0)
        return sio_bind_fail(L, err);
    return sio_emit_result(L, 0, s);
}

static int lsession_close(lua_State *L)
{
    struct eio_session *s = sio_session_self(L);
    if (s != NULL)
        eio_session_close(s);
    return 0;
}

static int lsession_transport(lua_State *L)
{
    const struct eio_session *s = sio_session_self(L);
    lua_pushstring(L, s ? eio_session_transport(s) : NULL);
    return 1;
}

/* session_buffered(session): bytes that wait for the client, and whether they are too many */
static int lsession_buffered(lua_State *L)
{
    const struct eio_session *s = sio_session_self(L);
    lua_pushinteger(L, s ? (lua_Integer)eio_session_buffered(s) : 0);
    lua_pushboolean(L, s != NULL && eio_session_pressed(s));
    return 2;
}

void lsession_open(lua_State *L)
{
    static const luaL_Reg functions[] = {{"session_send", lsession_send},
                                         {"session_close", lsession_close},
                                         {"session_transport", lsession_transport},
                                         {"session_buffered", lsession_buffered},
                                         {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
    sio_handle_type(L, sio_session_type, NULL);
}
