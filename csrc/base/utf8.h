// SPDX-License-Identifier: MIT
/* UTF-8 validation (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF.
 *
 * Owns: nothing. Errors: a bool. Reenters: no.
 */
#ifndef SIO_BASE_UTF8_H
#define SIO_BASE_UTF8_H

#include <stdint.h>

#include "base/slice.h"

bool sio_utf8_valid(struct sio_slice s); /* fast path: eight ASCII bytes at a time */

/* Bytes of the sequence that `s` begins with (1..4); 0 when it is empty, bad or cut short. */
size_t sio_utf8_sequence(struct sio_slice s);

/* Incremental form for text split over WebSocket fragments. Zeroed struct = at a boundary. */
struct sio_utf8 {
    uint8_t need;   /* continuation bytes still to come */
    uint8_t lo, hi; /* bounds of the next one; 0 means 0x80..0xbf */
};
bool sio_utf8_feed(struct sio_utf8 *st,
                   struct sio_slice s); /* false at the first bad byte; then over */
static inline bool sio_utf8_complete(const struct sio_utf8 *st)
{
    return st->need == 0;
}

#endif
