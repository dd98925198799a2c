// SPDX-License-Identifier: MIT
/* One owner per session: a client that comes back here with a private id of another worker.
 *
 *     owner runs    CLAIM over the mesh; it closes what it has and answers RELEASE with the record
 *     owner reaped  claimed from its arena by compare-and-swap
 *     owner silent  waited for until it answers or the supervisor has killed and buried it
 *     owner says that it has it no more, or that it is on its way: whoever has it now
 *     on its way from us: waited for until it is there, or back here
 *
 * The other side is in release.c. Invariant: a claim is in the list of the slot that it asks, its
 * ticket is set, until it ends or is taken back; so a client that has gone draws no session after
 * it to where nobody waits.
 */
#include "worker/joint.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"

struct claim {
    struct sio_list link;        /* worker.claims[owner.slot] */
    struct sio_service *service; /* whose client it is */
    uint32_t request;
    struct sio_place owner;
    sio_claim_fn fn;
    void *arg, **ticket;
    unsigned turns; /* times that it was looked for anew */
    bool asked;     /* the link took the question; else it is put again at the next heartbeat */
    char pid[SIO_ID_LEN];
};

static struct sio_slice pid_of(const struct claim *c)
{
    return sio_slice(c->pid, SIO_ID_LEN);
}

static void end(struct claim *c, struct sio_slice record, uint64_t died_ms)
{
    c->service->worker->n_claims--;
    sio_list_remove(&c->link); /* first: what fn does may look at the lists */
    *c->ticket = NULL;
    c->fn(c->arg, record, died_ms);
    sio_free(c);
}

static void end_with_nothing(struct claim *c)
{
    end(c, sio_slice(NULL, 0), 0);
}

/* In the list of the one who is asked. Returns the number of the question. */
static uint32_t wait_for(struct claim *c, struct sio_place owner)
{
    struct sio_worker *w = c->service->worker;
    c->owner = owner;
    c->request = ++w->next_request;
    sio_list_append(&w->claims[owner.slot], &c->link);
    return c->request;
}

/* Answers come in the order of the questions, so it is one of the first. */
static struct claim *asked(struct sio_worker *w, unsigned slot, uint32_t request)
{
    SIO_LIST_EACH (node, &w->claims[slot]) {
        struct claim *c = SIO_CONTAINER_OF(node, struct claim, link);
        if (c->request == request)
            return c;
    }
    return NULL;
}

/* What is released closes its connection, and handlers that run then may end who waits here: the
 * session stays in this worker, for the next one. */
static void from_self(struct claim *c)
{
    struct sio_worker *w = c->service->worker;
    unsigned number = c->service->number;
    uint32_t request = wait_for(c, w->me);
    struct sio_buf record = {0};
    char id[SIO_ID_LEN];
    struct sio_slice pid = sio_slice(id, sizeof id);
    memcpy(id, c->pid, sizeof id);
    int rc = sio_worker_release(w, number, pid, &record);
    c = asked(w, w->me.slot, request);
    if (c == NULL && rc == 0) {
        sio_worker_take_back(w, number, pid, sio_buf_slice(&record));
    } else if (c != NULL && (rc != SIO_ENOENT || !sio_worker_has_lent(w, pid))) {
        if (rc == SIO_ENOENT)
            sio_arena_del(&w->arena, pid);
        end(c, sio_buf_slice(&record), 0);
    }
    sio_buf_fini(&record);
}

/* A record of another server is lost with that: it has been claimed, and is not for this one. */
static void from_dead(struct claim *c)
{
    struct sio_buf saved = {0};
    uint64_t died_ms = 0;
    sio_arena_claim(&c->service->worker->arena, pid_of(c), &saved, &died_ms);
    if (saved.len == 0 || (unsigned char)saved.p[0] != c->service->number)
        end_with_nothing(c);
    else
        end(c, sio_slice_from(sio_buf_slice(&saved), 1), died_ms);
    sio_buf_fini(&saved);
}

/* Fails while the link is full or not there yet (a worker that has just started). When the owner
 * dies, its burial ends the claim. */
static void put_question(struct claim *c)
{
    struct sio_mesh_msg m = {.type = SIO_MESH_CLAIM,
                             .service = (uint8_t)c->service->number,
                             .request = c->request,
                             .payload = pid_of(c)};
    c->asked = sio_mesh_send(c->service->worker->mesh, c->owner.slot, &m) == 0;
}

