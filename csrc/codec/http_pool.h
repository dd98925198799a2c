// SPDX-License-Identifier: MIT
/* Where the fields of a head lie (5 KiB) while it is read: one such table for all parsers of a
 * loop, which take turns with it. Heads nearly always come whole, one after the other; a parser
 * that finds it in use makes one for itself. See http_parse.h.
 *
 * Owns: the table while it is idle. Errors: none. Reenters: no.
 */
#ifndef SIO_CODEC_HTTP_POOL_H
#define SIO_CODEC_HTTP_POOL_H

struct sio_http_spans;

/* Zeroed is empty and valid. It outlives the parsers that use it. */
struct sio_http_pool {
    struct sio_http_spans *spare; /* NULL: in use, or none yet */
};

void sio_http_pool_fini(struct sio_http_pool *pool);

#endif
