// SPDX-License-Identifier: MIT
/* Engine.IO sessions without Socket.IO: messages in, messages out. Stands on engine/session;
 * lua/sio/engine.lua has the hooks.
 */
#include "bind/session.h"

#include "base/err.h"
#include "base/utf8.h"
#include "bind/binary.h"
#include "bind/call.h"
#include "bind/server.h"

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

static void on_close(void *owner, struct eio_session *s, enum eio_reason reason, const char *detail)
{
    struct sio_app *app = owner;
    struct sio_co *c = begin(app, s, "close handler", SIO_REF_CLOSE);
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
                                                     .on_close = on_close};
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
    sio_handle_new_object(L, app->bind, s, SIO_SESSION, SIO_REF_SESSION_MT);
    lua_pushstring(L, eio_session_sid(s));
    lua_setfield(L, -2, "id");
    sio_call_run(c, 2);
}

/* ---- methods --------------------------------------------------------------------------------- */

static struct eio_session *self(lua_State *L)
{
    return sio_handle_self(L, SIO_SESSION)->object;
}

/* session_send(session, string|binary): true, or nil and why */
static int lsession_send(lua_State *L)
{
    struct eio_session *s = self(L);
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
    err = eio_session_send(s, &msg, 1, 0);
    sio_blob_unref(msg.frame);
    if (err != 0)
        return sio_bind_fail(L, err);
    lua_pushboolean(L, 1);
    return 1;
}

static int lsession_close(lua_State *L)
{
    struct eio_session *s = self(L);
    if (s != NULL)
        eio_session_close(s);
    return 0;
}

static int lsession_transport(lua_State *L)
{
    const struct eio_session *s = self(L);
    lua_pushstring(L, s ? eio_session_transport(s) : NULL);
    return 1;
}

void lsession_open(lua_State *L)
{
    static const luaL_Reg functions[] = {{"session_send", lsession_send},
                                         {"session_close", lsession_close},
                                         {"session_transport", lsession_transport},
                                         {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
    sio_handle_type(L, SIO_SESSION, NULL);
}
