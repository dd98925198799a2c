// SPDX-License-Identifier: MIT
/* Where a connection comes from, when its socket does not tell the truth: behind a proxy, or
 * carried over from another worker.
 *
 * In a message between workers (strict: anything else is an error):
 *
 *     u8 0                                  as the socket says
 *     u8 1 plain, 2 encrypted | u8 length | the address as text, may be empty
 *
 * Owns: nothing; a value. Errors: as stated. Reenters: no.
 */
#ifndef SIO_CODEC_ORIGIN_H
#define SIO_CODEC_ORIGIN_H

#include "base/buf.h"
#include "base/ip.h"

struct sio_origin {
    bool secure; /* the client's connection is encrypted */
    uint8_t address_len;
    char address[SIO_IP_TEXT_MAX + 1]; /* "" when it has none; ends with NUL */
};

static inline struct sio_slice sio_origin_address(const struct sio_origin *o)
{
    return sio_slice(o->address, o->address_len);
}

/* False, and nothing changed, unless `text` is an address or empty. */
bool sio_origin_set_address(struct sio_origin *o, struct sio_slice text);
void sio_origin_encode(struct sio_buf *out, const struct sio_origin *o); /* NULL: none */
/* Takes it from the front of `r`; *present is false when there is none. SIO_EPROTO. */
int sio_origin_decode(struct sio_reader *r, struct sio_origin *out, bool *present);

#endif
