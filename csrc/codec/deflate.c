// SPDX-License-Identifier: MIT
/* zlib's streams behind our buffers and our allocator. ws_deflate and http_coding stand on it.
 *
 * Invariant: between calls a stream has no input and no output pending.
 */
#include "codec/deflate.h"

#include <assert.h>
#include <stdlib.h>
#include <zlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/utf8.h"

enum { CHUNK = 16384 }; /* bytes inflated at a time, on the stack */

/* What a sync flush ends with; a message is sent without it (RFC 7692 §7.2.1). */
static const char tail[4] = {0x00, 0x00, (char)0xff, (char)0xff};

struct sio_deflater {
    z_stream z;
};

struct sio_inflater {
    z_stream z;
};

static void *zalloc(void *opaque, uInt items, uInt size)
{
    (void)opaque;
    return sio_calloc(items, size);
}

static void zfree(void *opaque, void *p)
{
    (void)opaque;
    sio_free(p);
}

/* Parameters of ours cannot be wrong and memory cannot fail: an error is a bug, or another zlib
 * than the one that we were compiled for. */
static void check(int status)
{
    if (status != Z_OK)
        abort();
}

/* ---- deflating ------------------------------------------------------------------------------- */

static int format_bits(enum sio_deflate_format format, unsigned window_bits)
{
    int bits = (int)window_bits;
    if (format == SIO_DEFLATE_RAW)
        return -bits;
    return format == SIO_DEFLATE_GZIP ? bits + 16 : bits;
}

struct sio_deflater *sio_deflater_new(enum sio_deflate_format format, unsigned window_bits,
                                      struct sio_deflate_effort effort)
{
    struct sio_deflater *d = sio_calloc(1, sizeof *d);
    int strategy = Z_DEFAULT_STRATEGY;
    assert(window_bits >= SIO_DEFLATE_BITS_MIN && window_bits <= SIO_DEFLATE_BITS_MAX);
    if (window_bits == 8) { /* zlib cannot; but what refers to one byte back fits every window */
        window_bits = 9;
        strategy = Z_RLE;
    }
    d->z.zalloc = zalloc;
    d->z.zfree = zfree;
    check(deflateInit2(&d->z, effort.level, Z_DEFLATED, format_bits(format, window_bits),
                       effort.mem_level, strategy));
    return d;
}

void sio_deflater_free(struct sio_deflater *d)
{
    if (d == NULL)
        return;
    deflateEnd(&d->z);
    sio_free(d);
}

static void run_deflate(struct sio_deflater *d, struct sio_slice in, int flush, struct sio_buf *out)
{
    z_stream *z = &d->z;
    int status = Z_OK;
    assert(in.len <= UINT32_MAX / 2);
    z->next_in = (z_const Bytef *)in.p;
    z->avail_in = (uInt)in.len;
    z->avail_out = 0;
    while (z->avail_out == 0 && status == Z_OK) {
        size_t room = in.len / 4 + 64;
        z->next_out = (Bytef *)sio_buf_reserve(out, room);
        z->avail_out = (uInt)room;
        status = deflate(z, flush);
        out->len += room - z->avail_out;
    }
    assert(z->avail_in == 0 && status != Z_STREAM_ERROR);
}

void sio_deflater_stream(struct sio_deflater *d, struct sio_slice in, struct sio_buf *out)
{
    run_deflate(d, in, Z_FINISH, out);
    check(deflateReset(&d->z));
}

void sio_deflater_message(struct sio_deflater *d, struct sio_slice in, bool forget,
                          struct sio_buf *out)
{
    if (in.len == 0) { /* §7.2.3.6; zlib does not flush twice */
        sio_buf_append_char(out, '\0');
        return;
    }
    run_deflate(d, in, Z_SYNC_FLUSH, out);
    assert(memcmp(out->p + out->len - sizeof tail, tail, sizeof tail) == 0);
    out->len -= sizeof tail;
    if (forget)
        check(deflateReset(&d->z));
}

/* ---- inflating ------------------------------------------------------------------------------- */

struct sio_inflater *sio_inflater_new(unsigned window_bits)
{
    struct sio_inflater *i = sio_calloc(1, sizeof *i);
    i->z.zalloc = zalloc;
    i->z.zfree = zfree;
    check(inflateInit2(&i->z, -(int)window_bits));
    return i;
}

void sio_inflater_free(struct sio_inflater *i)
{
    if (i == NULL)
        return;
    inflateEnd(&i->z);
    sio_free(i);
}

void sio_inflater_forget(struct sio_inflater *i)
{
    check(inflateReset(&i->z));
}

struct message {
    const struct sio_inflate_limits *limits;
    struct sio_buf *out;
    size_t left; /* bytes that may still come */
    struct sio_utf8 utf8;
};

static int take(struct message *m, struct sio_slice bytes)
{
    if (bytes.len > m->left)
        return SIO_ETOOBIG;
    if (m->limits->text && !sio_utf8_feed(&m->utf8, bytes))
        return SIO_EUTF8;
    m->left -= bytes.len;
    sio_buf_append_slice(m->out, bytes);
    return 0;
}

/* One call of zlib. 1: there is more to do. */
static int step(struct sio_inflater *i, struct message *m)
{
    Bytef chunk[CHUNK];
    z_stream *z = &i->z;
    uInt room = m->left < sizeof chunk ? (uInt)m->left + 1 : (uInt)sizeof chunk;
    int status, err;
    z->next_out = chunk;
    z->avail_out = room;
    status = inflate(z, Z_SYNC_FLUSH);
    if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR)
        return SIO_EPROTO;
    err = take(m, sio_slice(chunk, room - z->avail_out));
    if (err != 0)
        return err;
    if (status == Z_STREAM_END) { /* a final block; the window goes on behind it (§7.2.3.4) */
        check(inflateResetKeep(z));
        return z->avail_in != 0;
    }
    return status == Z_OK && (z->avail_in != 0 || z->avail_out == 0);
}

static int run_inflate(struct sio_inflater *i, struct sio_slice in, struct message *m)
{
    int more;
    assert(in.len <= UINT32_MAX);
    i->z.next_in = (z_const Bytef *)in.p;
    i->z.avail_in = (uInt)in.len;
    do {
        more = step(i, m);
    } while (more == 1);
    i->z.avail_in = 0;
    return more;
}

/* Whether the stream ended with a final block, so that nothing is pending in it. */
static bool at_start(const struct sio_inflater *i)
{
    return i->z.total_in == 0;
}

int sio_inflater_message(struct sio_inflater *i, struct sio_slice in,
                         const struct sio_inflate_limits *limits, struct sio_buf *out)
{
    struct message m = {.limits = limits, .out = out, .left = limits->max};
    int err = run_inflate(i, in, &m);
    if (err == 0 && !(in.len != 0 && at_start(i)))
        err = run_inflate(i, sio_slice(tail, sizeof tail), &m);
    if (err == 0 && limits->text && !sio_utf8_complete(&m.utf8))
        err = SIO_EUTF8;
    return err;
}
