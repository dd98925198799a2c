// SPDX-License-Identifier: MIT
/* One Engine.IO packet <-> bytes (Engine.IO protocol v4, §Packet encoding).
 *
 * A text packet is one digit and its data; a binary packet is always a message and has no digit
 * on WebSocket, "b" + base64 inside a polling payload.
 * Owns: nothing. Reenters: no.
 */
#ifndef SIO_CODEC_EIO_PACKET_H
#define SIO_CODEC_EIO_PACKET_H

#include "base/slice.h"

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

/* A text frame or one text packet of a payload. SIO_EPROTO when empty or of unknown type. */
int eio_packet_decode(struct sio_slice text, struct eio_packet *out);
char eio_packet_digit(enum eio_packet_type type);

#endif
