// SPDX-License-Identifier: MIT
/* The websocket transport: one packet is one frame (Engine.IO v4 and v3, §WebSocket). Private to
 * engine/.
 *
 * Serves a session, or probes for one that is still on polling; the session tells which.
 *
 * Thread: loop. Owns: its ws_conn. Errors: none. Reenters: through the session.
 */
#ifndef SIO_ENGINE_WEBSOCKET_H
#define SIO_ENGINE_WEBSOCKET_H

#include "engine/heartbeat.h"
#include "engine/transport.h"
#include "net/ws_conn.h"

/* Takes the connection after its 101, with the terms of that; `rest` came behind the request. */
void eio_websocket_open(struct eio_session *s, struct sio_conn *c, const struct sio_ws_terms *terms,
                        struct sio_slice rest);
/* Closes a connection that no session wants, as upstream: 101, then a close frame without a code.
 * An HTTP answer would be an error that not every client is ready for. */
void eio_websocket_reject(struct sio_conn *c, struct sio_slice rest, size_t max_message);

/* Whose message EIO_DUE_PART waits for, and the session's end when that is due. */
struct eio_session *eio_websocket_waits(struct eio_due *due);
void eio_websocket_give_up(struct eio_session *s);

#endif
