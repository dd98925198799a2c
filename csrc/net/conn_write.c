// SPDX-License-Identifier: MIT
/* What a connection sends: from a write to the kernel. Stands on batch and outq; conn.c says when.
 *
 * Short writes stand in the loop's batch until the end of the tick, anything else in the
 * connection's own queue. With TLS both are plaintext: a span is sent as it is sealed, a queue by
 * way of the wire queue.
 * Invariant: only one of them has something; neither a span nor a queued flush task exists while a
 * uv_write is under way, whose callback goes on with what was queued since.
 */
#include "net/conn_in.h"

#include "base/err.h"
#include "base/mem.h"
#include "net/outq.h"
#include "net/tls.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#ifdef __linux__
#include <linux/sockios.h>
#endif

/* A uv_write under way; exists only while the kernel's buffer is full. */
struct sio_conn_sending {
    uv_write_t req;
    size_t bytes;   /* given to libuv: a prefix of what goes to the socket */
    size_t waiting; /* all that waited then, for the statistics */
};

/* ---- what waits ------------------------------------------------------------------------------ */

static struct sio_batch *batch_of(const struct sio_conn *c)
{
    return &SIO_CONTAINER_OF(c->tcp.loop, struct sio_loop, uv)->batch;
}

/* What goes to the socket as it stands, behind the span. */
static struct sio_outq **wire(const struct sio_conn *c)
{
    return c->tls != NULL ? sio_tls_wire(c->tls) : (struct sio_outq **)&c->out;
}

bool sio_conn_write_done(const struct sio_conn *c)
{
    return c->span.len == 0 && c->out == NULL && *wire(c) == NULL;
}

size_t sio_conn_queued(const struct sio_conn *c)
{
    size_t n;
    if (c->out == NULL && c->tls == NULL)
        return c->span.len;
    n = c->span.len + sio_outq_bytes(c->out);
    if (c->tls != NULL)
        n += sio_outq_bytes(*wire(c));
    if (n != 0 && c->sending != NULL)
        n -= c->sending->bytes - uv_stream_get_write_queue_size((const uv_stream_t *)&c->tcp);
    return n;
}

size_t sio_conn_unsent(const struct sio_conn *c)
{
    int in_kernel = 0;
#ifdef SIOCOUTQ
    if (ioctl(sio_conn_raw_fd(c), SIOCOUTQ, &in_kernel) != 0)
        in_kernel = 0;
#endif
    return sio_conn_queued(c) + (size_t)in_kernel;
}

bool sio_conn_congested(const struct sio_conn *c)
{
    return c->sending != NULL;
}

void sio_conn_write_drop(struct sio_conn *c)
{
    sio_batch_drop(batch_of(c), &c->span);
    sio_outq_drop(&c->out);
}

/* What does not fit into the batch, or waits for the peer, is in the queue with all before it. */
static void begin_queue(struct sio_conn *c)
{
    if (c->span.len == 0)
        return;
    sio_outq_copy(&c->out, sio_batch_slice(batch_of(c), &c->span));
    sio_batch_drop(batch_of(c), &c->span);
}

/* ---- to the kernel --------------------------------------------------------------------------- */

int sio_conn_write_seal(struct sio_conn *c)
{
    int err = 0;
    if (c->tls == NULL || *wire(c) != NULL)
        return 0;
    begin_queue(c);
    if (c->out != NULL)
        err = sio_tls_seal(c->tls, &c->out);
    else if (c->state == SIO_CONN_FINISHING)
        sio_tls_end(c->tls);
    return err == 0 ? 0 : UV_EPROTO;
}

static void on_written(uv_write_t *req, int status)
{
    struct sio_conn_sending *s = SIO_CONTAINER_OF(req, struct sio_conn_sending, req);
    struct sio_conn *c = SIO_CONTAINER_OF(req->handle, struct sio_conn, tcp);
    struct sio_stats *stats = sio_conn_loop(c)->stats;
    size_t bytes = s->bytes;
    sio_stats_add(stats, SIO_STAT_UNSENT, -(uint64_t)s->waiting);
    sio_free(s);
    c->sending = NULL;
    if (c->state == SIO_CONN_CLOSED)
        return;
    if (status == 0) {
        sio_outq_consume(wire(c), bytes);
        sio_stats_add(stats, SIO_STAT_BYTES_OUT, bytes);
        status = sio_conn_write_out(c);
    }
    sio_conn_after_write(c, status, true);
}

/* Starts the uv_write of what the kernel did not take at once. */
static int send_rest(struct sio_conn *c)
{
    uv_buf_t iov[SIO_CONN_IOV_MAX];
    unsigned n = sio_outq_front(*wire(c), iov, SIO_CONN_IOV_MAX);
    struct sio_conn_sending *s = sio_alloc(sizeof *s);
    int err;
    begin_queue(c); /* TLS: not sealed yet */
    s->bytes = 0;
    for (unsigned i = 0; i < n; i++)
        s->bytes += iov[i].len;
    err = uv_write(&s->req, (uv_stream_t *)&c->tcp, iov, n, on_written);
    if (err != 0) {
        sio_free(s);
        return err;
    }
    c->sending = s;
    s->waiting = sio_conn_unsent(c);
    sio_stats_add(sio_conn_loop(c)->stats, SIO_STAT_UNSENT, s->waiting);
    return 0;
}

