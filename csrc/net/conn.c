// SPDX-License-Identifier: MIT
/* One stream connection over libuv. Stands on loop and outq; http_conn, ws_conn and the mesh's
 * relay use it.
 *
 *     ATTACHED ──close(), an error, the peer's end──► CLOSED
 *     ATTACHED ──finish()──► FINISHING: write the queue, shutdown, read to the end ──► CLOSED
 *
 * A peer that ended its side while bytes were queued also goes through FINISHING: it may only have
 * closed its half. Invariant: events are called in ATTACHED only; exactly one of flush task, linger
 * and grave is in use, so they share their memory; while a uv_write is under way the flush task is
 * not queued, and its callback goes on with what was queued since.
 */
#include "net/conn.h"

#include "base/err.h"
#include "base/mem.h"
#include "net/outq.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#ifdef __linux__
#include <linux/sockios.h>
#endif

enum state { ATTACHED, FINISHING, CLOSED };

/* A uv_write under way; exists only while the kernel's buffer is full. */
struct sending {
    uv_write_t req;
    size_t bytes; /* given to libuv: a prefix of the queue */
};

/* What is known of some connections. */
struct facts {
    struct sio_origin origin;
    bool has_origin;
    struct sio_quota_place *place;
};

struct sio_conn {
    uv_tcp_t tcp; /* also for Unix sockets: libuv only wants a stream socket. Its `data`: struct
                   * facts, NULL for most */
    const struct sio_conn_events *events;
    void *owner;
    union {
        struct sio_list link;
        struct sio_task flush;
        struct sio_linger linger;
        struct sio_grave grave;
    } end;
    struct sio_outq *out;
    struct sending *sending;
    size_t unsent; /* FINISHING: when the linger began; has the peer read anything since? */
    uint8_t state;
    bool peer_ended;
};

_Static_assert(sizeof(struct sio_conn) <= sizeof(uv_tcp_t) + 80, "an idle connection stays small");

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
    struct facts *facts = c->tcp.data;
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

