// SPDX-License-Identifier: MIT
/* The worker's life: open (shared memory, journal, arena, mesh), close. Its hook at the end of each
 * tick tails the journal, wakes siblings and goes to sleep. Its servers are in service.c.
 */
#include "worker/worker.h"

#include "worker/joint.h"

#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"

/* Beats go on while HTTP connections end, when an engine is gone already. */
static size_t count_sessions(const struct sio_worker *w)
{
    size_t n = 0;
    for (unsigned i = 0; i < SIO_SERVICES_MAX; i++)
        if (w->services[i] != NULL && w->services[i]->engine != NULL)
            n += eio_server_count(w->services[i]->engine) +
                 eio_server_waiting(w->services[i]->engine);
    return n;
}

void sio_worker_publish_load(struct sio_worker *w)
{
    struct sio_slot *slot = &w->shm.slots[w->me.slot];
    size_t fds = w->loop->n_clients + w->loop->finishing + w->relays.n; /* their other ends */
    atomic_store_explicit(&slot->fds_open, (uint32_t)fds, memory_order_relaxed);
    sio_load_beat(&w->shm, w->me.slot, sio_clock_ms());
}

/* Read again and again: whoever watches over the machine may lower it while we run. */
static void publish_limit(struct sio_worker *w)
{
    struct rlimit limit = {.rlim_cur = 1024};
    getrlimit(RLIMIT_NOFILE, &limit);
    uint32_t fds = limit.rlim_cur > INT32_MAX ? INT32_MAX : (uint32_t)limit.rlim_cur;
    atomic_store_explicit(&w->shm.slots[w->me.slot].fds_limit, fds, memory_order_relaxed);
}

/* A sibling raises our count for a connection that may never become a session (refused at
 * max_connections, its descriptor lost on the way). What is on its way now is gone by the next
 * beats; an error that stays the same is one. */
static void mend_count(struct sio_worker *w)
{
    int32_t count = (int32_t)count_sessions(w);
    int32_t error = atomic_load(&w->shm.slots[w->me.slot].sessions) - count;
    w->error_beats = error != 0 && error == w->count_error ? w->error_beats + 1 : 0;
    w->count_error = error;
    if (w->error_beats < SIO_ERROR_BEATS)
        return;
    sio_load_add(&w->shm, w->me.slot, -error);
    w->error_beats = 0;
}

static void watch_ebb(struct sio_worker *w)
{
    if (sio_ebb_is_low(&w->ebb, count_sessions(w)) && w->on_ebb != NULL)
        w->on_ebb(w->ebb_ctx);
}

static void on_beat(uv_timer_t *t)
{
    struct sio_worker *w = t->data;
    sio_worker_publish_load(w);
    publish_limit(w);
    mend_count(w);
    sio_worker_check_claims(w);
    sio_worker_pay_all(w);
    sio_worker_check_peers(w);
    if (w->alone)
        sio_worker_forget_old(w);
    sio_worker_sample(w);
    watch_ebb(w);
    sio_log_tick();
}

static void on_bell(uv_poll_t *p, int status, int events)
{
    struct sio_worker *w = p->data;
    uint64_t rings;
    (void)status;
    (void)events;
    if (read(w->bell_fd, &rings, sizeof rings) != (ssize_t)sizeof rings)
        return;
    /* How often does not matter. It rang for records, which the hook reads, or for a death. */
    sio_stats_up(w->loop->stats, SIO_STAT_WAKES);
    uint32_t deaths = sio_shm_deaths(&w->shm);
    if (deaths == w->deaths)
        return;
    w->deaths = deaths;
    sio_worker_check_claims(w);
    sio_worker_check_peers(w);
}

static void before_block(void *ctx)
{
    struct sio_worker *w = ctx;
    bool more = sio_worker_tail(w, SIO_TAIL_BATCH);
    sio_journal_wake(&w->journal, w->bells);
    w->woke = w->loop->ticks;
    if (more || !sio_journal_sleep(&w->journal))
        sio_loop_do_not_block(w->loop);
    sio_worker_turn_ends(w);
}

static void after_block(void *ctx)
{
    struct sio_worker *w = ctx;
    sio_worker_turn_begins(w);
    sio_journal_awake(&w->journal);
}

static const struct sio_mesh_events mesh_events;

