// SPDX-License-Identifier: MIT
/* sio's backing, filled from the journal and the arena.
 *
 * The rule that everything here serves: a worker delivers in journal order only. An emit appends,
 * then tails through its own record in the same call; siblings are woken once, at the end of the
 * tick. When the journal's lock cannot be had within a millisecond (its owner is stopped), the
 * record waits in a bounded local queue, and every later emission of this worker behind it.
 *
 * The servers of a worker share the log and the arena: the flags of a record have the number of its
 * server above SERVICE_SHIFT, and a session's record begins with it.
 */
#include "worker/joint.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "sio/topic.h"

enum { SERVICE_SHIFT = 8 };

_Static_assert((int)SIO_TOPICS_MAX <= (int)SIO_JOURNAL_TOPICS_MAX, "the journal takes them");

struct deferred {
    struct sio_list link;
    unsigned flags; /* of the journal's record */
    size_t len;
    char bytes[];
};

static struct sio_worker *worker_of(const void *ctx)
{
    return ((const struct sio_service *)ctx)->worker;
}

/* Whom a record is for; NULL: that server is not here. */
static struct sio_service *service_of(const struct sio_worker *w, unsigned flags)
{
    unsigned number = flags >> SERVICE_SHIFT;
    return number < SIO_SERVICES_MAX ? w->services[number] : NULL;
}

static void deliver(struct sio_worker *w, const struct sio_journal_record *r)
{
    bool own = r->writer.slot == w->me.slot && r->writer.generation == w->me.generation;
    const struct sio_service *s = service_of(w, r->flags);
    if (s != NULL && s->sio != NULL && (own || !(r->flags & SIO_RECORD_LOCAL)))
        sio_server_deliver(s->sio, r->bytes, r->end, own);
}

/* Overtaken: what the clients of all its servers missed is unknown. */
static void lapped(struct sio_worker *w)
{
    sio_stats_up(w->loop->stats, SIO_STAT_LAPPED);
    for (unsigned i = 0; i < SIO_SERVICES_MAX; i++)
        if (w->services[i] != NULL && w->services[i]->sio != NULL)
            sio_server_lapped(w->services[i]->sio);
}

bool sio_worker_tail(struct sio_worker *w, unsigned batch)
{
    for (unsigned n = 0; batch == 0 || n < batch; n++) {
        struct sio_journal_record r;
        int rc = sio_journal_next(&w->journal, &r);
        if (rc == 0)
            return false;
        if (rc > 0) {
            deliver(w, &r);
            continue;
        }
        sio_worker_skipped(w);
        lapped(w);
    }
    return true;
}

/* What it is about matters to nobody when its server has no recovery. */
static struct sio_journal_about about(const struct sio_worker *w, struct sio_slice record,
                                      unsigned flags, uint32_t topics[SIO_TOPICS_MAX])
{
    const struct sio_service *s = service_of(w, flags);
    size_t n = s != NULL && s->app.sio.recovery ? sio_topic_list(w->shm.seed, record, topics) : 0;
    return (struct sio_journal_about){topics, n};
}

/* Appends it, and has those woken who need it: everybody, unless only the members of some rooms do.
 */
static int append_and_call(struct sio_worker *w, struct sio_slice record, unsigned flags)
{
    uint32_t topics[SIO_TOPICS_MAX], rooms[SIO_TOPICS_MAX];
    struct sio_journal_about whom = {.topics = rooms};
    uint64_t slots = 0;
    if (sio_roll_begun(&w->roll) && (flags & SIO_RECORD_LOCAL) == 0)
        whom.n = sio_topic_rooms(w->shm.seed, record, rooms, &slots);
    if (whom.n > 0)
        flags |= SIO_RECORD_CALLS;
    int rc = sio_journal_append(&w->journal, record, flags, about(w, record, flags, topics), NULL);
    if (rc == 0 && whom.n > 0)
        sio_journal_call(&w->journal, whom, slots);
    return rc;
}

