// SPDX-License-Identifier: MIT
/* Building packets: the head from codec/sio_packet, the JSON as it came from bind, the offset
 * spliced in as text. Stands on engine/message.
 */
#include "sio/packet.h"

#include <stdio.h>

#include "base/err.h"

static enum sio_packet_type wire_type(const struct sio_out_head *head)
{
    if (head->n_attachments == 0)
        return head->type;
    return head->type == SIO_EVENT ? SIO_BINARY_EVENT : SIO_BINARY_ACK;
}

void sio_out_init(struct sio_out *o, const struct sio_out_head *head)
{
    struct sio_buf text = {0};
    sio_packet_append_head(&text, wire_type(head), head->n_attachments, head->nsp, head->has_id,
                           head->id);
    struct sio_slice parts[5] = {sio_buf_slice(&text), head->data};
    size_t n = 2;
    if (head->offset.len != 0) {
        parts[1].len--; /* the closing bracket */
        parts[2] = SIO_LIT(",\"");
        parts[3] = head->offset;
        parts[4] = SIO_LIT("\"]");
        n = 5;
    }
    o->msgs[0] = eio_msg_text(EIO_MESSAGE, parts, n);
    o->msgs[0].plain = head->plain;
    o->n = 1;
    sio_buf_fini(&text);
}

void sio_out_attach(struct sio_out *o, struct sio_slice bytes)
{
    o->msgs[o->n] = eio_msg_binary(bytes);
    o->msgs[o->n++].plain = o->msgs[0].plain;
}

void sio_out_fini(struct sio_out *o)
{
    for (unsigned i = 0; i < o->n; i++)
        sio_blob_unref(o->msgs[i].frame);
    o->n = 0;
}

int sio_out_send(const struct sio_out *o, struct eio_session *session, unsigned flags)
{
    int err = eio_session_send(session, o->msgs, o->n, flags);
    return err == SIO_ECLOSED ? 0 : err;
}

void sio_out_send_plain(struct eio_session *session, enum sio_packet_type type,
                        struct sio_slice nsp, struct sio_slice data)
{
    struct sio_out o;
    sio_out_init(&o, &(struct sio_out_head){.type = type, .nsp = nsp, .data = data});
    sio_out_send(&o, session, 0);
    sio_out_fini(&o);
}

struct sio_slice sio_out_offset(char into[SIO_OFFSET_MAX + 1], const char *epoch, uint64_t position)
{
    int n = snprintf(into, SIO_OFFSET_MAX + 1, "%.11s:%llx", epoch, (unsigned long long)position);
    return sio_slice(into, (size_t)n);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int sio_out_parse_offset(struct sio_slice text, const char *epoch, uint64_t *position)
{
    struct sio_slice prefix = sio_slice_str(epoch);
    if (!sio_slice_starts(text, prefix) || text.len < prefix.len + 2 || text.p[prefix.len] != ':')
        return SIO_EPROTO;
    struct sio_slice hex = sio_slice_from(text, prefix.len + 1);
    if (hex.len > 16)
        return SIO_EPROTO;
    uint64_t v = 0;
    for (size_t i = 0; i < hex.len; i++) {
        int digit = hex_digit(hex.p[i]);
        if (digit < 0)
            return SIO_EPROTO;
        v = v << 4 | (unsigned)digit;
    }
    *position = v;
    return 0;
}
