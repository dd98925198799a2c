// SPDX-License-Identifier: MIT
/* Messages of the mesh. Stands on buf; cluster/mesh calls it.
 *
 * One datagram is one message, so there is nothing to reassemble; a field out of its range makes
 * the whole message invalid, because a worker of another version may be at the other end.
 */
#include "codec/mesh_msg.h"

#include "base/err.h"

void sio_mesh_msg_encode(struct sio_buf *out, const struct sio_mesh_msg *m)
{
    sio_buf_append_u8(out, SIO_MESH_VERSION);
    sio_buf_append_u8(out, (uint8_t)m->type);
    sio_buf_append_u8(out, m->hops);
    sio_buf_append_u8(out, m->status);
    sio_buf_append_u8(out, m->service);
    sio_buf_append_u32(out, m->request);
    sio_buf_append_slice(out, m->payload);
}

int sio_mesh_msg_decode(struct sio_slice bytes, struct sio_mesh_msg *out)
{
    struct sio_reader r = {.rest = bytes};
    uint8_t version = sio_reader_u8(&r), type = sio_reader_u8(&r);
    out->hops = sio_reader_u8(&r);
    out->status = sio_reader_u8(&r);
    out->service = sio_reader_u8(&r);
    out->request = sio_reader_u32(&r);
    out->payload = r.rest;
    if (r.bad || bytes.len > SIO_MESH_MSG_MAX || version != SIO_MESH_VERSION)
        return SIO_EPROTO;
    if (type < SIO_MESH_GIVE || type > SIO_MESH_TAKEN || out->hops > SIO_MESH_HOPS_MAX)
        return SIO_EPROTO;
    out->type = (enum sio_mesh_type)type;
    return 0;
}