/* 0, or SIO_EAGAIN when the record has to wait. */
static int append(struct sio_worker *w, struct sio_slice record, unsigned flags)
{
    int rc = append_and_call(w, record, flags);
    if (rc == SIO_EAGAIN)
        return rc;
    if (rc < 0) {
        /* The mutex is beyond repair: no worker of this host can publish again. */
        sio_log(SIO_LOG_ERROR, "journal: %s", sio_err_text(rc));
        abort();
    }
    if (w->woke ==
        w->loop->ticks) /* a failed write, say, ran a handler: the next tick wakes them */
        sio_loop_do_not_block(w->loop);
    sio_worker_tail(w, 0);
    return 0;
}

/* While it waits, the session that it is for may move to a sibling, so it is for all of them. */
static int defer(struct sio_worker *w, struct sio_slice record, unsigned flags)
{
    if (w->deferred_bytes + record.len > SIO_DEFERRED_BYTES) {
        sio_log_limited(SIO_LOG_WARN, "deferred", "journal: blocked, its queue is full");
        return SIO_EFULL;
    }
    struct deferred *d = sio_alloc(sizeof *d + record.len);
    sio_list_init(&d->link);
    d->flags = flags & ~(unsigned)SIO_RECORD_LOCAL;
    d->len = record.len;
    memcpy(d->bytes, record.p, record.len);
    sio_list_append(&w->deferred, &d->link);
    w->deferred_bytes += record.len;
    sio_stats_set(w->loop->stats, SIO_STAT_DEFERRED, w->deferred_bytes);
    return 0;
}

static void drop(struct sio_worker *w, struct deferred *d)
{
    w->deferred_bytes -= d->len;
    sio_stats_set(w->loop->stats, SIO_STAT_DEFERRED, w->deferred_bytes);
    sio_list_remove(&d->link);
    sio_free(d);
}

static void on_retry(uv_timer_t *t)
{
    struct sio_worker *w = t->data;
    SIO_LIST_EACH (node, &w->deferred) {
        struct deferred *d = SIO_CONTAINER_OF(node, struct deferred, link);
        int rc = append(w, sio_slice(d->bytes, d->len), d->flags);
        if (w->closing) /* by a handler, since we were found lapped: the queue is gone */
            return;
        if (rc == SIO_EAGAIN) {
            uv_timer_start(&w->retry, on_retry, SIO_DEFERRED_RETRY_MS, 0);
            return;
        }
        drop(w, d);
    }
}

void sio_worker_drop_deferred(struct sio_worker *w, const struct sio_service *s)
{
    size_t bytes = w->deferred_bytes;
    SIO_LIST_EACH (node, &w->deferred) {
        struct deferred *d = SIO_CONTAINER_OF(node, struct deferred, link);
        if (s == NULL || service_of(w, d->flags) == s)
            drop(w, d);
    }
    bytes -= w->deferred_bytes;
    if (bytes > 0)
        sio_log(SIO_LOG_WARN, "journal: blocked to the end, %zu bytes were not sent", bytes);
}

static void catch_up(void *ctx)
{
    sio_worker_tail(worker_of(ctx), 0);
}

static bool blocked(void *ctx)
{
    return !sio_list_empty(&worker_of(ctx)->deferred);
}

static size_t record_max(void *ctx)
{
    return sio_journal_record_max(&worker_of(ctx)->journal);
}

static int publish(void *ctx, struct sio_slice record, unsigned flags)
{
    const struct sio_service *s = ctx;
    struct sio_worker *w = s->worker;
    flags = (flags & SIO_PUBLISH_LOCAL ? SIO_RECORD_LOCAL : 0) | s->number << SERVICE_SHIFT;
    if (record.len > record_max(ctx))
        return SIO_ETOOBIG;
    if (!blocked(ctx) && append(w, record, flags) == 0)
        return 0;
    int rc = defer(w, record, flags);
    if (rc == 0 && !uv_is_active((uv_handle_t *)&w->retry))
        uv_timer_start(&w->retry, on_retry, SIO_DEFERRED_RETRY_MS, 0);
    return rc;
}

/* What was delivered here so far: a record between it and the tail is still to come, live. */
static uint64_t position(void *ctx)
{
    return worker_of(ctx)->journal.cursor;
}