static int open_shm(struct sio_worker *w, const struct sio_worker_options *o)
{
    if (o->shm_fd >= 0) {
        w->me = o->me;
        return sio_shm_attach(&w->shm, o->shm_fd);
    }
    w->alone = true;
    int rc = sio_shm_create(&w->shm, &(struct sio_shm_config){.slots = 1});
    if (rc < 0)
        return rc;
    uint32_t generation; /* the first in an empty slot: cannot fail */
    rc = sio_shm_assign(&w->shm, 0, &generation);
    w->me = (struct sio_place){.slot = 0, .generation = generation};
    return rc;
}

static void open_handles(struct sio_worker *w)
{
    uv_timer_init(&w->loop->uv, &w->beat);
    uv_timer_init(&w->loop->uv, &w->retry);
    uv_timer_init(&w->loop->uv, &w->give);
    uv_timer_init(&w->loop->uv, &w->reply);
    w->beat.data = w->retry.data = w->give.data = w->reply.data = w;
    w->open_handles = 4;
    uv_timer_start(&w->beat, on_beat, 0, SIO_BEAT_MS);
    uv_unref((uv_handle_t *)&w->beat);
    if (w->bell_fd >= 0) {
        w->bell.data = w;
        uv_poll_start(&w->bell, UV_READABLE, on_bell);
        uv_unref((uv_handle_t *)&w->bell);
        w->open_handles++;
    }
    w->hook = (struct sio_hook){.before_block = before_block, .after_block = after_block, .ctx = w};
    sio_loop_add_hook(w->loop, &w->hook);
}

static int open_bell(struct sio_worker *w)
{
    int err = w->bell_fd >= 0 ? uv_poll_init(&w->loop->uv, &w->bell, w->bell_fd) : 0;
    errno = -err;
    return err == 0 ? 0 : SIO_ESYS;
}

/* Of an opening that failed; any part may be missing. */
static void give_up(struct sio_worker *w)
{
    int why = errno;
    sio_arena_close(&w->arena);
    sio_shm_detach(&w->shm);
    if (w->bell_fd >= 0)
        close(w->bell_fd);
    sio_free(w);
    errno = why;
}

int sio_worker_open(struct sio_loop *loop, const struct sio_worker_options *options,
                    struct sio_worker **out)
{
    struct sio_worker *w = sio_calloc(1, sizeof *w);
    w->loop = loop;
    w->bell_fd = options->bell_fd;
    w->on_ebb = options->on_ebb;
    w->ebb_ctx = options->ctx;
    sio_list_init(&w->deferred);
    sio_list_init(&w->gives);
    sio_list_init(&w->answers);
    sio_relays_init(&w->relays);
    for (unsigned i = 0; i < SIO_WORKERS_MAX; i++) {
        w->bells[i] = -1;
        sio_list_init(&w->claims[i]);
        sio_list_init(&w->lent[i]);
        sio_list_init(&w->owed[i]);
    }
    int rc = open_shm(w, options);
    if (rc == 0)
        rc = sio_arena_open(&w->arena, &w->shm, w->me);
    if (rc == 0)
        rc = open_bell(w);
    if (rc < 0) {
        give_up(w);
        return rc;
    }
    sio_worker_stats_open(w);
    sio_journal_open(&w->journal, &w->shm, w->me);
    sio_roll_open(&w->roll, sio_shm_roll(&w->shm, w->me.slot));
    w->mesh = sio_mesh_new(loop, &w->shm, w->me, &mesh_events, w);
    publish_limit(w);
    open_handles(w);
    *out = w;
    return 0;
}

static void on_peer(void *owner, unsigned slot, bool up)
{
    struct sio_worker *w = owner;
    if (!up) {
        sio_worker_lent_gone(w, slot);
        sio_worker_drop_owed(w, slot);
        sio_worker_peer_gone(w, slot);
    }
    if (up || w->bells[slot] < 0)
        return;
    close(w->bells[slot]);
    w->bells[slot] = -1;
}

static const struct sio_mesh_events mesh_events = {
    .on_give = sio_worker_on_give, .on_message = sio_worker_on_mesh, .on_peer = on_peer};

static void enroll(void *ctx, struct sio_nsp *n)
{
    (void)ctx;
    sio_nsp_enroll(n);
}

