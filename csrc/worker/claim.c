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
    struct sio_service *service; /* whose client it is */
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

/* What our arena has of a server that is closed by now; the record without its mark. */
static int take_left(struct sio_worker *w, unsigned number, struct sio_slice pid,
                     struct sio_buf *out)
{
    struct sio_buf saved = {0};
    int rc = sio_arena_get(&w->arena, pid, &saved);
    if (rc == 0 && (saved.len == 0 || (unsigned char)saved.p[0] != number))
        rc = SIO_ENOENT;
    if (rc == 0)
        sio_buf_append_slice(out, sio_slice_from(sio_buf_slice(&saved), 1));
    sio_buf_fini(&saved);
    return rc;
}

/* Gives up a session of ours to server `number`, here or at a sibling; what the arena has of it is
 * the caller's to drop. SIO_ENOENT; SIO_EEXIST: it is another server's, and stays. */
static int release(struct sio_worker *w, unsigned number, struct sio_slice pid, struct sio_buf *out)
{
    for (unsigned i = 0; i < SIO_SERVICES_MAX; i++) {
        const struct sio_service *s = w->services[i];
        if (s != NULL && s->sio != NULL && i != number && sio_recovery_has(s->sio, pid))
            return SIO_EEXIST;
    }
    const struct sio_service *s = number < SIO_SERVICES_MAX ? w->services[number] : NULL;
    if (s == NULL)
        return take_left(w, number, pid, out);
    return s->sio != NULL ? sio_recovery_release(s->sio, pid, out) : SIO_ENOENT;
}

static void from_self(struct sio_service *s, struct sio_slice pid, sio_claim_fn fn, void *arg)
{
    struct sio_buf record = {0};
    if (release(s->worker, s->number, pid, &record) == SIO_ENOENT)
        sio_arena_del(&s->worker->arena, pid);
    fn(arg, sio_buf_slice(&record), 0);
    sio_buf_fini(&record);
}

/* A record of another server is lost with that: it has been claimed, and is not for this one. */
static void from_dead(struct sio_service *s, struct sio_slice pid, sio_claim_fn fn, void *arg)
{
    struct sio_buf saved = {0};
    uint64_t died_ms = 0;
    sio_arena_claim(&s->worker->arena, pid, &saved, &died_ms);
    if (saved.len == 0 || (unsigned char)saved.p[0] != s->number)
        nothing(fn, arg);
    else
        fn(arg, sio_slice_from(sio_buf_slice(&saved), 1), died_ms);
    sio_buf_fini(&saved);
}

/* Fails while the link is full or not there yet (a worker that has just started). When the owner
 * dies, its burial ends the claim. */
static void put_question(struct sio_worker *w, struct claim *c)
{
    struct sio_mesh_msg m = {.type = SIO_MESH_CLAIM,
                             .service = (uint8_t)c->service->number,
                             .request = c->request,
                             .payload = sio_slice(c->pid, SIO_ID_LEN)};
    c->asked = sio_mesh_send(w->mesh, c->owner.slot, &m) == 0;
}

static void ask_owner(struct sio_service *s, struct sio_place owner, struct sio_slice pid,
                      sio_claim_fn fn, void *arg)
{
    struct sio_worker *w = s->worker;
    if (w->n_claims == SIO_CLAIMS_MAX) {
        sio_log_limited(SIO_LOG_WARN, "claims", "recovery: %u claims pending, one refused",
                        w->n_claims);
        nothing(fn, arg);
        return;
    }
    struct claim *c = sio_calloc(1, sizeof *c);
    c->service = s;
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

void sio_service_claim(void *ctx, struct sio_slice pid, sio_claim_fn fn, void *arg)
{
    struct sio_service *s = ctx;
    struct sio_place owner;
    if (s->closing) { /* nobody will look at its claims any more */
        nothing(fn, arg);
        return;
    }
    switch (sio_arena_find(&s->worker->arena, pid, &owner)) {
    case SIO_OWNER_NONE:
        nothing(fn, arg);
        return;
    case SIO_OWNER_SELF:
        from_self(s, pid, fn, arg);
        return;
    case SIO_OWNER_DEAD:
        from_dead(s, pid, fn, arg);
        return;
    case SIO_OWNER_ALIVE:
        ask_owner(s, owner, pid, fn, arg);
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

static struct claim *asked(struct sio_worker *w, uint32_t request)
{
    SIO_LIST_EACH (node, &w->claims) {
        struct claim *c = SIO_CONTAINER_OF(node, struct claim, link);
        if (c->request == request)
            return take(w, c);
    }
    return NULL;
}

/* fn saves the record before it returns, if it is of use. */
static void on_release(struct sio_worker *w, unsigned from, const struct sio_mesh_msg *m)
{
    struct claim *c = asked(w, m->request);
    struct sio_mesh_msg taken = {
        .type = SIO_MESH_TAKEN, .request = m->request, .status = c != NULL ? 0 : 1};
    if (c != NULL)
        c->fn(c->arg, m->status == 0 ? m->payload : sio_slice(NULL, 0), 0);
    if (m->status == 0 && !w->closing) /* else the mesh has gone */
        sio_mesh_send(w->mesh, from, &taken);
    sio_free(c);
}

/* What is released leaves our arena too: else it would seem to live here when its client comes
 * back, and with our death a stale record would be there to claim. */
static void on_claim(struct sio_worker *w, unsigned from, const struct sio_mesh_msg *m)
{
    struct sio_buf record = {0};
    int rc = release(w, m->service, m->payload, &record);
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
    bool stays = rc == 0 && err != 0 && err != SIO_ETOOBIG; /* who asked has died, for example */
    if (rc == 0 && err == 0)
        sio_worker_lend(w, from, m, sio_buf_slice(&record));
    if (stays)
        sio_worker_take_back(w, m->service, m->payload, sio_buf_slice(&record));
    else if (rc != SIO_EEXIST)
        sio_arena_del(&w->arena, m->payload);
    sio_buf_fini(&record);
}

void sio_worker_on_mesh(void *owner, unsigned from, const struct sio_mesh_msg *m)
{
    struct sio_worker *w = owner;
    if (m->type == SIO_MESH_CLAIM)
        on_claim(w, from, m);
    else if (m->type == SIO_MESH_RELEASE)
        on_release(w, from, m);
    else if (m->type == SIO_MESH_TAKEN)
        sio_worker_on_taken(w, from, m);
    else if (m->type == SIO_MESH_ANSWER)
        sio_worker_on_answer(w, from, m);
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
        if (sio_shm_alive(&w->shm, c->owner) && !c->service->closing) {
            sio_list_append(&w->claims, &c->link);
            if (!c->asked)
                put_question(w, c);
            continue;
        }
        w->n_claims--;
        sio_service_claim(c->service, sio_slice(c->pid, SIO_ID_LEN), c->fn, c->arg);
        sio_free(c);
    }
}

void sio_worker_drop_claims(struct sio_worker *w, const struct sio_service *s)
{
    SIO_LIST_EACH (node, &w->claims) {
        struct claim *c = SIO_CONTAINER_OF(node, struct claim, link);
        if (c->service != s)
            continue;
        take(w, c);
        nothing(c->fn, c->arg);
        sio_free(c);
    }
}
