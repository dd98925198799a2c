// SPDX-License-Identifier: MIT
/* Long-polling bodies. Stands on eio_packet; engine/polling and engine/payload call it. The forms
 * of v3 are in eio_payload_v3.c.
 *
 * A separator stands between packets, never before the first or behind the last: n separators
 * are n + 1 packets, and an empty one is an error, an empty body included.
 */
#include "codec/eio_payload.h"

#include "base/err.h"
#include "codec/eio_payload_v3.h"

enum { SEPARATOR = 0x1e };

void eio_payload_reader_init(struct eio_payload_reader *r, enum eio_payload_form form,
                             struct sio_slice body)
{
    *r = (struct eio_payload_reader){.rest = body, .form = form};
}

void eio_payload_reader_fini(struct eio_payload_reader *r)
{
    sio_buf_fini(&r->scratch);
    r->done = true;
}

/* Cuts the next packet off the front of what is left. */
static struct sio_slice cut(struct eio_payload_reader *r)
{
    const char *end = r->rest.len ? memchr(r->rest.p, SEPARATOR, r->rest.len) : NULL;
    struct sio_slice text = r->rest;
    if (end == NULL) {
        r->done = true;
        return text;
    }
    text.len = (size_t)(end - text.p);
    r->rest = sio_slice(end + 1, r->rest.len - text.len - 1);
    return text;
}

int eio_payload_next(struct eio_payload_reader *r, struct eio_packet *out)
{
    struct sio_slice text;
    int err;
    if (r->done)
        return 0;
    if (r->form != EIO_PAYLOAD_V4)
        return eio_payload_v3_next(r, out);
    text = cut(r);
    if (text.len != 0 && text.p[0] == 'b')
        err = eio_packet_decode_base64(EIO_V4, text, &r->scratch, out);
    else
        err = eio_packet_decode(text, out);
    r->done |= err != 0;
    return err ? err : 1;
}

static void separate(struct sio_buf *out)
{
    if (out->len != 0)
        sio_buf_append_char(out, SEPARATOR);
}

void eio_payload_append_text(struct sio_buf *out, struct sio_slice text)
{
    separate(out);
    sio_buf_append_slice(out, text);
}

void eio_payload_append_binary(struct sio_buf *out, struct sio_slice bytes)
{
    separate(out);
    eio_packet_append_base64(EIO_V4, out, bytes);
}
