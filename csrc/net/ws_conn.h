// SPDX-License-Identifier: MIT
/* A connection that speaks WebSocket (RFC 6455), after the handshake.
 *
 *     OPEN ──the peer's close frame, an error, the stream's end──► GONE
 *     OPEN ──close()──► CLOSING ──the peer's close frame, or time is over──► GONE
 *
 * CLOSING reads on, silently.
 *
 * Pings are answered here, keeping only the newest pong while the connection is congested (§5.5.3).
 * An idle one holds no buffers (see codec/ws_frame.h).
 *
 * Thread: loop. Owns: its sio_conn. Freed at the end of the tick in which it is GONE; calls until
 * then have no effect. Errors: through on_close. Reenters: events may close it.
 */
#ifndef SIO_NET_WS_CONN_H
#define SIO_NET_WS_CONN_H

#include "codec/ws_frame.h"
#include "net/conn.h"

struct sio_ws_conn;

enum { SIO_WS_CLOSE_ABNORMAL = 1006 }; /* never on the wire (§7.4.1): the stream just ended */

/* What a read has left of a message whose last byte has not come. */
enum sio_ws_part {
    SIO_WS_PART_BEGUN, /* this read brought its first byte */
    SIO_WS_PART_GROWN,
    SIO_WS_PART_OVER, /* nothing any more: it is whole */
};

struct sio_ws_conn_events {
    void (*on_message)(void *owner, struct sio_ws_conn *w, bool binary, struct sio_slice data);
    /* Once, unless we closed first: a close frame (its code, 1005 for none; answered already), a
     * protocol error (the code we closed with, err < 0), or the stream's end (1006; err 0 or
     * SIO_ESYS). The connection is closed or closing already, and `w` is GONE. */
    void (*on_close)(void *owner, struct sio_ws_conn *w, uint16_t code, int err);
    void (*on_drain)(void *owner, struct sio_ws_conn *w); /* may be NULL; see sio_conn_events */
    /* Behind a read, and only when there is such a message or was one before; may be NULL. */
    void (*on_part)(void *owner, struct sio_ws_conn *w, enum sio_ws_part part);
};

/* Takes the connection (reading starts, at the end of this call's tick at the latest) and feeds
 * `rest`, bytes that came behind the handshake, as soon as the current tick's tasks run. */
struct sio_ws_conn *sio_ws_conn_open(struct sio_conn *c, struct sio_slice rest, size_t max_message,
                                     const struct sio_ws_conn_events *events, void *owner);
/* Right after it was opened: its messages may be compressed, as agreed on in the handshake (no
 * effect without an agreement). */
void sio_ws_conn_set_terms(struct sio_ws_conn *w, const struct sio_ws_terms *agreed);
/* NULL when nothing was agreed on, or it is gone. */
struct sio_ws_deflate *sio_ws_conn_deflate(const struct sio_ws_conn *w);
void sio_ws_conn_set_owner(struct sio_ws_conn *w, const struct sio_ws_conn_events *events,
                           void *owner);
/* A whole frame, head included: see engine/message. Takes its own reference. Without effect once
 * closed. The queue is not limited here: look at sio_ws_conn_queued. */
void sio_ws_conn_send(struct sio_ws_conn *w, struct sio_blob *frame);
/* The same for bytes of the caller's. */
void sio_ws_conn_send_copy(struct sio_ws_conn *w, struct sio_slice frame);
/* A frame in two parts: `front` is copied, and the bytes of `b` from `from` on are shared. */
void sio_ws_conn_send_parts(struct sio_ws_conn *w, struct sio_slice front, struct sio_blob *b,
                            size_t from);
/* Sends a close frame (code 0: without a code), then waits for the peer's at most
 * SIO_CONN_LINGER_MS. Silent: no more events. Idempotent. */
void sio_ws_conn_close(struct sio_ws_conn *w, uint16_t code);
/* The same, but ends the stream behind the close frame: for a peer that is not expected to answer.
 */
void sio_ws_conn_fail(struct sio_ws_conn *w, uint16_t code);
/* Cuts the connection, without a close frame. Silent, idempotent; also after sio_ws_conn_close. */
void sio_ws_conn_abort(struct sio_ws_conn *w);
/* Reads no more, or goes on. What was read already is still delivered. Without effect unless OPEN.
 */
void sio_ws_conn_pause(struct sio_ws_conn *w, bool paused);
void sio_ws_conn_prefetch(const struct sio_ws_conn *w); /* see sio_conn_prefetch */
size_t sio_ws_conn_queued(const struct sio_ws_conn *w); /* bytes */
struct sio_conn *sio_ws_conn_stream(const struct sio_ws_conn *w);

#endif