/* For how long a record may matter to somebody: the longest absence, before which the session took
 * an interval and a timeout to see that its ping is not answered. */
static uint64_t retention_ms(const struct sio_service *s)
{
    const struct eio_options *e = &s->app.engine;
    return s->app.sio.max_disconnection_ms + e->ping_interval_ms + e->ping_timeout_ms;
}

void sio_worker_forget_old(struct sio_worker *w)
{
    uint64_t most_ms = SIO_RETENTION_MS;
    for (unsigned i = 0; i < SIO_SERVICES_MAX; i++)
        if (w->services[i] != NULL && w->services[i]->app.sio.recovery &&
            retention_ms(w->services[i]) > most_ms)
            most_ms = retention_ms(w->services[i]);
    sio_journal_expire(&w->shm, sio_clock_ms(), most_ms);
}

static uint64_t oldest(void *ctx)
{
    return sio_journal_floor(&worker_of(ctx)->journal);
}

struct visit {
    const struct sio_service *service;
    struct sio_buf copy;
    sio_scan_fn fn;
    void *arg;
};

/* Reads the record at *pos: 1, or 0 when there is none or the visitor has had enough. */
static int visit(struct visit *v, uint64_t *pos)
{
    const struct sio_worker *w = v->service->worker;
    struct sio_journal_record r;
    int rc = sio_journal_read_at(&w->journal, pos, w->journal.cursor, &v->copy, &r);
    if (rc <= 0 || service_of(w, r.flags) != v->service)
        return rc;
    return v->fn(v->arg, r.end, r.bytes) == 0;
}

static int visit_all(struct visit *v, uint64_t from)
{
    int rc;
    do
        rc = visit(v, &from);
    while (rc > 0);
    return rc;
}

static int visit_found(struct visit *v, const struct sio_buf *found)
{
    int rc = 1;
    for (size_t at = 0; at < found->len && rc > 0; at += sizeof(uint64_t)) {
        uint64_t pos;
        memcpy(&pos, found->p + at, sizeof pos);
        rc = visit(v, &pos);
    }
    return rc < 0 ? rc : 0;
}

static int scan(void *ctx, uint64_t from, struct sio_scan_for what, sio_scan_fn fn, void *arg)
{
    struct visit v = {.service = ctx, .fn = fn, .arg = arg};
    struct sio_worker *w = v.service->worker;
    struct sio_journal_about topics = {what.topics, what.n};
    struct sio_buf found = {0};
    sio_worker_tail(w, 0);
    int rc = sio_journal_seek(&w->journal, from);
    if (rc == 0 && what.n > 0 &&
        sio_journal_find(&w->journal, from, w->journal.cursor, topics, &found) == 0)
        rc = visit_found(&v, &found);
    else if (rc == 0)
        rc = visit_all(&v, from);
    sio_buf_fini(&found);
    sio_buf_fini(&v.copy);
    return rc;
}

static int save(void *ctx, struct sio_slice pid, struct sio_slice record)
{
    const struct sio_service *s = ctx;
    struct sio_buf *saved = &s->worker->saved;
    sio_buf_clear(saved);
    sio_buf_append_u8(saved, (uint8_t)s->number);
    sio_buf_append_slice(saved, record);
    return sio_arena_put(&s->worker->arena, pid, sio_buf_slice(saved));
}

static void forget(void *ctx, struct sio_slice pid)
{
    sio_arena_del(&worker_of(ctx)->arena, pid);
}

struct sio_backing sio_worker_backing(struct sio_service *s)
{
    return (struct sio_backing){
        .ctx = s,
        .epoch = s->worker->shm.epoch,
        .seed = s->worker->shm.seed,
        .roll = &s->worker->roll,
        .publish = publish,
        .catch_up = catch_up,
        .blocked = blocked,
        .record_max = record_max,
        .position = position,
        .floor = oldest,
        .scan = scan,
        .save = save,
        .drop = forget,
        .claim = sio_service_claim,
        .unclaim = sio_service_unclaim,
        .peers = sio_service_peers,
        .answer = sio_service_answer,
    };
}
