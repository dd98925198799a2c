// SPDX-License-Identifier: MIT
/* What one connection has to send: shared blobs by reference, small writes copied together.
 *
 * A queue is one pointer, NULL while it is empty: an idle connection holds no buffer. Otherwise it
 * is a ring of {blob, from} in one allocation, and the last blob may be an open one, which copied
 * bytes are appended to until its SIO_OUTQ_COPY_BYTES are full.
 *
 * Owns: one reference per entry. Errors: none. Reenters: no. Limit: none of its own; who writes
 * looks at sio_conn_queued (http_conn answers one request at a time, ws_conn keeps one pong, the
 * engine has max_buffered).
 */
#ifndef SIO_NET_OUTQ_H
#define SIO_NET_OUTQ_H

#include <uv.h>

#include "base/blob.h"

enum { SIO_OUTQ_COPY_BYTES = 488 }; /* with the blob's head and malloc's: half a KiB */

struct sio_outq;

void sio_outq_copy(struct sio_outq **q, struct sio_slice bytes);
/* The bytes of `b` from `from` on; takes its own reference. */
void sio_outq_share(struct sio_outq **q, struct sio_blob *b, size_t from);
size_t sio_outq_bytes(const struct sio_outq *q);
/* Describes the front of the queue in at most `max` places; returns how many. */
unsigned sio_outq_front(const struct sio_outq *q, uv_buf_t *out, unsigned max);
/* Drops n bytes, n <= sio_outq_bytes, from the front. */
void sio_outq_consume(struct sio_outq **q, size_t n);
void sio_outq_drop(struct sio_outq **q);

#endif
