// SPDX-License-Identifier: MIT
/* One stream connection over libuv: its birth, what it reads, its end. Stands on loop and
 * conn_write; http_conn, ws_conn and the mesh's relay use it.
 *
 *     ATTACHED ──close(), an error, the peer's end──► CLOSED
 *     ATTACHED ──finish()──► FINISHING: write the queue, shutdown, read to the end ──► CLOSED
 *
 * A peer that ended its side while bytes were queued also goes through FINISHING: it may only have
 * closed its half. Invariant: the owner is known, and events are called, in ATTACHED only: what one
 * state needs shares its memory with what the next one needs.
 */
#include "net/conn_in.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/tls.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

static uv_stream_t *stream(struct sio_conn *c)
{
    return (uv_stream_t *)&c->tcp;
}

int sio_conn_raw_fd(const struct sio_conn *c)
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
    return c->state != SIO_CONN_ATTACHED;
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
    sio_loop_bury(sio_conn_loop(c), &c->grave, conn_free, c);
}

static void uncount(struct sio_conn *c)
{
    sio_conn_loop(c)->n_clients -= c->counted;
    c->counted = false;
}

static void enter_finishing(struct sio_conn *c)
{
    uncount(c);
    if (c->state == SIO_CONN_ATTACHED)
        sio_conn_loop(c)->finishing++;
    c->state = SIO_CONN_FINISHING;
}

