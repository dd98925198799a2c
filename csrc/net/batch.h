// SPDX-License-Identifier: MIT
/* The short writes of a tick, side by side in one buffer of the loop. What a connection has to send
 * is a span of it, and leaves with one plain send.
 *
 *     buffer  | a | b | c | d |        to all a, then b: every connection has the span "a b",
 *               └──span─┘              written once
 *
 * A message for many is copied once: connections that were to send the same so far, and get the
 * same now, get the same span. One whose span does not end where the buffer ends takes a copy of it
 * to there. What does not fit goes to the connection's own queue (net/outq.h).
 *
 * The spans are few bytes in their connections, and nothing is allocated or counted for a delivery;
 * copying eight messages of 40 bytes costs less than one writev of eight pieces.
 *
 * Owns: its buffer, and a reference to the blob that was added last, whose address stands for its
 * bytes. Errors: none. Reenters: no. Empties itself with the last span.
 */
#ifndef SIO_NET_BATCH_H
#define SIO_NET_BATCH_H

#include "base/blob.h"

enum {
    SIO_BATCH_BYTES = 256 << 10,   /* all spans together */
    SIO_BATCH_SPAN_MAX = 16 << 10, /* one connection's bytes */
    SIO_BATCH_PIECE_MAX = 4 << 10, /* one write's; a longer one is not worth a copy */
};

/* Zeroed: nothing. */
struct sio_batch_span {
    uint32_t at;
    uint16_t len;
};

/* Zeroed: empty. */
struct sio_batch {
    char *bytes;
    uint32_t len, cap;
    uint32_t n_spans; /* that are not empty */
    struct {          /* the newest addition of a blob: before + blob = after */
        struct sio_blob *blob;
        size_t from;
        struct sio_batch_span before, after;
    } last;
};

/* Puts `bytes` behind the span; false, and nothing has changed: a limit is in the way. */
bool sio_batch_add(struct sio_batch *b, struct sio_batch_span *s, struct sio_slice bytes);
/* The same with the bytes of a blob from `from` on. */
bool sio_batch_share(struct sio_batch *b, struct sio_batch_span *s, struct sio_blob *blob,
                     size_t from);
/* Valid until something is added. */
static inline struct sio_slice sio_batch_slice(const struct sio_batch *b,
                                               const struct sio_batch_span *s)
{
    return sio_slice(b->bytes + s->at, s->len);
}
void sio_batch_drop(struct sio_batch *b, struct sio_batch_span *s);
void sio_batch_fini(struct sio_batch *b); /* with no spans left */

#endif
