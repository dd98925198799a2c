// SPDX-License-Identifier: MIT
/* A socket: one client's membership in one namespace.
 *
 *     CONNECTING (middlewares run) ──accept──► CONNECTED ──► GONE
 *            └───────────refuse────────────────────────────► GONE
 *
 * Valid until its on_disconnect event has returned. Reenters: accept calls on_connection;
 * disconnect calls on_disconnecting and on_disconnect; emit calls nothing.
 */
#ifndef SIO_SIO_SOCKET_H
#define SIO_SIO_SOCKET_H

#include "sio/nsp.h"

/* SIO_ID_LEN characters; longer for a client of v2 in a namespace other than "/". */
const char *sio_socket_id(const struct sio_socket *s);
struct sio_nsp *sio_socket_nsp(const struct sio_socket *s);
struct eio_session *sio_socket_session(const struct sio_socket *s);
bool sio_socket_connected(const struct sio_socket *s);
bool sio_socket_ended(const struct sio_socket *s); /* its on_disconnect has returned */
bool sio_socket_recovered(const struct sio_socket *s);
struct sio_slice sio_socket_auth(const struct sio_socket *s); /* JSON object of CONNECT */
/* Whether on_outgoing is called for what it is sent. */
void sio_socket_set_outgoing(struct sio_socket *s, bool on);
bool sio_socket_outgoing(const struct sio_socket *s);
void sio_socket_set_user(struct sio_socket *s, void *user);
void *sio_socket_user(const struct sio_socket *s);

/* Ends the CONNECTING state. No effect when the client has gone meanwhile (then on_disconnect was
 * called). */
void sio_socket_accept(struct sio_socket *s);
/* `error`: JSON object for CONNECT_ERROR, e.g. {"message":"unauthorized"}. */
void sio_socket_refuse(struct sio_socket *s, struct sio_slice error);

/* An event to this socket alone. cookie != 0: wants an acknowledgement, reported by on_ack exactly
 * once; timeout_ms 0: no limit. After disconnect: as sio_socket_emit_late, or with a cookie
 * SIO_ECLOSED. When it returns an error there will be no on_ack. Errors: SIO_EINVAL (data is no
 * array with an element), SIO_ETOOBIG (record, or more than 64 attachments), SIO_EFULL (acks or
 * queue), SIO_EAGAIN (volatile, dropped). */
int sio_socket_emit(struct sio_socket *s, const struct sio_outgoing *out, uint64_t cookie,
                    uint64_t timeout_ms);
/* An event to a socket that has gone: with recovery its client gets it when it comes back, or at
 * once when it has, on whatever worker; else nothing happens. Errors: as sio_socket_emit. */
int sio_socket_emit_late(struct sio_nsp *n, struct sio_slice sid, const struct sio_outgoing *out);
/* Answers an event that had an id; data is the JSON array of arguments. Dropped with 0 when the
 * socket is not connected any more. Errors: as sio_socket_emit. */
int sio_socket_ack(struct sio_socket *s, uint64_t id, const struct sio_outgoing *out);

/* Rooms. Errors: SIO_EFULL (rooms_per_socket), SIO_ETOOBIG (a name over 1024 bytes), SIO_ECLOSED.
 * Joining twice or leaving a room it is not in: 0. Its own id is a room that it cannot leave. While
 * the log is blocked they take effect when it moves on, in order with the emits. */
int sio_socket_join(struct sio_socket *s, struct sio_slice room);
int sio_socket_leave(struct sio_socket *s, struct sio_slice room);
bool sio_socket_in(const struct sio_socket *s, struct sio_slice room);
/* Visits its rooms, its own id first. The rooms may not change meanwhile. */
void sio_socket_each_room(const struct sio_socket *s, void (*fn)(void *ctx, struct sio_slice room),
                          void *ctx);

/* "server namespace disconnect"; with close the whole connection of the client, all its namespaces.
 * In the middlewares only `close` has an effect. */
void sio_socket_disconnect(struct sio_socket *s, bool close);

/* `socket.data` as JSON, kept with the session for recovery; a recovered socket
 * starts with it. Saved at the end of the tick. */
void sio_socket_set_data(struct sio_socket *s, struct sio_slice json);
struct sio_slice sio_socket_data(const struct sio_socket *s); /* "" when there is none */

#endif
