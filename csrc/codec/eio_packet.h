// SPDX-License-Identifier: MIT
/* One Engine.IO packet <-> bytes (Engine.IO protocol v4 and v3, §Packet encoding).
 *
 * A text packet is one digit and its data; a binary packet is always a message:
 *
 *     v4   its bytes, or where only text can go "b" and base64
 *     v3   the type as a byte and its bytes, or "b4" and base64
 *
 * Owns: nothing. Errors: SIO_EPROTO when empty, of unknown type, or not as above. Reenters: no.
 */
#ifndef SIO_CODEC_EIO_PACKET_H
#define SIO_CODEC_EIO_PACKET_H

#include "base/buf.h"

enum eio_version { EIO_V3 = 3, EIO_V4 = 4 };

enum eio_packet_type {
    EIO_OPEN,
    EIO_CLOSE,
    EIO_PING,
    EIO_PONG,
    EIO_MESSAGE,
    EIO_UPGRADE,
    EIO_NOOP,
};

struct eio_packet {
    enum eio_packet_type type;
    bool binary;           /* then type is EIO_MESSAGE */
    struct sio_slice data; /* borrowed */
};

/* A text packet with its digit. */
int eio_packet_decode(struct sio_slice text, struct eio_packet *out);
/* A binary packet in base64, its "b" included; the bytes replace what is in `scratch`. */
int eio_packet_decode_base64(enum eio_version v, struct sio_slice text, struct sio_buf *scratch,
                             struct eio_packet *out);
int eio_packet_decode_bytes(enum eio_version v, struct sio_slice bytes, struct eio_packet *out);
void eio_packet_append_base64(enum eio_version v, struct sio_buf *out, struct sio_slice bytes);
char eio_packet_digit(enum eio_packet_type type);

#endif
