// SPDX-License-Identifier: MIT
/* Outgoing packets: built by the parser, sent to one session after the other; and the text of
 * offsets. Stands on parser and the session.
 */
#include "sio/packet.h"

#include <stdio.h>

#include "base/err.h"
#include "sio/parser.h"
#include "sio/server.h"

void sio_out_init(struct sio_out *o, const struct sio_server_options *options,
                  const struct sio_out_head *head)
{
    o->n = 0;
    o->err = options->parser->encode(options->parser_ctx, head, o);
    if (o->err == 0 && o->n == 0)
        o->err = SIO_EPROTO;
    for (unsigned i = 0; i < o->n; i++)
        o->msgs[i].plain = head->plain;
}

struct sio_slice sio_out_data(const struct sio_out_head *head, struct sio_buf *text)
{
    if (head->offset.len == 0)
        return head->data;
    sio_buf_append(text, head->data.p, head->data.len - 1); /* without the closing bracket */
    sio_buf_append_slice(text, SIO_LIT(",\""));
    sio_buf_append_slice(text, head->offset);
    sio_buf_append_slice(text, SIO_LIT("\"]"));
    return sio_buf_slice(text);
}

void sio_out_add(struct sio_out *o, struct eio_msg m)
{
    o->msgs[o->n++] = m;
}

void sio_out_fini(struct sio_out *o)
{
    for (unsigned i = 0; i < o->n; i++)
        sio_blob_unref(o->msgs[i].frame);
    o->n = 0;
    o->err = 0;
}

int sio_out_send(const struct sio_out *o, struct eio_session *session, unsigned flags)
{
    if (o->err != 0)
        return o->err;
    int err = eio_session_send(session, o->msgs, o->n, flags);
    return err == SIO_ECLOSED ? 0 : err;
}

int sio_out_send_one(const struct sio_server_options *options, const struct sio_out_head *head,
                     struct eio_session *session, unsigned flags)
{
    struct sio_out o;
    int err;
    if (options->parser->send_one != NULL && head->n_attachments == 0) {
        err = options->parser->send_one(options->parser_ctx, head, session, flags);
        return err == SIO_ECLOSED ? 0 : err;
    }
    sio_out_init(&o, options, head);
    err = sio_out_send(&o, session, flags);
    sio_out_fini(&o);
    return err;
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
