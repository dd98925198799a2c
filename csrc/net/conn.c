// SPDX-License-Identifier: MIT
/* One stream connection over libuv. Stands on loop and outq; http_conn, ws_conn and the mesh's
 * relay use it.
 *
 *     ATTACHED ──close(), an error, the peer's end──► CLOSED
 *     ATTACHED ──finish()──► FINISHING: write the queue, shutdown, read to the end ──► CLOSED
 *
 * A peer that ended its side while bytes were queued also goes through FINISHING: it may only have
 * closed its half. With TLS, `out` is plaintext and the wire queue of net/tls goes to the socket;
 * without, they are one. Invariant: events are called in ATTACHED only; exactly one of flush task,
 * linger and grave is in use, so they share their memory; while a uv_write is under way the flush
 * task is not queued, and its callback goes on with what was queued since.
 */
#include "net/conn_in.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/outq.h"
#include "net/tls.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#ifdef __linux__
#include <linux/sockios.h>
#endif

enum state { ATTACHED, FINISHING, CLOSED };

/* A uv_write under way; exists only while the kernel's buffer is full. */
struct sio_conn_sending {
    uv_write_t req;
    size_t bytes;   /* given to libuv: a prefix of what goes to the socket */
    size_t waiting; /* all that waited then, for the statistics */
};

static uv_stream_t *stream(struct sio_conn *c)
{
    return (uv_stream_t *)&c->tcp;
}

static int raw_fd(const struct sio_conn *c)
{
    uv_os_fd_t fd;
    return uv_fileno((const uv_handle_t *)&c->tcp, &fd) == 0 ? fd : -1;
}

struct sio_loop *sio_conn_loop(const struct sio_conn *c)
{
    return SIO_CONTAINER_OF(c->tcp.loop, struct sio_loop, uv);
}

bool sio_conn_closed(const struct sio_conn *c)
{
    return c->state != ATTACHED;
}

/* ---- closing --------------------------------------------------------------------------------- */

static void conn_free(void *object)
{
    struct sio_conn *c = object;
    struct sio_conn_facts *facts = c->tcp.data;
    if (facts != NULL)
        sio_quota_leave(facts->place);
    sio_free(facts);
    sio_free(c);
}

static void on_handle_closed(uv_handle_t *h)
{
    struct sio_conn *c = SIO_CONTAINER_OF(h, struct sio_conn, tcp);
    sio_loop_bury(sio_conn_loop(c), &c->end.grave, conn_free, c);
}

static void uncount(struct sio_conn *c)
{
    sio_conn_loop(c)->n_clients -= c->counted;
    c->counted = false;
}

static void enter_finishing(struct sio_conn *c)
{
    uncount(c);
    if (c->state == ATTACHED)
        sio_conn_loop(c)->finishing++;
    c->state = FINISHING;
}

/* The queue may go at once: what libuv has been given is only cancelled from here on, not read. */
static void enter_closed(struct sio_conn *c)
{
    if (c->state == FINISHING)
        sio_conn_loop(c)->finishing--;
    uncount(c);
    c->state = CLOSED;
    sio_list_remove(&c->end.link);
    sio_outq_drop(&c->out);
    if (c->tls != NULL)
        sio_tls_free(c->tls);
    c->tls = NULL;
}

static void close_now(struct sio_conn *c)
{
    enter_closed(c);
    uv_close((uv_handle_t *)&c->tcp, on_handle_closed);
}

static void reset(struct sio_conn *c)
{
    enter_closed(c);
    if (uv_tcp_close_reset(&c->tcp, on_handle_closed) != 0)
        uv_close((uv_handle_t *)&c->tcp, on_handle_closed);
}

/* The peer or the kernel ended the connection: for the owner it is over, whatever happens next. At
 * the end of a tick the hooks have run already, but the handle that is being closed keeps libuv
 * from blocking before they run again. */
static void report_close(struct sio_conn *c, int uv_err)
{
    errno = -uv_err;
    c->events->on_close(c->owner, c, uv_err == 0 ? 0 : SIO_ESYS);
}

static void fail(struct sio_conn *c, int uv_err)
{
    bool told = c->state != ATTACHED;
    close_now(c);
    if (!told)
        report_close(c, uv_err);
}

/* ---- writing --------------------------------------------------------------------------------- */

static void on_written(uv_write_t *req, int status);

static bool may_write(const struct sio_conn *c)
{
    return c->state == ATTACHED && (c->tls == NULL || sio_tls_ready(c->tls));
}

/* What goes to the socket as it stands. */
static struct sio_outq **wire(const struct sio_conn *c)
{
    return c->tls != NULL ? sio_tls_wire(c->tls) : (struct sio_outq **)&c->out;
}

static bool all_sent(const struct sio_conn *c)
{
    return c->out == NULL && *wire(c) == NULL;
}

