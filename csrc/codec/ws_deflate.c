// SPDX-License-Identifier: MIT
/* The streams of permessage-deflate, and the terms on the wire. The parser of offers is
 * ws_offer.c; ws_frame reads messages through here, engine/compress writes them.
 */
#include "codec/ws_deflate.h"

#include "base/mem.h"

/* Node's zlib, hence npm's ws, deflates with a window of 9 bits when 8 were agreed on. */
enum { CLIENT_BITS_MIN = 9 };

void sio_ws_deflate_write(struct sio_buf *out, const struct sio_ws_terms *agreed)
{
    sio_buf_append_slice(out, SIO_LIT("permessage-deflate"));
    if (agreed->server_no_context_takeover)
        sio_buf_append_slice(out, SIO_LIT("; server_no_context_takeover"));
    if (agreed->client_no_context_takeover)
        sio_buf_append_slice(out, SIO_LIT("; client_no_context_takeover"));
    if (agreed->server_max_window_bits != 0)
        sio_buf_printf(out, "; server_max_window_bits=%u", agreed->server_max_window_bits);
    if (agreed->client_max_window_bits != 0)
        sio_buf_printf(out, "; client_max_window_bits=%u", agreed->client_max_window_bits);
}

struct sio_ws_deflate *sio_ws_deflate_new(const struct sio_ws_terms *agreed)
{
    struct sio_ws_deflate *d = sio_calloc(1, sizeof *d);
    d->terms = *agreed;
    return d;
}

void sio_ws_deflate_free(struct sio_ws_deflate *d)
{
    if (d == NULL)
        return;
    sio_inflater_free(d->in);
    sio_deflater_free(d->out);
    sio_free(d);
}

/* The loop's inflater takes every window; it is made for the first message and kept. */
static struct sio_inflater *shared_inflater(struct sio_ws_pool *pool)
{
    if (pool->inflater == NULL)
        pool->inflater = sio_inflater_new(SIO_DEFLATE_BITS_MAX);
    return pool->inflater;
}

static struct sio_inflater *own_inflater(struct sio_ws_deflate *d)
{
    unsigned bits = sio_ws_window_bits(d->terms.client_max_window_bits);
    if (d->in == NULL)
        d->in = sio_inflater_new(bits < CLIENT_BITS_MIN ? CLIENT_BITS_MIN : bits);
    return d->in;
}

int sio_ws_deflate_read(struct sio_ws_deflate *d, struct sio_ws_pool *pool, struct sio_slice in,
                        const struct sio_inflate_limits *limits, struct sio_buf *out)
{
    struct sio_inflater *i;
    int err;
    if (!d->terms.client_no_context_takeover || pool == NULL)
        i = own_inflater(d);
    else
        i = shared_inflater(pool);
    err = sio_inflater_message(i, in, limits, out);
    if (d->terms.client_no_context_takeover)
        sio_inflater_forget(i);
    return err;
}
