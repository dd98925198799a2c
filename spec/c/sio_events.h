// SPDX-License-Identifier: MIT
/* What the servers' events report, for the tests of sio/; collected in sio.log as text: "connecting
 * /nsp auth|", "connection /nsp|", "event ["x"]|", "ack 7 OK [1]|", "outgoing 2 ["x"]|" (to two
 * sockets), "error why|", "disconnecting why|", "disconnect why|", "question /nsp [1] to 0.7|"
 * (slot and request), "create x|", "join x sid|" (rooms). Included by sio_fake.h.
 */
#ifndef SPEC_C_SIO_EVENTS_H
#define SPEC_C_SIO_EVENTS_H

#include "sio_log.h"

static inline void fake_on_connecting(void *owner, struct sio_socket *s, struct sio_slice auth)
{
    (void)owner;
    struct sio_slice nsp = sio_nsp_name(sio_socket_nsp(s));
    sio.socket = s;
    sio_buf_printf(&sio.log, "connecting %.*s %.*s|", (int)nsp.len, nsp.p, (int)auth.len, auth.p);
    if (sio.on_connecting != NULL)
        sio.on_connecting(s);
    if (!sio.hold)
        sio_socket_accept(s);
}

static inline void fake_on_connection(void *owner, struct sio_socket *s)
{
    (void)owner;
    struct sio_slice nsp = sio_nsp_name(sio_socket_nsp(s));
    sio.socket = s;
    CHECK(sio_socket_connected(s));
    sio_buf_printf(&sio.log, "connection %.*s|", (int)nsp.len, nsp.p);
}

static inline void fake_log_incoming(const struct sio_incoming *in)
{
    sio_buf_append_slice(&sio.log, in->data);
    for (unsigned i = 0; i < in->n_attachments; i++)
        sio_buf_printf(&sio.log, " <%.*s>", (int)in->attachments[i]->len, in->attachments[i]->data);
}

static inline void fake_on_event(void *owner, struct sio_socket *s, const struct sio_incoming *in)
{
    (void)owner;
    sio_buf_printf(&sio.log, "event ");
    if (in->has_id)
        sio_buf_printf(&sio.log, "%llu ", (unsigned long long)in->id);
    fake_log_incoming(in);
    sio_buf_printf(&sio.log, "|");
    if (sio.on_event != NULL)
        sio.on_event(s, in);
}

static inline void fake_on_ack(void *owner, struct sio_socket *s, uint64_t cookie, int err,
                               const struct sio_incoming *in)
{
    (void)owner, (void)s;
    sio_buf_printf(&sio.log, "ack %llu %s ", (unsigned long long)cookie, sio_err_name(err));
    CHECK((in == NULL) == (err != 0));
    if (in != NULL)
        fake_log_incoming(in);
    sio_buf_printf(&sio.log, "|");
}

static inline void fake_on_outgoing(void *owner, struct sio_socket *const *sockets, size_t n,
                                    const struct sio_outgoing *out)
{
    (void)owner;
    for (size_t i = 0; i < n; i++)
        CHECK(sio_socket_outgoing(sockets[i]));
    sio_buf_printf(&sio.log, "outgoing %zu ", n);
    sio_buf_append_slice(&sio.log, out->data);
    for (unsigned i = 0; i < out->n_attachments; i++)
        sio_buf_printf(&sio.log, " <%.*s>", (int)out->attachments[i].len, out->attachments[i].p);
    sio_buf_printf(&sio.log, "|");
}

static inline void fake_on_error(void *owner, struct sio_socket *s, const char *message)
{
    (void)owner, (void)s;
    sio_buf_printf(&sio.log, "error %s|", message);
}

static inline void fake_on_disconnecting(void *owner, struct sio_socket *s, const char *reason,
                                         const char *detail)
{
    (void)owner, (void)detail;
    CHECK(sio_socket_connected(s));
    sio_buf_printf(&sio.log, "disconnecting %s|", reason);
    if (sio.on_disconnecting != NULL)
        sio.on_disconnecting(s);
}

static inline void fake_on_disconnect(void *owner, struct sio_socket *s, const char *reason,
                                      const char *detail)
{
    (void)owner, (void)detail;
    CHECK(!sio_socket_connected(s));
    sio_buf_printf(&sio.log, "disconnect %s|", reason == NULL ? "-" : reason);
}

static inline void fake_on_question(void *owner, struct sio_nsp *n, struct sio_asker to,
                                    const struct sio_incoming *in)
{
    struct sio_slice nsp = sio_nsp_name(n);
    (void)owner;
    sio_buf_printf(&sio.log, "question %.*s ", (int)nsp.len, nsp.p);
    fake_log_incoming(in);
    sio_buf_printf(&sio.log, " to %u.%u|", to.place.slot, to.request);
    sio.asker = to;
}

static inline void fake_on_room(void *owner, struct sio_nsp *n, const struct sio_room_event *e)
{
    static const char *const names[] = {
        [SIO_ROOM_CREATED] = "create",
        [SIO_ROOM_DELETED] = "delete",
        [SIO_ROOM_JOINED] = "join",
        [SIO_ROOM_LEFT] = "leave",
    };
    (void)owner;
    sio_buf_printf(&sio.log, "%s %.*s", names[e->kind], (int)e->room.len, e->room.p);
    if (e->sid.len != 0)
        sio_buf_printf(&sio.log, " %.*s", (int)e->sid.len, e->sid.p);
    sio_buf_printf(&sio.log, "|");
    if (sio.on_room != NULL)
        sio.on_room(n, e);
}

/* A test may add to it. */
static struct sio_server_events fake_events = {
    .on_connecting = fake_on_connecting,
    .on_connection = fake_on_connection,
    .on_event = fake_on_event,
    .on_ack = fake_on_ack,
    .on_outgoing = fake_on_outgoing,
    .on_error = fake_on_error,
    .on_disconnecting = fake_on_disconnecting,
    .on_disconnect = fake_on_disconnect,
    .on_question = fake_on_question,
    .on_room = fake_on_room,
};

#endif