/* An empty wire is filled from the plaintext; behind the last of it comes close_notify. */
static int fill_wire(struct sio_conn *c)
{
    int err = 0;
    if (c->tls == NULL || *wire(c) != NULL)
        return 0;
    if (c->out != NULL)
        err = sio_tls_seal(c->tls, &c->out);
    else if (c->state == FINISHING)
        sio_tls_end(c->tls);
    return err == 0 ? 0 : UV_EPROTO;
}

/* Starts the uv_write of what uv_try_write left. */
static int send_rest(struct sio_conn *c)
{
    uv_buf_t iov[SIO_CONN_IOV_MAX];
    unsigned n = sio_outq_front(*wire(c), iov, SIO_CONN_IOV_MAX);
    struct sio_conn_sending *s = sio_alloc(sizeof *s);
    int err;
    s->bytes = 0;
    for (unsigned i = 0; i < n; i++)
        s->bytes += iov[i].len;
    err = uv_write(&s->req, stream(c), iov, n, on_written);
    if (err != 0) {
        sio_free(s);
        return err;
    }
    c->sending = s;
    s->waiting = sio_conn_unsent(c);
    sio_stats_add(sio_conn_loop(c)->stats, SIO_STAT_UNSENT, s->waiting);
    return 0;
}

/* Gives the kernel all it takes; 0 or libuv's error. Then nothing is queued or c->sending is set.
 */
static int send_queued(struct sio_conn *c)
{
    int err;
    while ((err = fill_wire(c)) == 0 && *wire(c) != NULL) {
        uv_buf_t iov[SIO_CONN_IOV_MAX];
        unsigned n = sio_outq_front(*wire(c), iov, SIO_CONN_IOV_MAX);
        size_t given = 0;
        int taken = uv_try_write(stream(c), iov, n);
        if (taken < 0 && taken != UV_EAGAIN)
            return taken;
        for (unsigned i = 0; i < n; i++)
            given += iov[i].len;
        if (taken > 0) {
            sio_outq_consume(wire(c), (size_t)taken);
            sio_stats_add(sio_conn_loop(c)->stats, SIO_STAT_BYTES_OUT, (size_t)taken);
        }
        if (taken < 0 || (size_t)taken < given)
            return send_rest(c);
    }
    return err;
}

static void on_linger(struct sio_linger *g);

static bool may_wait(struct sio_conn *c)
{
    const struct sio_loop *l = sio_conn_loop(c);
    if (l->finishing <= l->finishing_max)
        return true;
    sio_log_limited(SIO_LOG_WARN, "conn finishing",
                    "conn: %zu connections wait for their peers' end, one more does not",
                    l->finishing_max);
    return false;
}

/* FINISHING: the queue is written, or waits for a slow peer. */
static void go_on_finishing(struct sio_conn *c)
{
    bool sent = all_sent(c);
    if (sent && (c->peer_ended || !may_wait(c))) {
        close_now(c);
        return;
    }
    if (!sent && !may_wait(c)) {
        reset(c);
        return;
    }
    if (sent)
        shutdown(raw_fd(c), SHUT_WR); /* uv_shutdown would only wait for an empty queue */
    c->unsent = sio_conn_unsent(c);
    sio_loop_linger(sio_conn_loop(c), &c->end.linger, on_linger);
}

/* A peer that still reads keeps its connection; one that neither reads nor closes loses it. */
static void on_linger(struct sio_linger *g)
{
    struct sio_conn *c = SIO_CONTAINER_OF(g, struct sio_conn, end.linger);
    if (sio_conn_unsent(c) < c->unsent && !sio_conn_loop(c)->ending)
        go_on_finishing(c);
    else
        reset(c);
}

static void after_send(struct sio_conn *c, int err, bool drained)
{
    if (err != 0)
        fail(c, err);
    else if (c->state == FINISHING)
        go_on_finishing(c);
    else if (drained && all_sent(c) && c->events->on_drain != NULL)
        c->events->on_drain(c->owner, c);
}

static void on_flush(void *ctx)
{
    struct sio_conn *c = ctx;
    after_send(c, send_queued(c), false);
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
    if (c->state == CLOSED)
        return;
    if (status == 0) {
        sio_outq_consume(wire(c), bytes);
        sio_stats_add(stats, SIO_STAT_BYTES_OUT, bytes);
        status = send_queued(c);
    }
    after_send(c, status, true);
}

static void schedule_flush(struct sio_conn *c)
{
    if (c->sending == NULL && !all_sent(c))
        sio_loop_defer_flush(sio_conn_loop(c), &c->end.flush);
}

void sio_conn_write(struct sio_conn *c, struct sio_slice bytes)
{
    if (!may_write(c))
        return;
    sio_outq_copy(&c->out, bytes);
    schedule_flush(c);
}

void sio_conn_write_blob(struct sio_conn *c, struct sio_blob *b, size_t from)
{
    if (!may_write(c))
        return;
    sio_outq_share(&c->out, b, from);
    schedule_flush(c);
}

bool sio_conn_flush(struct sio_conn *c)
{
    if (all_sent(c))
        return true;
    if (c->state != ATTACHED || c->sending != NULL || send_queued(c) != 0)
        return false; /* an error comes again, and is reported, at the end of the tick */
    sio_task_cancel(&c->end.flush);
    return all_sent(c);
}

