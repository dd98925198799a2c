// SPDX-License-Identifier: MIT
/* One connection's TLS over OpenSSL. Stands on tls_context and outq; net/conn calls it.
 *
 * OpenSSL reads and writes through a BIO of ours: it takes the borrowed records that the socket has
 * just brought and keeps a piece of one by itself; what it writes goes into the wire queue, or to
 * who sends it at once.
 * Invariant: `in` is empty outside of sio_tls_open.
 */
#include "net/tls_in.h"

#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"

struct sio_tls {
    SSL *ssl;
    struct sio_tls_context *context;
    struct sio_slice in; /* what the BIO has not taken */
    struct sio_outq *wire;
    struct sio_buf *sealed; /* where what OpenSSL writes goes instead; NULL outside of a seal */
    bool ready, failed, ended;
};

/* ---- the BIO --------------------------------------------------------------------------------- */

static int on_bio_read(BIO *b, char *out, int cap)
{
    struct sio_tls *t = BIO_get_data(b);
    size_t n = t->in.len < (size_t)cap ? t->in.len : (size_t)cap;
    BIO_clear_retry_flags(b);
    if (n == 0) {
        BIO_set_retry_read(b);
        return -1;
    }
    memcpy(out, t->in.p, n);
    t->in = sio_slice_from(t->in, n);
    return (int)n;
}

static int on_bio_write(BIO *b, const char *bytes, int len)
{
    struct sio_tls *t = BIO_get_data(b);
    if (t->sealed != NULL)
        sio_buf_append(t->sealed, bytes, (size_t)len);
    else
        sio_outq_copy(&t->wire, sio_slice(bytes, (size_t)len));
    return len;
}

static long on_bio_ctrl(BIO *b, int command, long number, void *p)
{
    (void)b;
    (void)number;
    (void)p;
    return command == BIO_CTRL_FLUSH; /* the others are for BIOs in a chain or with a buffer */
}

static int on_bio_create(BIO *b)
{
    BIO_set_init(b, 1);
    return 1;
}

BIO_METHOD *sio_tls_method(void)
{
    BIO_METHOD *m = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "connection");
    if (m == NULL)
        return NULL;
    BIO_meth_set_read(m, on_bio_read);
    BIO_meth_set_write(m, on_bio_write);
    BIO_meth_set_ctrl(m, on_bio_ctrl);
    BIO_meth_set_create(m, on_bio_create);
    return m;
}

/* ---- life ------------------------------------------------------------------------------------ */

struct sio_tls *sio_tls_new(struct sio_tls_context *context)
{
    struct sio_tls *t = sio_calloc(1, sizeof *t);
    BIO *bio = BIO_new(context->method);
    t->context = sio_tls_context_ref(context);
    t->ssl = SSL_new(context->ssl);
    if (bio == NULL || t->ssl == NULL) {
        BIO_free(bio);
        sio_tls_free(t);
        ERR_clear_error();
        return NULL;
    }
    BIO_set_data(bio, t);
    SSL_set_bio(t->ssl, bio, bio);
    SSL_set_accept_state(t->ssl);
    return t;
}

void sio_tls_free(struct sio_tls *t)
{
    SSL_free(t->ssl);
    sio_tls_context_unref(t->context);
    sio_outq_drop(&t->wire);
    sio_free(t);
}

bool sio_tls_ready(const struct sio_tls *t)
{
    return t->ready;
}

struct sio_outq **sio_tls_wire(struct sio_tls *t)
{
    return &t->wire;
}

/* ---- records --------------------------------------------------------------------------------- */

/* `why` is a static string. */
static int fail(struct sio_tls *t, const char *why)
{
    t->failed = true;
    sio_log_limited(SIO_LOG_INFO, why, "tls: connection closed: %s", why);
    ERR_clear_error();
    return SIO_EPROTO;
}

/* The queue is empty nearly always, and finding that out is much cheaper than clearing it. */
static void clear_errors(void)
{
    if (ERR_peek_error() != 0)
        ERR_clear_error();
}