/* As uv_try_write of one piece; but send costs the kernel less than write, which goes by way of the
 * file. */
static ssize_t try_send(const struct sio_conn *c, struct sio_slice bytes)
{
    ssize_t n;
    do
        n = send(sio_conn_raw_fd(c), bytes.p, bytes.len, 0);
    while (n < 0 && errno == EINTR);
    if (n >= 0)
        return n;
    return errno == EAGAIN || errno == ENOBUFS ? 0 : -errno;
}

/* The span as it goes to the socket; p == NULL: it cannot be sealed. */
static struct sio_slice span_on_wire(struct sio_conn *c)
{
    struct sio_slice bytes = sio_batch_slice(batch_of(c), &c->span);
    struct sio_buf *sealed = &sio_conn_loop(c)->sealed;
    if (c->tls == NULL)
        return bytes;
    if (sio_tls_seal_into(c->tls, bytes, sealed) != 0)
        return sio_slice(NULL, 0);
    return sio_buf_slice(sealed);
}

/* The wire queue is empty. What was sealed must not be sealed again, so an error leaves it there,
 * for which the same error comes again. */
static int send_span(struct sio_conn *c)
{
    struct sio_slice bytes = span_on_wire(c);
    ssize_t taken;
    if (bytes.p == NULL)
        return UV_EPROTO;
    taken = try_send(c, bytes);
    if (taken > 0) {
        sio_stats_add(sio_conn_loop(c)->stats, SIO_STAT_BYTES_OUT, (size_t)taken);
        bytes = sio_slice_from(bytes, (size_t)taken);
    }
    sio_outq_copy(wire(c), bytes);
    sio_batch_drop(batch_of(c), &c->span);
    if (taken < 0)
        return (int)taken;
    return bytes.len == 0 ? 0 : send_rest(c);
}

/* Gives the front of the queue to the kernel: how much it took, or libuv's error. */
static ssize_t try_front(struct sio_conn *c, const uv_buf_t *front, unsigned n)
{
    int taken;
    if (n == 1)
        return try_send(c, sio_slice(front->base, front->len));
    taken = uv_try_write((uv_stream_t *)&c->tcp, front, n);
    return taken != UV_EAGAIN ? taken : 0;
}

static int send_queue(struct sio_conn *c)
{
    int err;
    while ((err = sio_conn_write_seal(c)) == 0 && *wire(c) != NULL) {
        uv_buf_t iov[SIO_CONN_IOV_MAX];
        unsigned n = sio_outq_front(*wire(c), iov, SIO_CONN_IOV_MAX);
        size_t given = 0;
        ssize_t taken = try_front(c, iov, n);
        if (taken < 0)
            return (int)taken;
        for (unsigned i = 0; i < n; i++)
            given += iov[i].len;
        if (taken > 0) {
            sio_outq_consume(wire(c), (size_t)taken);
            sio_stats_add(sio_conn_loop(c)->stats, SIO_STAT_BYTES_OUT, (size_t)taken);
        }
        if ((size_t)taken < given)
            return send_rest(c);
    }
    return err;
}

int sio_conn_write_out(struct sio_conn *c)
{
    return c->span.len != 0 && *wire(c) == NULL ? send_span(c) : send_queue(c);
}

/* ---- writes ---------------------------------------------------------------------------------- */

static bool may_write(const struct sio_conn *c)
{
    return c->state == SIO_CONN_ATTACHED && (c->tls == NULL || sio_tls_ready(c->tls));
}

static bool has_queue(const struct sio_conn *c)
{
    return c->out != NULL || *wire(c) != NULL;
}

void sio_conn_prefetch(const struct sio_conn *c)
{
    enum { LINE = 64 };
    for (size_t at = 0; at < sizeof *c; at += LINE)
        __builtin_prefetch((const char *)c + at);
}

void sio_conn_write_soon(struct sio_conn *c)
{
    if (c->sending == NULL && !sio_conn_write_done(c))
        sio_loop_defer_flush(sio_conn_loop(c), &c->flush, sio_conn_on_flush);
}

void sio_conn_write(struct sio_conn *c, struct sio_slice bytes)
{
    if (!may_write(c))
        return;
    if (has_queue(c) || !sio_batch_add(batch_of(c), &c->span, bytes)) {
        begin_queue(c);
        sio_outq_copy(&c->out, bytes);
    }
    sio_conn_write_soon(c);
}

void sio_conn_write_blob(struct sio_conn *c, struct sio_blob *b, size_t from)
{
    if (!may_write(c))
        return;
    if (has_queue(c) || !sio_batch_share(batch_of(c), &c->span, b, from)) {
        begin_queue(c);
        sio_outq_share(&c->out, b, from);
    }
    sio_conn_write_soon(c);
}

bool sio_conn_flush(struct sio_conn *c)
{
    if (sio_conn_write_done(c))
        return true;
    if (c->state != SIO_CONN_ATTACHED || c->sending != NULL || sio_conn_write_out(c) != 0)
        return false; /* an error comes again, and is reported, at the end of the tick */
    sio_list_remove(&c->flush);
    return sio_conn_write_done(c);
}
