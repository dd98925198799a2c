// SPDX-License-Identifier: MIT
/* One Engine.IO packet. Stands on slices; the payload reader and engine/websocket call it.
 *
 * The digit of a type is its value: EIO_OPEN is '0', EIO_NOOP is '6'.
 */
#include "codec/eio_packet.h"

#include "base/err.h"

int eio_packet_decode(struct sio_slice text, struct eio_packet *out)
{
    if (text.len == 0 || text.p[0] < '0' || text.p[0] > '0' + EIO_NOOP)
        return SIO_EPROTO;
    *out = (struct eio_packet){
        .type = (enum eio_packet_type)(text.p[0] - '0'),
        .data = sio_slice_from(text, 1),
    };
    return 0;
}

char eio_packet_digit(enum eio_packet_type type)
{
    return (char)('0' + (int)type);
}
