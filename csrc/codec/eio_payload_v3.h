// SPDX-License-Identifier: MIT
/* The two forms of a body that protocol v3 has, where every packet says how long it is. Reading
 * goes through eio_payload.h.
 *
 * A length in text counts UTF-16 units, for JavaScript wrote it; in the binary form it counts
 * bytes, those of the digit or type byte included.
 * Owns: nothing. Errors: below. Reenters: no.
 */
#ifndef SIO_CODEC_EIO_PAYLOAD_V3_H
#define SIO_CODEC_EIO_PAYLOAD_V3_H

#include "codec/eio_payload.h"

/* For eio_payload_next alone; the reader is not done. */
int eio_payload_v3_next(struct eio_payload_reader *r, struct eio_packet *out);

/* `text` is valid UTF-8 and has its digit already. Binary packets are messages. */
void eio_payload_v3_append_text(struct sio_buf *out, struct sio_slice text);
void eio_payload_v3_append_base64(struct sio_buf *out, struct sio_slice bytes);
/* The same for the binary form. */
void eio_payload_v3_append_text_bytes(struct sio_buf *out, struct sio_slice text);
void eio_payload_v3_append_bytes(struct sio_buf *out, struct sio_slice bytes);

#endif
