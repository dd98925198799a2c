// SPDX-License-Identifier: MIT
/* The streams that compress, and the forms of this tick. Stands on codec/deflate and http_coding;
 * websocket.c and polling.c ask.
 *
 * Invariant: a form holds a reference to its source, so that an address stands for one message.
 */
#include "engine/compress.h"

#include "base/mem.h"
#include "codec/ws_frame.h"

struct form {
    struct sio_blob *of;    /* an eio_msg's frame; NULL: free */
    unsigned kind;          /* window bits of a WebSocket frame, or BODY + a coding */
    struct sio_blob *bytes; /* `of` itself: it does not become smaller */
};

enum { BODY = SIO_DEFLATE_BITS_MAX + 1 };

struct eio_compress {
    struct sio_loop *loop;
    struct sio_task forget; /* at the end of a tick with forms */
    struct eio_deflate_options deflate;
    struct eio_http_compression http;
    struct sio_coder coder;
    struct sio_deflater *raw[SIO_DEFLATE_BITS_MAX + 1]; /* by window bits */
    struct sio_buf scratch;
    struct form forms[EIO_FORMS_KEPT]; /* a ring */
    unsigned n_forms;                  /* made in this tick */
    uint64_t made;
};

/* ---- forms ----------------------------------------------------------------------------------- */

static void drop(struct form *f)
{
    sio_blob_unref(f->of);
    sio_blob_unref(f->bytes);
    *f = (struct form){0};
}

static void forget(void *ctx)
{
    struct eio_compress *c = ctx;
    for (unsigned i = 0; i < EIO_FORMS_KEPT && i < c->n_forms; i++)
        drop(&c->forms[i]);
    c->n_forms = 0;
}

/* From the newest back: a broadcast asks for what it asked for one recipient before. */
static struct sio_blob *find(const struct eio_compress *c, const struct sio_blob *of, unsigned kind)
{
    for (unsigned i = 0; i < EIO_FORMS_KEPT && i < c->n_forms; i++) {
        const struct form *f = &c->forms[(c->n_forms - 1 - i) % EIO_FORMS_KEPT];
        if (f->of == of && f->kind == kind)
            return f->bytes;
    }
    return NULL;
}

static void keep(struct eio_compress *c, struct sio_blob *of, unsigned kind, struct sio_blob *bytes)
{
    struct form *f = &c->forms[c->n_forms++ % EIO_FORMS_KEPT];
    drop(f);
    *f = (struct form){sio_blob_ref(of), kind, sio_blob_ref(bytes)};
    sio_loop_defer(c->loop, &c->forget);
}

/* ---- frames ---------------------------------------------------------------------------------- */

/* What is in c->scratch as a compressed frame. */
static struct sio_blob *frame_of(struct eio_compress *c, bool binary)
{
    char head[SIO_WS_HEAD_MAX];
    size_t len = c->scratch.len;
    size_t n = sio_ws_frame_head(head, binary ? SIO_WS_BINARY : SIO_WS_TEXT, len);
    struct sio_blob *b = sio_blob_new_raw(n + len);
    head[0] = (char)(head[0] | SIO_WS_RSV1);
    memcpy(b->data, head, n);
    memcpy(b->data + n, c->scratch.p, len);
    return b;
}

static void trim_scratch(struct eio_compress *c)
{
    if (c->scratch.cap > EIO_COMPRESS_SCRATCH_KEPT)
        sio_buf_fini(&c->scratch);
}

static struct sio_blob *compress(struct eio_compress *c, struct sio_deflater *with,
                                 const struct eio_msg *m, bool forget_it)
{
    struct sio_blob *b;
    sio_buf_clear(&c->scratch);
    sio_deflater_message(with, eio_msg_packet(m), forget_it, &c->scratch);
    c->made++;
    b = frame_of(c, m->binary);
    trim_scratch(c);
    return b;
}

static struct sio_deflater *stream(const struct eio_compress *c, struct sio_deflater **at,
                                   unsigned bits)
{
    if (*at == NULL)
        *at = sio_deflater_new(SIO_DEFLATE_RAW, bits, c->deflate.effort);
    return *at;
}

static struct sio_blob *shared_frame(struct eio_compress *c, unsigned bits, const struct eio_msg *m)
{
    struct sio_blob *b = find(c, m->frame, bits);
    if (b != NULL)
        return sio_blob_ref(b);
    b = compress(c, stream(c, &c->raw[bits], bits), m, true);
    if (b->len >= m->frame->len) {
        sio_blob_unref(b);
        b = sio_blob_ref(m->frame);
    }
    keep(c, m->frame, bits, b);
    return b;
}

struct sio_blob *eio_compress_frame(struct eio_compress *c, struct sio_ws_deflate *d,
                                    const struct eio_msg *m)
{
    unsigned bits = sio_ws_window_bits(d->terms.server_max_window_bits);
    if (m->plain)
        return sio_blob_ref(m->frame);
    if (!d->terms.server_no_context_takeover) /* short ones pay, too, and none may be left out */
        return compress(c, stream(c, &d->out, bits), m, false);
    if (m->frame->len - m->head < c->deflate.threshold)
        return sio_blob_ref(m->frame);
    return shared_frame(c, bits, m);
}

/* ---- polls ----------------------------------------------------------------------------------- */

enum sio_coding eio_compress_coding(const struct eio_compress *c, const struct sio_http_request *r)
{
    return c != NULL && c->http.on ? sio_coding_of_request(r) : SIO_CODING_IDENTITY;
}

struct sio_blob *eio_compress_body(struct eio_compress *c, enum sio_coding how, struct sio_blob *of,
                                   struct sio_slice body)
{
    struct sio_blob *b = of != NULL ? find(c, of, BODY + how) : NULL;
    if (body.len < c->http.threshold || (b != NULL && b == of))
        return NULL;
    if (b != NULL)
        return sio_blob_ref(b);
    sio_buf_clear(&c->scratch);
    sio_coder_encode(&c->coder, how, body, &c->scratch);
    c->made++;
    b = c->scratch.len < body.len ? sio_blob_new(sio_buf_slice(&c->scratch)) : NULL;
    trim_scratch(c);
    if (of != NULL)
        keep(c, of, BODY + how, b != NULL ? b : of);
    return b;
}

uint64_t eio_compress_made(const struct eio_compress *c)
{
    return c->made;
}

/* ---- life ------------------------------------------------------------------------------------ */

struct eio_compress *eio_compress_new(struct sio_loop *loop, const struct eio_options *o)
{
    struct eio_compress *c;
    if (!o->deflate.terms.deflate && !o->http.on)
        return NULL;
    c = sio_calloc(1, sizeof *c);
    c->loop = loop;
    c->deflate = o->deflate;
    c->http = o->http;
    c->coder.effort = o->http.effort;
    sio_task_init(&c->forget, forget, c);
    return c;
}

void eio_compress_free(struct eio_compress *c)
{
    if (c == NULL)
        return;
    sio_task_cancel(&c->forget);
    forget(c);
    for (unsigned i = 0; i <= SIO_DEFLATE_BITS_MAX; i++)
        sio_deflater_free(c->raw[i]);
    sio_coder_fini(&c->coder);
    sio_buf_fini(&c->scratch);
    sio_free(c);
}