static int fail_with_reason(struct sio_tls *t)
{
    const char *text = ERR_reason_error_string(ERR_peek_error());
    return fail(t, text != NULL ? text : "protocol error");
}

int sio_tls_open(struct sio_tls *t, struct sio_slice records, struct sio_buf *plain)
{
    int n;
    if (t->failed)
        return SIO_EPROTO;
    clear_errors();
    t->in = records;
    sio_buf_reserve(plain, records.len); /* enough, unless OpenSSL has the beginning of a record */
    do {
        if (plain->len == plain->cap)
            sio_buf_reserve(plain, SIO_TLS_RECORD_BYTES);
        n = SSL_read(t->ssl, plain->p + plain->len, (int)(plain->cap - plain->len));
        plain->len += n > 0 ? (size_t)n : 0;
    } while (n > 0 && (t->in.len != 0 || SSL_has_pending(t->ssl)));
    t->in = sio_slice(NULL, 0);
    t->ready |= SSL_is_init_finished(t->ssl); /* but not again inside of a key update */
    switch (SSL_get_error(t->ssl, n)) {
    case SSL_ERROR_NONE:
    case SSL_ERROR_WANT_READ:
        if (sio_outq_bytes(t->wire) > SIO_TLS_WIRE_MAX)
            return fail(t, "the peer asks and does not read");
        return 0;
    case SSL_ERROR_ZERO_RETURN:
        return SIO_ECLOSED;
    default:
        return fail_with_reason(t);
    }
}

/* What goes into the next record: the front of the queue where it lies, or, when that is short,
 * what follows it too. */
static struct sio_slice next_piece(const struct sio_outq *q, char gathered[SIO_TLS_RECORD_BYTES])
{
    uv_buf_t front[64];
    unsigned n = sio_outq_front(q, front, sizeof front / sizeof *front);
    size_t len = 0;
    if (n == 1 || front[0].len >= SIO_TLS_RECORD_BYTES)
        return sio_slice(front[0].base,
                         front[0].len < SIO_TLS_RECORD_BYTES ? front[0].len : SIO_TLS_RECORD_BYTES);
    for (unsigned i = 0; i < n && len < SIO_TLS_RECORD_BYTES; i++) {
        size_t room = SIO_TLS_RECORD_BYTES - len;
        size_t taken = front[i].len < room ? front[i].len : room;
        memcpy(gathered + len, front[i].base, taken);
        len += taken;
    }
    return sio_slice(gathered, len);
}

/* What SSL_write returns says it all, so it does not matter what others left in the error queue. */
static int seal(struct sio_tls *t, struct sio_slice plain)
{
    if (t->failed || t->ended)
        return SIO_EPROTO;
    return SSL_write(t->ssl, plain.p, (int)plain.len) == (int)plain.len ? 0 : fail_with_reason(t);
}

int sio_tls_seal_into(struct sio_tls *t, struct sio_slice plain, struct sio_buf *sealed)
{
    int err;
    sio_buf_clear(sealed);
    t->sealed = sealed;
    err = seal(t, plain);
    t->sealed = NULL;
    return err;
}

int sio_tls_seal(struct sio_tls *t, struct sio_outq **plain)
{
    char gathered[SIO_TLS_RECORD_BYTES];
    for (unsigned i = 0; i < SIO_TLS_SEAL_RECORDS && *plain != NULL; i++) {
        struct sio_slice piece = next_piece(*plain, gathered);
        int err = seal(t, piece);
        if (err != 0)
            return err;
        sio_outq_consume(plain, piece.len);
    }
    return 0;
}

void sio_tls_end(struct sio_tls *t)
{
    bool understood = !t->failed && !t->ended && sio_tls_ready(t);
    t->ended = true;
    if (understood)
        SSL_shutdown(t->ssl); /* the peer's own is not waited for here */
    clear_errors();
}
