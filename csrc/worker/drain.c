// SPDX-License-Identifier: MIT
/* The gentle end of a worker.
 *
 *     turn by turn   the eldest client leaves, or the eldest relay ends
 *     late           clients whose turn has come in the midst of something; soon, or with a cut
 *     quiet          nothing is left: a moment for what may still be on its way here
 *     over           what is left ends now; then fn
 *
 * Interval = time left / clients left, looked at anew at each turn: so it stays even when clients
 * come, go or had to wait. Stands on the services; worker.h has the contract.
 *
 * Invariant: it works behind the poll of a tick only, when all that had arrived was read; so a
 * connection that is taken for idle is idle.
 */
#include "worker/joint.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"

/* A session by its sid, so that it may end meanwhile. */
struct leaver {
    struct sio_blob *sid; /* with its NUL */
    uint64_t since_ms;
    uint64_t until_ms; /* late: leaves then */
    unsigned service;
};

struct sio_drain {
    struct sio_worker *worker;
    struct sio_hook hook;
    uv_timer_t timer; /* turns the loop */
    uint64_t spread_until_ms, limit_at_ms, hold_max_ms;
    uint64_t due_us;         /* of the next turn */
    uint64_t quiet_since_ms; /* 0: something is left */
    struct leaver *queue, *late;
    size_t at, n, n_late, late_cap;
    bool over;
    sio_loop_fn fn;
    void *ctx;
};

/* NULL: there is none of that number, or it closes by itself. */
static struct sio_service *service_at(const struct sio_drain *d, unsigned number)
{
    struct sio_service *s = d->worker->services[number];
    return s != NULL && !s->closing ? s : NULL;
}

