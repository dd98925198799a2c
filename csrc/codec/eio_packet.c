// SPDX-License-Identifier: MIT
/* One Engine.IO packet. Stands on b64; the payload readers and engine/websocket call it.
 *
 * The digit of a type is its value: EIO_OPEN is '0', EIO_NOOP is '6'.
 */
#include "codec/eio_packet.h"

#include "base/b64.h"
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

int eio_packet_decode_base64(enum eio_version v, struct sio_slice text, struct sio_buf *scratch,
                             struct eio_packet *out)
{
    size_t head = v == EIO_V3 ? 2 : 1;
    if (text.len < head || text.p[0] != 'b' || (v == EIO_V3 && text.p[1] != '0' + EIO_MESSAGE))
        return SIO_EPROTO;
    sio_buf_clear(scratch);
    if (sio_b64_decode(scratch, sio_slice_from(text, head)) != 0)
        return SIO_EPROTO;
    *out = (struct eio_packet){EIO_MESSAGE, true, sio_buf_slice(scratch)};
    return 0;
}

int eio_packet_decode_bytes(enum eio_version v, struct sio_slice bytes, struct eio_packet *out)
{
    size_t head = v == EIO_V3 ? 1 : 0;
    if (bytes.len < head || (v == EIO_V3 && bytes.p[0] != EIO_MESSAGE))
        return SIO_EPROTO;
    *out = (struct eio_packet){EIO_MESSAGE, true, sio_slice_from(bytes, head)};
    return 0;
}

void eio_packet_append_base64(enum eio_version v, struct sio_buf *out, struct sio_slice bytes)
{
    sio_buf_append_char(out, 'b');
    if (v == EIO_V3)
        sio_buf_append_char(out, eio_packet_digit(EIO_MESSAGE));
    sio_b64_encode(out, bytes);
}

char eio_packet_digit(enum eio_packet_type type)
{
    return (char)('0' + (int)type);
}
