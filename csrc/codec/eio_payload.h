// SPDX-License-Identifier: MIT
/* A long-polling body, in one of three forms:
 *
 *     V4         packets joined with U+001E (Engine.IO protocol v4, §Payload encoding)
 *     V3_TEXT    <length in UTF-16 units>:<packet>… (v3, §Payload)
 *     V3_BINARY  <0: text | 1: bytes> <length in bytes, one digit a byte> 0xff <packet>…
 *
 * Owns: the reader owns its scratch buffer. Errors: below. Reenters: no.
 */
#ifndef SIO_CODEC_EIO_PAYLOAD_H
#define SIO_CODEC_EIO_PAYLOAD_H

#include "base/buf.h"
#include "codec/eio_packet.h"

enum eio_payload_form { EIO_PAYLOAD_V4, EIO_PAYLOAD_V3_TEXT, EIO_PAYLOAD_V3_BINARY };

enum { EIO_LENGTH_DIGITS_MAX = 10 }; /* of a v3 packet's length: no body is longer than 2^31 */

struct eio_payload_reader {
    struct sio_slice rest;
    enum eio_payload_form form;
    bool done;
    struct sio_buf scratch; /* a decoded binary packet; valid until the next call */
};

/* A body of text must be valid UTF-8 (checked by the caller once for the whole body). */
void eio_payload_reader_init(struct eio_payload_reader *r, enum eio_payload_form form,
                             struct sio_slice body);
void eio_payload_reader_fini(struct eio_payload_reader *r);
/* 1 with the next packet in *out (borrowed from body or scratch), 0 at the end, SIO_EPROTO on an
 * unknown type, an empty packet, bad base64 or a bad length; nothing can be read after an error.
 * An empty packet of v3 is a noop. */
int eio_payload_next(struct eio_payload_reader *r, struct eio_packet *out);
/* Appends a packet, with the separator when `out` is not empty; `text` has its digit already. */
void eio_payload_append_text(struct sio_buf *out, struct sio_slice text);
void eio_payload_append_binary(struct sio_buf *out, struct sio_slice bytes);

#endif