/* The queue may go at once: what libuv has been given is only cancelled from here on, not read. */
static void enter_closed(struct sio_conn *c)
{
    c->state = CLOSED;
    sio_list_remove(&c->end.link);
    sio_outq_drop(&c->out);
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

/* Starts the uv_write of what uv_try_write left. */
static int send_rest(struct sio_conn *c)
{
    uv_buf_t iov[SIO_CONN_IOV_MAX];
    unsigned n = sio_outq_front(c->out, iov, SIO_CONN_IOV_MAX);
    struct sending *s = sio_alloc(sizeof *s);
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
    return 0;
}

/* Gives the kernel all it takes; 0 or libuv's error. Then the queue is empty or c->sending is set.
 */
static int send_queued(struct sio_conn *c)
{
    while (c->out != NULL) {
        uv_buf_t iov[SIO_CONN_IOV_MAX];
        unsigned n = sio_outq_front(c->out, iov, SIO_CONN_IOV_MAX);
        size_t given = 0;
        int taken = uv_try_write(stream(c), iov, n);
        if (taken < 0 && taken != UV_EAGAIN)
            return taken;
        for (unsigned i = 0; i < n; i++)
            given += iov[i].len;
        if (taken > 0)
            sio_outq_consume(&c->out, (size_t)taken);
        if (taken < 0 || (size_t)taken < given)
            return send_rest(c);
    }
    return 0;
}

static void on_linger(struct sio_linger *g);

/* FINISHING: the queue is written, or waits for a slow peer. */
static void go_on_finishing(struct sio_conn *c)
{
    if (c->out == NULL && c->peer_ended) {
        close_now(c);
        return;
    }
    if (c->out == NULL)
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
    else if (drained && c->out == NULL && c->events->on_drain != NULL)
        c->events->on_drain(c->owner, c);
}

static void on_flush(void *ctx)
{
    struct sio_conn *c = ctx;
    after_send(c, send_queued(c), false);
}

static void on_written(uv_write_t *req, int status)
{
    struct sending *s = SIO_CONTAINER_OF(req, struct sending, req);
    struct sio_conn *c = SIO_CONTAINER_OF(req->handle, struct sio_conn, tcp);
    size_t bytes = s->bytes;
    sio_free(s);
    c->sending = NULL;
    if (c->state == CLOSED)
        return;
    if (status == 0) {
        sio_outq_consume(&c->out, bytes);
        status = send_queued(c);
    }
    after_send(c, status, true);
}

static void schedule_flush(struct sio_conn *c)
{
    if (c->sending == NULL && c->out != NULL)
        sio_loop_defer_flush(sio_conn_loop(c), &c->end.flush);
}

void sio_conn_write(struct sio_conn *c, struct sio_slice bytes)
{
    if (c->state != ATTACHED)
        return;
    sio_outq_copy(&c->out, bytes);
    schedule_flush(c);
}

void sio_conn_write_blob(struct sio_conn *c, struct sio_blob *b, size_t from)
{
    if (c->state != ATTACHED)
        return;
    sio_outq_share(&c->out, b, from);
    schedule_flush(c);
}

bool sio_conn_flush(struct sio_conn *c)
{
    if (c->out == NULL)
        return true;
    if (c->state != ATTACHED || c->sending != NULL || send_queued(c) != 0)
        return false; /* an error comes again, and is reported, at the end of the tick */
    sio_task_cancel(&c->end.flush);
    return c->out == NULL;
}

size_t sio_conn_queued(const struct sio_conn *c)
{
    size_t n = sio_outq_bytes(c->out);
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

/* The loop's buffer is free unless somebody runs the loop from inside an event. */
static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *buf)
{
    struct sio_loop *l = SIO_CONTAINER_OF(h->loop, struct sio_loop, uv);
    (void)suggested;
    buf->base = l->read_busy ? sio_alloc(SIO_LOOP_READ_BYTES) : l->read_buf;
    buf->len = SIO_LOOP_READ_BYTES;
    l->read_busy = true;
}

static void give_back(struct sio_loop *l, const uv_buf_t *buf)
{
    if (buf->base == l->read_buf)
        l->read_busy = false;
    else
        sio_free(buf->base);
}

/* With a queue, the flush or the write under way goes on. */
static void end_by_peer(struct sio_conn *c)
{
    bool told = c->state != ATTACHED;
    c->peer_ended = true;
    if (c->out == NULL)
        close_now(c);
    else
        c->state = FINISHING;
    if (c->state == FINISHING && c->sending != NULL)
        go_on_finishing(c);
    if (!told)
        report_close(c, 0);
}

static void on_read(uv_stream_t *s, ssize_t nread, const uv_buf_t *buf)
{
    struct sio_conn *c = SIO_CONTAINER_OF(s, struct sio_conn, tcp);
    struct sio_loop *l = sio_conn_loop(c);
    if (nread > 0 && c->state == ATTACHED)
        c->events->on_data(c->owner, c, sio_slice(buf->base, (size_t)nread));
    else if (nread == UV_EOF && c->state != CLOSED)
        end_by_peer(c);
    else if (nread < 0 && c->state != CLOSED)
        fail(c, (int)nread);
    if (buf->base != NULL)
        give_back(l, buf);
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
    uv_tcp_nodelay(&c->tcp, 1); /* fails on a Unix socket, which never delays */
    return c;
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
    c->state = FINISHING;
    if (c->out == NULL || c->sending != NULL)
        go_on_finishing(c);
}

int sio_conn_fd(const struct sio_conn *c)
{
    return c->state == ATTACHED ? raw_fd(c) : -1;
}

/* ---- where it comes from --------------------------------------------------------------------- */

static struct facts *make_facts(struct sio_conn *c)
{
    if (c->tcp.data == NULL)
        c->tcp.data = sio_calloc(1, sizeof(struct facts));
    return c->tcp.data;
}

void sio_conn_set_origin(struct sio_conn *c, const struct sio_origin *o)
{
    struct facts *facts = make_facts(c);
    facts->origin = *o;
    facts->has_origin = true;
}

const struct sio_origin *sio_conn_origin(const struct sio_conn *c)
{
    const struct facts *facts = c->tcp.data;
    return facts != NULL && facts->has_origin ? &facts->origin : NULL;
}

void sio_conn_hold(struct sio_conn *c, struct sio_quota_place *place)
{
    make_facts(c)->place = place;
}

bool sio_conn_secure(const struct sio_conn *c)
{
    const struct sio_origin *o = sio_conn_origin(c);
    return o != NULL && o->secure;
}

/* An IPv4 peer of a dual-stack socket is shown as what it is. */
static const char *address_text(const struct sockaddr_storage *a, char out[INET6_ADDRSTRLEN])
{
    const struct sockaddr_in6 *six = (const void *)a;
    const struct sockaddr_in *four = (const void *)a;
    if (a->ss_family == AF_INET)
        return inet_ntop(AF_INET, &four->sin_addr, out, INET6_ADDRSTRLEN);
    if (a->ss_family != AF_INET6)
        return NULL;
    if (IN6_IS_ADDR_V4MAPPED(&six->sin6_addr))
        return inet_ntop(AF_INET, &six->sin6_addr.s6_addr[12], out, INET6_ADDRSTRLEN);
    return inet_ntop(AF_INET6, &six->sin6_addr, out, INET6_ADDRSTRLEN);
}

void sio_conn_peer(const struct sio_conn *c, struct sio_buf *out)
{
    const struct sio_origin *o = sio_conn_origin(c);
    struct sockaddr_storage a;
    socklen_t len = sizeof a;
    char text[INET6_ADDRSTRLEN];
    int fd = sio_conn_fd(c);
    if (o != NULL)
        sio_buf_append_slice(out, sio_origin_address(o));
    if (o != NULL || fd < 0 || getpeername(fd, (struct sockaddr *)&a, &len) != 0)
        return;
    if (address_text(&a, text) != NULL)
        sio_buf_append_slice(out, sio_slice_str(text));
}
