// SPDX-License-Identifier: MIT
/* Where a connection comes from, as bytes. Stands on buf and ip; the mesh's GIVE carries it. */
#include "codec/origin.h"

#include "base/err.h"

enum { AS_THE_SOCKET_SAYS, PLAIN, ENCRYPTED };

bool sio_origin_set_address(struct sio_origin *o, struct sio_slice text)
{
    struct sio_ip ip;
    if (text.len != 0 && sio_ip_parse(text, &ip) != 0)
        return false;
    if (text.len != 0)
        memcpy(o->address, text.p, text.len);
    o->address[text.len] = '\0';
    o->address_len = (uint8_t)text.len;
    return true;
}

void sio_origin_encode(struct sio_buf *out, const struct sio_origin *o)
{
    if (o == NULL) {
        sio_buf_append_u8(out, AS_THE_SOCKET_SAYS);
        return;
    }
    sio_buf_append_u8(out, o->secure ? ENCRYPTED : PLAIN);
    sio_buf_append_u8(out, o->address_len);
    sio_buf_append_slice(out, sio_origin_address(o));
}

int sio_origin_decode(struct sio_reader *r, struct sio_origin *out, bool *present)
{
    uint8_t kind = sio_reader_u8(r);
    *present = kind != AS_THE_SOCKET_SAYS;
    if (r->bad || kind > ENCRYPTED)
        return SIO_EPROTO;
    if (!*present)
        return 0;
    *out = (struct sio_origin){.secure = kind == ENCRYPTED};
    uint8_t len = sio_reader_u8(r);
    if (r->bad || len > r->rest.len || !sio_origin_set_address(out, sio_slice(r->rest.p, len)))
        return SIO_EPROTO;
    r->rest = sio_slice_from(r->rest, len);
    return 0;
}