static void ask_owner(struct claim *c, struct sio_place owner)
{
    wait_for(c, owner);
    put_question(c);
}

/* Who has it? `c` is in no list; ends it or asks somebody. */
static void look(struct claim *c)
{
    struct sio_place owner;
    switch (sio_arena_find(&c->service->worker->arena, pid_of(c), &owner)) {
    case SIO_OWNER_NONE:
        end_with_nothing(c);
        return;
    case SIO_OWNER_SELF:
        from_self(c);
        return;
    case SIO_OWNER_DEAD:
        from_dead(c);
        return;
    case SIO_OWNER_ALIVE:
        ask_owner(c, owner);
        return;
    }
}

/* Somebody may be quicker every time. */
static void look_again(struct claim *c)
{
    sio_list_remove(&c->link);
    if (++c->turns < SIO_CLAIM_TURNS)
        look(c);
    else
        end_with_nothing(c);
}

void sio_service_claim(void *ctx, struct sio_slice pid, sio_claim_fn fn, void *arg, void **ticket)
{
    struct sio_service *s = ctx;
    struct sio_worker *w = s->worker;
    bool full = w->n_claims == SIO_CLAIMS_MAX;
    if (full)
        sio_log_limited(SIO_LOG_WARN, "claims", "recovery: %u claims pending, one refused",
                        w->n_claims);
    if (full || s->closing) { /* nobody will look at its claims any more */
        *ticket = NULL;
        fn(arg, sio_slice(NULL, 0), 0);
        return;
    }
    struct claim *c = sio_calloc(1, sizeof *c);
    *c = (struct claim){.service = s, .fn = fn, .arg = arg, .ticket = ticket};
    memcpy(c->pid, pid.p, SIO_ID_LEN);
    sio_list_init(&c->link);
    *ticket = c;
    w->n_claims++;
    look(c);
}

void sio_service_unclaim(void *ctx, void *ticket)
{
    struct claim *c = ticket;
    (void)ctx;
    c->service->worker->n_claims--;
    sio_list_remove(&c->link);
    sio_free(c);
}

/* The end of a claim saves the record before it returns, if it is of use. */
void sio_worker_on_release(struct sio_worker *w, unsigned from, const struct sio_mesh_msg *m)
{
    struct claim *c = asked(w, from, m->request);
    bool given = m->status == SIO_RELEASE_GIVEN;
    struct sio_mesh_msg taken = {
        .type = SIO_MESH_TAKEN, .request = m->request, .status = c != NULL ? 0 : 1};
    if (c != NULL && given)
        end(c, m->payload, 0);
    else if (c != NULL && m->status == SIO_RELEASE_LENT)
        c->asked = false; /* until it is there */
    else if (c != NULL)
        look_again(c);
    if (given && !w->closing) /* else the mesh has gone */
        sio_mesh_send(w->mesh, from, &taken);
}

static void check_claim(struct sio_worker *w, struct claim *c)
{
    bool is_here = c->owner.slot == w->me.slot; /* or was, and is lent */
    if (is_here && sio_worker_has_lent(w, pid_of(c)))
        return;
    if (is_here || !sio_shm_alive(&w->shm, c->owner))
        look_again(c);
    else if (!c->asked)
        put_question(c);
}

void sio_worker_check_claims(struct sio_worker *w)
{
    for (unsigned slot = 0; slot < SIO_WORKERS_MAX && w->n_claims > 0; slot++) {
        struct sio_list pending, *node; /* what ends may take others back, and lead to new ones */
        sio_list_take(&w->claims[slot], &pending);
        while ((node = sio_list_first(&pending)) != NULL) {
            sio_list_remove(node);
            sio_list_append(&w->claims[slot], node);
            check_claim(w, SIO_CONTAINER_OF(node, struct claim, link));
        }
    }
}

static struct claim *first_of(const struct sio_list *claims, const struct sio_service *s)
{
    SIO_LIST_EACH (node, claims) {
        struct claim *c = SIO_CONTAINER_OF(node, struct claim, link);
        if (c->service == s)
            return c;
    }
    return NULL;
}

void sio_worker_drop_claims(struct sio_worker *w, const struct sio_service *s)
{
    struct claim *c;
    for (unsigned slot = 0; slot < SIO_WORKERS_MAX; slot++)
        while ((c = first_of(&w->claims[slot], s)) != NULL)
            end_with_nothing(c);
}