/* Siblings are told from now on what we wait for, and not to wake us for anything else. */
static void call_roll(struct sio_worker *w)
{
    sio_roll_begin(&w->roll);
    for (unsigned i = 0; i < SIO_SERVICES_MAX; i++)
        if (w->services[i] != NULL && w->services[i]->sio != NULL)
            sio_server_each_nsp(w->services[i]->sio, enroll, NULL);
    sio_roll_publish(&w->roll);
}

void sio_worker_add_peer(struct sio_worker *w, struct sio_place peer, int link_fd, int bell_fd)
{
    if (peer.slot >= SIO_WORKERS_MAX || peer.slot == w->me.slot || w->closing) {
        close(link_fd);
        close(bell_fd);
        return;
    }
    if (!sio_roll_begun(&w->roll))
        call_roll(w);
    sio_mesh_add(w->mesh, peer, link_fd); /* a link that is replaced takes its bell with it */
    if (sio_mesh_has(w->mesh, peer.slot))
        w->bells[peer.slot] = bell_fd;
    else
        close(bell_fd);
}

void sio_worker_stop_listening(struct sio_worker *w)
{
    atomic_store_explicit(&w->shm.slots[w->me.slot].state, SIO_SLOT_DRAINING, memory_order_release);
    for (unsigned i = 0; i < SIO_SERVICES_MAX; i++)
        if (w->services[i] != NULL)
            sio_service_stop_listening(w->services[i]);
}

static void free_worker(void *object)
{
    struct sio_worker *w = object;
    sio_loop_fn on_closed = w->on_closed;
    void *ctx = w->closed_ctx;
    sio_worker_drop_deferred(w, NULL); /* of handlers that ran while it closed */
    sio_buf_fini(&w->saved);
    sio_worker_stats_close(w);
    sio_journal_close(&w->journal);
    sio_roll_close(&w->roll);
    sio_arena_close(&w->arena);
    sio_shm_detach(&w->shm);
    for (unsigned i = 0; i < SIO_WORKERS_MAX; i++)
        if (w->bells[i] >= 0)
            close(w->bells[i]);
    if (w->bell_fd >= 0)
        close(w->bell_fd);
    sio_free(w);
    if (on_closed)
        on_closed(ctx);
}

static void on_handle_closed(uv_handle_t *h)
{
    struct sio_worker *w = h->data;
    if (--w->open_handles == 0)
        sio_loop_bury(w->loop, &w->grave, free_worker, w);
}

static void close_handles(struct sio_worker *w)
{
    sio_loop_remove_hook(&w->hook);
    uv_close((uv_handle_t *)&w->beat, on_handle_closed);
    uv_close((uv_handle_t *)&w->retry, on_handle_closed);
    uv_close((uv_handle_t *)&w->give, on_handle_closed);
    uv_close((uv_handle_t *)&w->reply, on_handle_closed);
    if (w->bell_fd >= 0)
        uv_close((uv_handle_t *)&w->bell, on_handle_closed);
}

void sio_worker_service_gone(struct sio_worker *w, struct sio_service *s)
{
    w->services[s->number] = NULL;
    if (--w->n_services == 0 && w->closing)
        close_handles(w);
}

void sio_worker_close(struct sio_worker *w, sio_loop_fn on_closed, void *ctx)
{
    if (w->closing)
        return;
    for (unsigned i = 0; i < SIO_SERVICES_MAX; i++) /* who asked us: this is no death */
        if (w->services[i] != NULL)
            sio_service_said_all(w->services[i]);
    w->closing = true;
    w->on_closed = on_closed;
    w->closed_ctx = ctx;
    sio_worker_cancel_drain(w);
    sio_worker_stop_listening(w);
    sio_relays_close(&w->relays);
    for (unsigned i = 0; i < SIO_SERVICES_MAX; i++)
        if (w->services[i] != NULL)
            sio_service_close(w->services[i], NULL, NULL);
    sio_worker_drop_deferred(w, NULL);
    sio_worker_drop_answers(w);
    sio_worker_drop_lent(w);
    for (unsigned i = 0; i < SIO_WORKERS_MAX; i++)
        sio_worker_drop_owed(w, i);
    sio_mesh_close(w->mesh);
    if (w->n_services == 0)
        close_handles(w);
}

struct sio_place sio_worker_place(const struct sio_worker *w)
{
    return w->me;
}

unsigned sio_worker_number(const struct sio_worker *w)
{
    return sio_shm_number(&w->shm, w->me.slot);
}
