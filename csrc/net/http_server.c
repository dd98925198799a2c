// SPDX-License-Identifier: MIT
/* The set of HTTP connections: their number, their deadlines, their common end.
 *
 * Stands on http_in.h. One timer looks at all connections once per second, so that a connection
 * needs no timer of its own. Invariant: n_conns is the length of conns, and the timer runs while it
 * is > 0.
 */
#include "net/http_in.h"

#include "base/log.h"
#include "base/mem.h"
#include "net/tls_context.h"

#include <errno.h>

enum { SWEEP_MS = 1000 };

_Static_assert(sizeof(struct sio_http_conn) <= 512, "a connection between polls stays small");

void sio_http_limits_default(struct sio_http_limits *l)
{
    *l = (struct sio_http_limits){
        .head_timeout_ms = 10000,
        .body_timeout_ms = 20000,
        .keep_alive_timeout_ms = 5000,
        .max_connections = 250000,
    };
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t sweep_period_ms(const struct sio_http_limits *l)
{
    uint64_t shortest =
        least(l->head_timeout_ms, least(l->body_timeout_ms, l->keep_alive_timeout_ms));
    uint64_t period = least(SWEEP_MS, shortest / 2);
    return period > 0 ? period : 1;
}

/* Events may close any connection; those that are new in `conns` have time. */
static void on_sweep(uv_timer_t *timer)
{
    struct sio_http_server *s = SIO_CONTAINER_OF(timer, struct sio_http_server, sweep);
    struct sio_list snapshot, *node;
    sio_list_take(&s->conns, &snapshot);
    while ((node = sio_list_first(&snapshot)) != NULL) {
        struct sio_http_conn *c = SIO_CONTAINER_OF(node, struct sio_http_conn, link);
        sio_list_remove(node);
        sio_list_append(&s->conns, node);
        if (c->deadline_ms != 0 && sio_loop_now(s->loop) >= c->deadline_ms)
            sio_http_conn_expire(c);
    }
}

void sio_http_server_init(struct sio_http_server *s, struct sio_loop *loop,
                          const struct sio_http_limits *limits,
                          const struct sio_http_server_events *events, void *owner)
{
    *s =
        (struct sio_http_server){.loop = loop, .limits = *limits, .events = events, .owner = owner};
    sio_list_init(&s->conns);
    uv_timer_init(&loop->uv, &s->sweep);
}

void sio_http_server_set_tls(struct sio_http_server *s, struct sio_tls_context *tls)
{
    struct sio_tls_context *old = s->tls;
    s->tls = tls != NULL ? sio_tls_context_ref(tls) : NULL;
    sio_tls_context_unref(old);
}

/* ---- draining -------------------------------------------------------------------------------- */

void sio_http_server_drain(struct sio_http_server *s)
{
    s->draining = true;
}

static size_t *kind_of(const struct sio_http_conn *c, struct sio_http_count *n)
{
    if (c->intake != SIO_HTTP_INTAKE_GREETING && !sio_http_conn_quiet(c))
        return &n->busy;
    return c->idle ? &n->idle : &n->fresh;
}

struct sio_http_count sio_http_server_count(const struct sio_http_server *s)
{
    struct sio_http_count n = {0};
    for (const struct sio_list *node = s->conns.next; node != &s->conns; node = node->next)
        (*kind_of(SIO_CONTAINER_OF(node, struct sio_http_conn, link), &n))++;
    return n;
}

/* Each connection of now once; fn may close any. */
static void each_conn(struct sio_http_server *s, void (*fn)(struct sio_http_conn *c))
{
    struct sio_list snapshot, *node;
    sio_list_take(&s->conns, &snapshot);
    while ((node = sio_list_first(&snapshot)) != NULL) {
        sio_list_remove(node);
        sio_list_append(&s->conns, node);
        fn(SIO_CONTAINER_OF(node, struct sio_http_conn, link));
    }
}

static void end_quiet(struct sio_http_conn *c)
{
    struct sio_http_count n = {0};
    if (kind_of(c, &n) != &n.busy)
        sio_http_conn_finish(c);
}

void sio_http_server_end_quiet(struct sio_http_server *s)
{
    each_conn(s, end_quiet);
}

/* ---- the end --------------------------------------------------------------------------------- */

static void on_sweep_closed(uv_handle_t *h)
{
    struct sio_http_server *s = SIO_CONTAINER_OF(h, struct sio_http_server, sweep);
    sio_buf_fini(&s->scratch);
    sio_http_server_set_tls(s, NULL);
    if (s->on_closed != NULL)
        s->on_closed(s->closed_ctx);
}

static void close_when_empty(struct sio_http_server *s)
{
    if (s->n_conns != 0)
        return;
    uv_timer_stop(&s->sweep);
    if (s->closing && !uv_is_closing((uv_handle_t *)&s->sweep))
        uv_close((uv_handle_t *)&s->sweep, on_sweep_closed);
}

void sio_http_server_close(struct sio_http_server *s, sio_loop_fn on_closed, void *ctx)
{
    if (s->closing)
        return;
    s->closing = true;
    s->on_closed = on_closed;
    s->closed_ctx = ctx;
    each_conn(s, sio_http_conn_close);
    close_when_empty(s);
}

/* ---- connections ----------------------------------------------------------------------------- */

void sio_http_conn_drop(struct sio_http_conn *c)
{
    struct sio_http_server *s = c->server;
    c->gone = true;
    sio_list_remove(&c->link);
    sio_task_cancel(&c->end.resume);
    sio_loop_bury(s->loop, &c->end.grave, sio_http_conn_free, c);
    s->n_conns--;
    close_when_empty(s);
}

static void turn_away(struct sio_http_server *s, struct sio_conn *stream,
                      const struct sio_arrival *a)
{
    const struct sio_http_response none = {0};
    if (sio_mem_low())
        sio_log_limited(SIO_LOG_WARN, "http memory", "http: memory is low, answering 503");
    else if (!s->closing)
        sio_log_limited(SIO_LOG_WARN, "http max_connections",
                        "http: max_connections (%zu) reached, answering 503",
                        s->limits.max_connections);
    if (s->tls == NULL || a->hops != 0) /* else the answer would cost a handshake */
        sio_http_reply_head(s, stream, 503, &none, NULL, 0, false);
    sio_conn_finish(stream);
}

void sio_http_server_adopt(struct sio_http_server *s, const struct sio_arrival *a)
{
    bool full = s->loop->n_clients >= s->limits.max_connections;
    bool refused = s->closing || sio_mem_low() || full;
    struct sio_conn *stream = sio_conn_adopt(s->loop, a->fd, &sio_http_conn_events, NULL);
    if (stream == NULL) {
        sio_log_limited(SIO_LOG_WARN, "http adopt", "http: cannot take a connection: %s",
                        strerror(errno));
        return;
    }
    if (a->origin != NULL)
        sio_conn_set_origin(stream, a->origin);
    if (refused) {
        turn_away(s, stream, a);
        return;
    }
    sio_conn_count(stream);
    if (s->n_conns++ == 0)
        uv_timer_start(&s->sweep, on_sweep, sweep_period_ms(&s->limits),
                       sweep_period_ms(&s->limits));
    sio_http_conn_open(s, stream, a);
}
