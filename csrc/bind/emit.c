// SPDX-License-Identifier: MIT
/* The arguments of an emit -> struct sio_outgoing. Stands on json_encode; socket.c, ack.c and
 * namespace.c call it.
 */
#include "bind/emit.h"

#include "base/err.h"
#include "bind/outgoing.h"

void sio_emit_args(lua_State *L, struct sio_bind *b, int first, int last,
                   struct sio_attachments *attachments, struct sio_outgoing *out)
{
    attachments->n = 0;
    sio_buf_clear(&b->json);
    if (!sio_json_encode_args(L, b, first, last, &b->json, attachments))
        sio_bind_raise(L);
    *out = (struct sio_outgoing){.data = sio_buf_slice(&b->json),
                                 .attachments = attachments->slices,
                                 .n_attachments = attachments->n};
}

void sio_emit_event(lua_State *L, struct sio_bind *b, int first, int last, unsigned flags,
                    struct sio_attachments *attachments, struct sio_outgoing *out)
{
    struct sio_slice name;
    if (last < first || lua_type(L, first) != LUA_TSTRING)
        sio_bind_error(L, "argument 1: event name expected, got %s",
                       last < first ? "no value" : luaL_typename(L, first));
    name.p = lua_tolstring(L, first, &name.len);
    if (sio_packet_reserved_event(name))
        sio_bind_error(L, "\"%s\" is a reserved event name", name.p);
    sio_emit_args(L, b, first, last, attachments, out);
    out->flags = flags;
}

int sio_emit_result(lua_State *L, int err, const struct eio_session *session)
{
    if (err == SIO_ETOOBIG)
        return sio_bind_error(L, "the event is too large to be sent");
    if (err != 0 && err != SIO_EAGAIN) /* a volatile event that was dropped is no failure */
        return sio_bind_fail(L, err);
    lua_pushboolean(L, 1);
    if (session == NULL || !eio_session_pressed(session))
        return 1;
    lua_pushliteral(L, "pressure");
    return 2;
}

int sio_emit_end(lua_State *L, struct sio_bind *b, int err, const struct eio_session *session)
{
    sio_outgoing_flush(b, L);
    return sio_emit_result(L, err, session);
}