size_t sio_conn_queued(const struct sio_conn *c)
{
    size_t n = sio_outq_bytes(c->out);
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
    if (ioctl(raw_fd(c), SIOCOUTQ, &in_kernel) != 0)
        in_kernel = 0;
#endif
    return sio_conn_queued(c) + (size_t)in_kernel;
}

bool sio_conn_congested(const struct sio_conn *c)
{
    return c->sending != NULL;
}

/* ---- reading --------------------------------------------------------------------------------- */

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *buf)
{
    (void)suggested;
    sio_loop_lend_buffer(SIO_CONTAINER_OF(h->loop, struct sio_loop, uv), buf);
}

static void begin_finishing(struct sio_conn *c)
{
    enter_finishing(c);
    fill_wire(c); /* an error comes again at the flush */
    schedule_flush(c);
    if (all_sent(c) || c->sending != NULL)
        go_on_finishing(c);
}

static void end_by_peer(struct sio_conn *c)
{
    bool told = c->state != ATTACHED;
    c->peer_ended = true;
    begin_finishing(c);
    if (!told)
        report_close(c, 0);
}

/* The alert is on the wire; the peer shall be able to read it. */
static void end_by_tls(struct sio_conn *c)
{
    sio_outq_drop(&c->out);
    begin_finishing(c);
    report_close(c, UV_EPROTO);
}

/* The owner gets all that one read brought in one piece, as without TLS, and may close. */
static void on_records(struct sio_conn *c, struct sio_slice records)
{
    struct sio_buf plain = {0};
    int err = sio_tls_open(c->tls, records, &plain);
    schedule_flush(c);
    if (plain.len != 0)
        c->events->on_data(c->owner, c, sio_buf_slice(&plain));
    sio_buf_fini(&plain);
    if (c->state != ATTACHED)
        return;
    if (err == SIO_ECLOSED)
        end_by_peer(c);
    else if (err != 0)
        end_by_tls(c);
}

static void on_read(uv_stream_t *s, ssize_t nread, const uv_buf_t *buf)
{
    struct sio_conn *c = SIO_CONTAINER_OF(s, struct sio_conn, tcp);
    struct sio_loop *l = sio_conn_loop(c);
    if (nread > 0)
        sio_stats_add(l->stats, SIO_STAT_BYTES_IN, (size_t)nread);
    if (nread > 0 && c->state == ATTACHED && c->tls != NULL)
        on_records(c, sio_slice(buf->base, (size_t)nread));
    else if (nread > 0 && c->state == ATTACHED)
        c->events->on_data(c->owner, c, sio_slice(buf->base, (size_t)nread));
    else if (nread == UV_EOF && c->state != CLOSED)
        end_by_peer(c);
    else if (nread < 0 && c->state != CLOSED)
        fail(c, (int)nread);
    sio_loop_return_buffer(l, buf);
}

void sio_conn_read_start(struct sio_conn *c)
{
    if (c->state == ATTACHED)
        uv_read_start(stream(c), on_alloc, on_read);
}

void sio_conn_read_stop(struct sio_conn *c)
{
    if (c->state == ATTACHED)
        uv_read_stop(stream(c));
}

/* ---- birth and end --------------------------------------------------------------------------- */

struct sio_conn *sio_conn_adopt(struct sio_loop *loop, int fd, const struct sio_conn_events *events,
                                void *owner)
{
    struct sio_conn *c = sio_calloc(1, sizeof *c);
    int err;
    c->events = events;
    c->owner = owner;
    sio_task_init(&c->end.flush, on_flush, c);
    uv_tcp_init(&loop->uv, &c->tcp);
    err = uv_tcp_open(&c->tcp, fd);
    if (err != 0) {
        close(fd);
        close_now(c);
        errno = -err;
        return NULL;
    }
    return c;
}

bool sio_conn_encrypt(struct sio_conn *c, struct sio_tls_context *context, struct sio_slice records)
{
    struct sio_tls *tls = c->tls = sio_tls_new(context);
    if (tls != NULL && records.len != 0)
        on_records(c, records);
    return tls != NULL; /* also when it is closed by now */
}

bool sio_conn_encrypted(const struct sio_conn *c)
{
    return c->tls != NULL;
}

void sio_conn_set_events(struct sio_conn *c, const struct sio_conn_events *events, void *owner)
{
    c->events = events;
    c->owner = owner;
}

void sio_conn_close(struct sio_conn *c)
{
    if (c->state != CLOSED)
        close_now(c);
}

void sio_conn_reset(struct sio_conn *c)
{
    if (c->state != CLOSED)
        reset(c);
}

void sio_conn_finish(struct sio_conn *c)
{
    if (c->state != ATTACHED)
        return;
    uv_read_start(stream(c), on_alloc, on_read); /* what comes is thrown away */
    begin_finishing(c);
}

int sio_conn_fd(const struct sio_conn *c)
{
    return c->state == ATTACHED ? raw_fd(c) : -1;
}