/* The queue may go at once: what libuv has been given is only cancelled from here on, not read. */
static void enter_closed(struct sio_conn *c)
{
    if (c->state == SIO_CONN_FINISHING)
        sio_conn_loop(c)->finishing--;
    uncount(c);
    c->state = SIO_CONN_CLOSED;
    sio_list_remove(&c->flush); /* or the linger's link, which is the same */
    sio_conn_write_drop(c);
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
static void report_close(struct sio_conn *c, struct sio_conn_owner to, int uv_err)
{
    errno = -uv_err;
    to.events->on_close(to.self, c, uv_err == 0 ? 0 : SIO_ESYS);
}

static void fail(struct sio_conn *c, int uv_err)
{
    bool told = c->state != SIO_CONN_ATTACHED;
    struct sio_conn_owner owner = c->owner;
    close_now(c);
    if (!told)
        report_close(c, owner, uv_err);
}

/* ---- after a write --------------------------------------------------------------------------- */

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

static uint32_t clipped(size_t n)
{
    return n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}

/* FINISHING: the queue is written, or waits for a slow peer. */
static void go_on_finishing(struct sio_conn *c)
{
    bool sent = sio_conn_write_done(c);
    if (sent && (c->peer_ended || !may_wait(c))) {
        close_now(c);
        return;
    }
    if (!sent && !may_wait(c)) {
        reset(c);
        return;
    }
    if (sent)
        shutdown(sio_conn_raw_fd(c), SHUT_WR); /* uv_shutdown would only wait for an empty queue */
    c->unsent = clipped(sio_conn_unsent(c));
    sio_loop_linger(sio_conn_loop(c), &c->linger, on_linger);
}

/* A peer that still reads keeps its connection; one that neither reads nor closes loses it. */
static void on_linger(struct sio_linger *g)
{
    struct sio_conn *c = SIO_CONTAINER_OF(g, struct sio_conn, linger);
    if (clipped(sio_conn_unsent(c)) < c->unsent && !sio_conn_loop(c)->ending)
        go_on_finishing(c);
    else
        reset(c);
}

void sio_conn_after_write(struct sio_conn *c, int err, bool drained)
{
    if (err != 0)
        fail(c, err);
    else if (c->state == SIO_CONN_FINISHING)
        go_on_finishing(c);
    else if (drained && sio_conn_write_done(c) && c->owner.events->on_drain != NULL)
        c->owner.events->on_drain(c->owner.self, c);
}

void sio_conn_on_flush(struct sio_list *flush)
{
    struct sio_conn *c = SIO_CONTAINER_OF(flush, struct sio_conn, flush);
    sio_conn_after_write(c, sio_conn_write_out(c), false);
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
    sio_conn_write_seal(c); /* an error comes again at the flush */
    sio_conn_write_soon(c);
    if (sio_conn_write_done(c) || c->sending != NULL)
        go_on_finishing(c);
}

static void end_by_peer(struct sio_conn *c)
{
    bool told = c->state != SIO_CONN_ATTACHED;
    struct sio_conn_owner owner = c->owner;
    c->peer_ended = true;
    begin_finishing(c);
    if (!told)
        report_close(c, owner, 0);
}

/* The alert is on the wire; the peer shall be able to read it. */
static void end_by_tls(struct sio_conn *c)
{
    struct sio_conn_owner owner = c->owner;
    sio_conn_write_drop(c);
    begin_finishing(c);
    report_close(c, owner, UV_EPROTO);
}

/* The loop's buffer for plaintext, which is what one read brought and a piece of a record at most;
 * whoever reads while it is away makes one. */
static struct sio_buf borrow_opened(struct sio_loop *l)
{
    struct sio_buf plain = l->opened;
    l->opened = (struct sio_buf){0};
    sio_buf_clear(&plain);
    return plain;
}

static void return_opened(struct sio_loop *l, struct sio_buf *plain)
{
    if (l->opened.p == NULL)
        l->opened = *plain;
    else
        sio_buf_fini(plain);
}

/* The owner gets all that one read brought in one piece, as without TLS, and may close. */
static void on_records(struct sio_conn *c, struct sio_slice records)
{
    struct sio_buf plain = borrow_opened(sio_conn_loop(c));
    int err = sio_tls_open(c->tls, records, &plain);
    sio_conn_write_soon(c);
    if (plain.len != 0)
        c->owner.events->on_data(c->owner.self, c, sio_buf_slice(&plain));
    return_opened(sio_conn_loop(c), &plain);
    if (c->state != SIO_CONN_ATTACHED)
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
    if (nread > 0 && c->state == SIO_CONN_ATTACHED && c->tls != NULL)
        on_records(c, sio_slice(buf->base, (size_t)nread));
    else if (nread > 0 && c->state == SIO_CONN_ATTACHED)
        c->owner.events->on_data(c->owner.self, c, sio_slice(buf->base, (size_t)nread));
    else if (nread == UV_EOF && c->state != SIO_CONN_CLOSED)
        end_by_peer(c);
    else if (nread < 0 && c->state != SIO_CONN_CLOSED)
        fail(c, (int)nread);
    sio_loop_return_buffer(l, buf);
}

void sio_conn_read_start(struct sio_conn *c)
{
    if (c->state == SIO_CONN_ATTACHED)
        uv_read_start(stream(c), on_alloc, on_read);
}

void sio_conn_read_stop(struct sio_conn *c)
{
    if (c->state == SIO_CONN_ATTACHED)
        uv_read_stop(stream(c));
}

/* ---- birth and end --------------------------------------------------------------------------- */

struct sio_conn *sio_conn_adopt(struct sio_loop *loop, int fd, const struct sio_conn_events *events,
                                void *owner)
{
    struct sio_conn *c = sio_calloc(1, sizeof *c);
    int err;
    sio_list_init(&c->flush);
    c->owner = (struct sio_conn_owner){events, owner};
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
    if (c->state == SIO_CONN_ATTACHED)
        c->owner = (struct sio_conn_owner){events, owner};
}

void sio_conn_close(struct sio_conn *c)
{
    if (c->state != SIO_CONN_CLOSED)
        close_now(c);
}

void sio_conn_reset(struct sio_conn *c)
{
    if (c->state != SIO_CONN_CLOSED)
        reset(c);
}

void sio_conn_finish(struct sio_conn *c)
{
    if (c->state != SIO_CONN_ATTACHED)
        return;
    uv_read_start(stream(c), on_alloc, on_read); /* what comes is thrown away */
    begin_finishing(c);
}

int sio_conn_fd(const struct sio_conn *c)
{
    return c->state == SIO_CONN_ATTACHED ? sio_conn_raw_fd(c) : -1;
}