#define EACH_SERVICE(d, s)                                                                         \
    for (unsigned s##_at = 0; s##_at < SIO_SERVICES_MAX; s##_at++)                                 \
        for (struct sio_service *s = service_at(d, s##_at); s != NULL; s = NULL)

/* ---- who leaves ------------------------------------------------------------------------------ */

static struct eio_session *find(const struct sio_drain *d, const struct leaver *l)
{
    const struct sio_service *s = service_at(d, l->service);
    return s != NULL ? eio_server_find(s->engine, sio_slice_str(l->sid->data)) : NULL;
}

struct collecting {
    struct sio_drain *drain;
    unsigned service;
};

static void collect(void *ctx, struct eio_session *session)
{
    const struct collecting *to = ctx;
    const char *sid = eio_session_sid(session);
    if (eio_session_leaving(session))
        return;
    to->drain->queue[to->drain->n++] =
        (struct leaver){.sid = sio_blob_new(sio_slice(sid, strlen(sid) + 1)),
                        .since_ms = eio_session_since_ms(session),
                        .service = to->service};
}

static int by_age(const void *a, const void *b)
{
    const struct leaver *x = a, *y = b;
    return (x->since_ms > y->since_ms) - (x->since_ms < y->since_ms);
}

static size_t count_sessions(const struct sio_drain *d)
{
    size_t n = 0;
    EACH_SERVICE(d, s)
    n += eio_server_count(s->engine);
    return n;
}

/* Who is there now and has had no turn; the eldest first, as the youngest may be in the midst of
 * coming here. */
static void line_up(struct sio_drain *d)
{
    if (d->at < d->n || count_sessions(d) == d->n_late)
        return;
    sio_free(d->queue);
    d->queue = sio_alloc((count_sessions(d) + 1) * sizeof *d->queue);
    d->at = d->n = 0;
    EACH_SERVICE(d, s)
    eio_server_each(s->engine, collect, &(struct collecting){d, s->number});
    qsort(d->queue, d->n, sizeof *d->queue, by_age);
}

static void add_late(struct sio_drain *d, const struct leaver *l)
{
    if (d->n_late == d->late_cap) {
        d->late_cap = d->late_cap == 0 ? 64 : 2 * d->late_cap;
        d->late = sio_realloc(d->late, d->late_cap * sizeof *d->late);
    }
    d->late[d->n_late] = *l;
    d->late[d->n_late++].until_ms = sio_loop_now(d->worker->loop) + SIO_DRAIN_PATIENCE_MS;
}

/* False: nobody is left in line. */
static bool take_session(struct sio_drain *d)
{
    while (d->at < d->n) {
        struct leaver l = d->queue[d->at++];
        struct eio_session *session = find(d, &l);
        bool gone = session == NULL || eio_session_leave(session);
        if (gone)
            sio_blob_unref(l.sid);
        else
            add_late(d, &l);
        if (session != NULL)
            return true;
    }
    return false;
}

static void retry_late(struct sio_drain *d, uint64_t now_ms)
{
    for (size_t i = 0; i < d->n_late && !d->over;) {
        struct leaver l = d->late[i];
        struct eio_session *session = find(d, &l);
        if (session != NULL && now_ms >= l.until_ms)
            eio_session_leave_now(session);
        else if (session != NULL && !eio_session_leave(session)) {
            i++;
            continue;
        }
        d->late[i] = d->late[--d->n_late];
        sio_blob_unref(l.sid);
    }
}

/* ---- turns ----------------------------------------------------------------------------------- */

static uint64_t interval_us(const struct sio_drain *d, uint64_t now_ms)
{
    uint64_t left_ms = d->spread_until_ms > now_ms ? d->spread_until_ms - now_ms : 0;
    size_t left = d->n - d->at + d->worker->relays.n;
    uint64_t us = left != 0 ? left_ms * 1000 / left : 0;
    return us < SIO_DRAIN_INTERVAL_MS * 1000 ? us : SIO_DRAIN_INTERVAL_MS * 1000;
}

/* Of sessions and relays whatever there are more of, so that both end evenly. */
static bool take_turn(struct sio_drain *d)
{
    if (d->worker->relays.n <= d->n - d->at)
        return take_session(d);
    sio_relays_close_one(&d->worker->relays);
    return true;
}

static void take_turns(struct sio_drain *d, uint64_t now_ms)
{
    uint64_t now_us = now_ms * 1000, most_late_us = SIO_DRAIN_INTERVAL_MS * 1000;
    if (d->due_us + most_late_us < now_us)
        d->due_us = now_us - most_late_us;
    line_up(d);
    while (!d->over && d->due_us <= now_us && take_turn(d))
        d->due_us += interval_us(d, now_ms);
}

/* ---- what is left ---------------------------------------------------------------------------- */

static bool has_siblings(const struct sio_worker *w)
{
    bool any = false;
    for (unsigned i = 0; i < w->shm.n_slots; i++)
        any |= sio_mesh_has(w->mesh, i);
    return any;
}

static struct sio_http_count count_http(const struct sio_drain *d)
{
    struct sio_http_count all = {0};
    EACH_SERVICE(d, s)
    {
        struct sio_http_count n = sio_http_server_count(&s->http);
        all.busy += n.busy;
        all.fresh += n.fresh;
        all.idle += n.idle;
    }
    return all;
}

/* Sessions that a sibling has asked for shall have arrived there. */
static bool owes(const struct sio_worker *w)
{
    return w->n_lent != 0 || w->n_owed != 0 || w->n_gives != 0;
}

/* Nothing is left, and has been for as long as something may be on its way: a request on a
 * connection that idles, a connection that a sibling gave before it knew. */
static bool is_over(struct sio_drain *d, uint64_t now_ms)
{
    if (now_ms >= d->limit_at_ms)
        return true;
    if (count_sessions(d) != 0 || d->worker->relays.n != 0 || owes(d->worker)) {
        d->quiet_since_ms = 0;
        return false;
    }
    struct sio_http_count http = count_http(d);
    uint64_t hold_ms = http.idle != 0 || has_siblings(d->worker) ? SIO_DRAIN_QUIET_MS : 0;
    if (http.fresh != 0)
        hold_ms = SIO_DRAIN_FRESH_MS;
    if (hold_ms > d->hold_max_ms)
        hold_ms = d->hold_max_ms;
    if (d->quiet_since_ms == 0 || http.busy != 0)
        d->quiet_since_ms = now_ms;
    return http.busy == 0 && now_ms >= d->quiet_since_ms + hold_ms;
}

/* ---- the end --------------------------------------------------------------------------------- */

static void on_timer_closed(uv_handle_t *h)
{
    struct sio_drain *d = h->data;
    while (d->at < d->n)
        sio_blob_unref(d->queue[d->at++].sid);
    while (d->n_late > 0)
        sio_blob_unref(d->late[--d->n_late].sid);
    sio_free(d->queue);
    sio_free(d->late);
    sio_free(d);
}

static void stop(struct sio_drain *d)
{
    d->over = true;
    d->worker->drain = NULL;
    sio_loop_remove_hook(&d->hook);
    uv_close((uv_handle_t *)&d->timer, on_timer_closed);
}

static void leave_now(void *ctx, struct eio_session *session)
{
    (void)ctx;
    eio_session_leave_now(session);
}

static void log_cut(const struct sio_drain *d)
{
    size_t sessions = count_sessions(d), busy = count_http(d).busy;
    if (sessions != 0 || busy != 0)
        sio_log(SIO_LOG_WARN, "drain: its time is over with %zu clients and %zu requests left",
                sessions, busy);
}

static void end(struct sio_drain *d)
{
    sio_loop_fn fn = d->fn;
    void *ctx = d->ctx;
    log_cut(d);
    stop(d);
    EACH_SERVICE(d, s)
    {
        s->shut = true;
        eio_server_each(s->engine, leave_now, NULL);
    }
    sio_relays_close(&d->worker->relays);
    EACH_SERVICE(d, s)
    sio_http_server_end_quiet(&s->http);
    fn(ctx);
}

/* ---- its life -------------------------------------------------------------------------------- */

static void after_block(void *ctx)
{
    struct sio_drain *d = ctx;
    uint64_t now_ms = sio_loop_now(d->worker->loop);
    retry_late(d, now_ms);
    take_turns(d, now_ms);
    if (!d->over && is_over(d, now_ms))
        end(d);
}

static void on_timer(uv_timer_t *t)
{
    (void)t; /* the hook follows */
}

static void begin_service(struct sio_service *s)
{
    s->draining = true;
    eio_server_depart(s->engine);
    sio_http_server_drain(&s->http);
}

void sio_worker_drain(struct sio_worker *w, uint64_t spread_ms, uint64_t limit_ms, sio_loop_fn fn,
                      void *ctx)
{
    struct sio_drain *d = w->drain = sio_calloc(1, sizeof *d);
    uint64_t now_ms = sio_loop_now(w->loop);
    d->worker = w;
    d->spread_until_ms = now_ms + spread_ms;
    d->limit_at_ms = now_ms + limit_ms;
    d->hold_max_ms = spread_ms / 4; /* who is in a hurry does not wait for what may come */
    d->due_us = now_ms * 1000;
    d->fn = fn;
    d->ctx = ctx;
    sio_worker_stop_listening(w);
    EACH_SERVICE(d, s)
    begin_service(s);
    d->hook = (struct sio_hook){.after_block = after_block, .ctx = d};
    sio_loop_add_hook(w->loop, &d->hook);
    uv_timer_init(&w->loop->uv, &d->timer);
    d->timer.data = d;
    uv_timer_start(&d->timer, on_timer, 0, SIO_DRAIN_STEP_MS);
}

void sio_worker_cancel_drain(struct sio_worker *w)
{
    if (w->drain != NULL)
        stop(w->drain);
}
