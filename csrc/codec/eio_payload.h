// SPDX-License-Identifier: MIT
/* A long-polling body: packets joined with U+001E (Engine.IO protocol v4, §Payload encoding).
 *
 * Owns: the reader owns its scratch buffer. Errors: below. Reenters: no.
 */
#ifndef SIO_CODEC_EIO_PAYLOAD_H
#define SIO_CODEC_EIO_PAYLOAD_H

#include "base/buf.h"
#include "codec/eio_packet.h"

struct eio_payload_reader {
    struct sio_slice rest;
    bool done;
    struct sio_buf scratch; /* a decoded binary packet; valid until the next call */
};

/* The body must be valid UTF-8 (checked by the caller once for the whole body). */
void eio_payload_reader_init(struct eio_payload_reader *r, struct sio_slice body);
void eio_payload_reader_fini(struct eio_payload_reader *r);
/* 1 with the next packet in *out (borrowed from body or scratch), 0 at the end, SIO_EPROTO on an
 * unknown type, an empty packet or bad base64; nothing can be read after an error. */
int eio_payload_next(struct eio_payload_reader *r, struct eio_packet *out);
/* Appends a packet, with the separator when `out` is not empty; `text` has its digit already. */
void eio_payload_append_text(struct sio_buf *out, struct sio_slice text);
void eio_payload_append_binary(struct sio_buf *out, struct sio_slice bytes);

#endif
