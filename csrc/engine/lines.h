// SPDX-License-Identifier: MIT
/* Request heads kept small: what many clients say alike (Host, User-Agent, Accept-Language) is kept
 * once for all of them. Private to engine/.
 *
 * A head is packed piece by piece: a line, or else a field's name, that was seen before is a number
 * of two bytes, anything else its bytes. What is seen for the first time is only remembered as a
 * hash, so a value that nobody shares (a key, a cookie) takes no place.
 *
 * Limit: EIO_LINES_MAX shared pieces of EIO_LINE_BYTES_MAX bytes each. When there is no place for
 * one more it stays with its session; nothing is refused.
 *
 * Thread: loop. Owns: the shared pieces, until the last head that has one is released. Errors:
 * none. Reenters: no.
 */
#ifndef SIO_ENGINE_LINES_H
#define SIO_ENGINE_LINES_H

#include "base/blob.h"
#include "base/buf.h"

enum {
    EIO_LINES_MAX = 1024, /* a power of two */
    EIO_LINE_BYTES_MAX = 1024,
};

struct eio_lines {
    struct {
        struct sio_blob *text; /* NULL: the place is free */
        uint32_t hash;
        uint32_t uses;
    } places[EIO_LINES_MAX];
    uint32_t seen[EIO_LINES_MAX]; /* hashes of what came last */
};

/* Appends `text`, packed; to be released once. */
void eio_lines_pack(struct eio_lines *l, struct sio_slice text, struct sio_buf *out);
void eio_lines_release(struct eio_lines *l, struct sio_slice packed);
size_t eio_lines_length(const struct eio_lines *l, struct sio_slice packed); /* of its text */
/* The text, into `out`, where there is room for its length. */
void eio_lines_unpack(const struct eio_lines *l, struct sio_slice packed, char *out);

#endif
