// SPDX-License-Identifier: MIT
/* One owner per session: a client that comes back here with a private id of another worker.
 *
 *     owner runs    CLAIM over the mesh; it closes what it has and answers RELEASE with the record
 *     owner reaped  claimed from its arena by compare-and-swap
 *     owner silent  waited for until it answers or the supervisor has killed and buried it
 */
#include "worker/joint.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"

struct claim {
    struct sio_list link;
    uint32_t request;
    struct sio_place owner;
    sio_claim_fn fn;
    void *arg;
    bool asked; /* the link took the question; else it is put again at the next heartbeat */
    char pid[SIO_ID_LEN];
};

static void nothing(sio_claim_fn fn, void *arg)
{
    fn(arg, sio_slice(NULL, 0), 0);
}

static void from_self(struct sio_worker *w, struct sio_slice pid, sio_claim_fn fn, void *arg)
{
    struct sio_buf record = {0};
    if (sio_recovery_release(w->sio, pid, &record) != 0)
        sio_arena_del(&w->arena, pid);
    fn(arg, sio_buf_slice(&record), 0);
    sio_buf_fini(&record);
}

static void from_dead(struct sio_worker *w, struct sio_slice pid, sio_claim_fn fn, void *arg)
{
    struct sio_buf record = {0};
    uint64_t died_ms = 0;
    sio_arena_claim(&w->arena, pid, &record, &died_ms);
    fn(arg, sio_buf_slice(&record), died_ms);
    sio_buf_fini(&record);
}

/* Fails while the link is full or not there yet (a worker that has just started). When the owner
 * dies, its burial ends the claim. */
static void put_question(struct sio_worker *w, struct claim *c)
{
    struct sio_mesh_msg m = {
        .type = SIO_MESH_CLAIM, .request = c->request, .payload = sio_slice(c->pid, SIO_ID_LEN)};
    c->asked = sio_mesh_send(w->mesh, c->owner.slot, &m) == 0;
}

static void ask_owner(struct sio_worker *w, struct sio_place owner, struct sio_slice pid,
                      sio_claim_fn fn, void *arg)
{
    if (w->n_claims == SIO_CLAIMS_MAX) {
        sio_log_limited(SIO_LOG_WARN, "claims", "recovery: %u claims pending, one refused",
                        w->n_claims);
        nothing(fn, arg);
        return;
    }
    struct claim *c = sio_calloc(1, sizeof *c);
    c->request = ++w->next_request;
    c->owner = owner;
    c->fn = fn;
    c->arg = arg;
    memcpy(c->pid, pid.p, SIO_ID_LEN);
    sio_list_init(&c->link);
    sio_list_append(&w->claims, &c->link);
    w->n_claims++;
    put_question(w, c);
}

void sio_worker_claim(void *ctx, struct sio_slice pid, sio_claim_fn fn, void *arg)
{
    struct sio_worker *w = ctx;
    struct sio_place owner;
    if (w->closing) { /* the mesh is gone, and nobody will look at claims any more */
        nothing(fn, arg);
        return;
    }
    switch (sio_arena_find(&w->arena, pid, &owner)) {
    case SIO_OWNER_NONE:
        nothing(fn, arg);
        return;
    case SIO_OWNER_SELF:
        from_self(w, pid, fn, arg);
        return;
    case SIO_OWNER_DEAD:
        from_dead(w, pid, fn, arg);
        return;
    case SIO_OWNER_ALIVE:
        ask_owner(w, owner, pid, fn, arg);
        return;
    }
}

/* Unlinks first: what fn does may look at the list. */
static struct claim *take(struct sio_worker *w, struct claim *c)
{
    sio_list_remove(&c->link);
    w->n_claims--;
    return c;
}

static void on_release(struct sio_worker *w, const struct sio_mesh_msg *m)
{
    SIO_LIST_EACH (node, &w->claims) {
        struct claim *c = SIO_CONTAINER_OF(node, struct claim, link);
        if (c->request != m->request)
            continue;
        take(w, c);
        c->fn(c->arg, m->status == 0 ? m->payload : sio_slice(NULL, 0), 0);
        sio_free(c);
        return;
    }
}

/* What is released leaves our arena too: else it would seem to live here when its client comes
 * back, and with our death a stale record would be there to claim. A link that is full loses the
 * session: its client begins anew once the claim has ended. */
static void on_claim(struct sio_worker *w, unsigned from, const struct sio_mesh_msg *m)
{
    struct sio_buf record = {0};
    int rc = w->sio ? sio_recovery_release(w->sio, m->payload, &record) : SIO_ENOENT;
    struct sio_mesh_msg answer = {.type = SIO_MESH_RELEASE,
                                  .request = m->request,
                                  .status = rc == 0 ? 0 : 1,
                                  .payload = sio_buf_slice(&record)};
    int err = sio_mesh_send(w->mesh, from, &answer);
    if (err != 0)
        sio_log_limited(SIO_LOG_WARN, "release",
                        "recovery: a session of %zu bytes cannot be handed over: %s", record.len,
                        sio_err_text(err));
    if (err == SIO_ETOOBIG) { /* rooms and data that no save has refused yet */
        answer.status = 1;
        answer.payload = sio_slice(NULL, 0);
        sio_mesh_send(w->mesh, from, &answer);
    }
    sio_arena_del(&w->arena, m->payload);
    sio_buf_fini(&record);
}

void sio_worker_on_mesh(void *owner, unsigned from, const struct sio_mesh_msg *m)
{
    struct sio_worker *w = owner;
    if (m->type == SIO_MESH_CLAIM)
        on_claim(w, from, m);
    else if (m->type == SIO_MESH_RELEASE)
        on_release(w, m);
    else
        sio_log_limited(SIO_LOG_WARN, "mesh-type",
                        "mesh: unexpected message type %d from worker %u", (int)m->type, from + 1);
}

void sio_worker_check_claims(struct sio_worker *w)
{
    struct sio_list pending;
    sio_list_take(&w->claims, &pending);
    SIO_LIST_EACH (node, &pending) {
        struct claim *c = SIO_CONTAINER_OF(node, struct claim, link);
        sio_list_remove(&c->link);
        if (sio_shm_alive(&w->shm, c->owner)) {
            sio_list_append(&w->claims, &c->link);
            if (!c->asked)
                put_question(w, c);
            continue;
        }
        w->n_claims--;
        sio_worker_claim(w, sio_slice(c->pid, SIO_ID_LEN), c->fn, c->arg);
        sio_free(c);
    }
}

void sio_worker_drop_claims(struct sio_worker *w)
{
    SIO_LIST_EACH (node, &w->claims) {
        struct claim *c = take(w, SIO_CONTAINER_OF(node, struct claim, link));
        nothing(c->fn, c->arg);
        sio_free(c);
    }
}
