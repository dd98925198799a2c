// SPDX-License-Identifier: MIT
/* The other side of claim.c: a sibling asks for a session of ours.
 *
 *     CLAIM comes        its connection is closed, the record sent and lent (lent.c)
 *     it is lent         the sibling asks again later
 *     the way is full    the claim is owed, until there is room
 *
 * What is lent stays in our arena, marked, until it was taken: else nobody would find it meanwhile,
 * and the one who asked may be stopped with it in its queue.
 *
 * Invariant: no session leaves us without a way for it. A sibling that has stopped reading, or one
 * that thousands of clients went to at once, makes claims wait, and loses none.
 */
#include "worker/joint.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"

struct owed {
    struct sio_list link; /* worker.owed[slot of who asked] */
    uint32_t request;
    uint8_t service;
    char pid[SIO_ID_LEN];
};

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

int sio_worker_release(struct sio_worker *w, unsigned number, struct sio_slice pid,
                       struct sio_buf *out)
{
    for (unsigned i = 0; i < SIO_SERVICES_MAX; i++) {
        const struct sio_service *s = w->services[i];
        if (s != NULL && s->sio != NULL && i != number && sio_recovery_has(s->sio, pid))
            return SIO_EEXIST;
    }
    const struct sio_service *s = number < SIO_SERVICES_MAX ? w->services[number] : NULL;
    if (s == NULL)
        return sio_worker_has_lent(w, pid) ? SIO_ENOENT : take_left(w, number, pid, out);
    return s->sio != NULL ? sio_recovery_release(s->sio, pid, out) : SIO_ENOENT;
}

static int say(struct sio_worker *w, unsigned to, uint32_t request, enum sio_release_status status,
               struct sio_slice record)
{
    struct sio_mesh_msg answer = {
        .type = SIO_MESH_RELEASE, .request = request, .status = (uint8_t)status, .payload = record};
    return sio_mesh_send(w->mesh, to, &answer);
}

static void give(struct sio_worker *w, unsigned to, const struct sio_mesh_msg *claim,
                 struct sio_slice record)
{
    int err = say(w, to, claim->request, SIO_RELEASE_GIVEN, record);
    if (err == 0) {
        sio_worker_lend(w, to, claim, record);
        return;
    }
    sio_log_limited(SIO_LOG_WARN, "release",
                    "recovery: a session of %zu bytes cannot be handed over: %s", record.len,
                    sio_err_text(err));
    if (err == SIO_ETOOBIG) { /* rooms and data that no save has refused yet */
        sio_arena_del(&w->arena, claim->payload);
        say(w, to, claim->request, SIO_RELEASE_NONE, sio_slice(NULL, 0));
    } else { /* who asked has died, for example */
        sio_worker_take_back(w, claim->service, claim->payload, record);
    }
}

static void answer(struct sio_worker *w, unsigned from, const struct sio_mesh_msg *claim)
{
    struct sio_buf record = {0};
    int rc = sio_worker_release(w, claim->service, claim->payload, &record);
    if (rc == 0) {
        give(w, from, claim, sio_buf_slice(&record));
    } else if (sio_worker_has_lent(w, claim->payload)) {
        say(w, from, claim->request, SIO_RELEASE_LENT, sio_slice(NULL, 0));
    } else {
        if (rc != SIO_EEXIST) {
            sio_arena_pass_on(&w->arena, claim->payload);
            sio_arena_del(&w->arena, claim->payload);
        }
        say(w, from, claim->request, SIO_RELEASE_NONE, sio_slice(NULL, 0));
    }
    sio_buf_fini(&record);
}

/* ---- what waits ------------------------------------------------------------------------------ */

static bool has_way(const struct sio_worker *w, unsigned to)
{
    return !sio_mesh_has(w->mesh, to) || /* then it will stay here */
           (sio_mesh_has_room(w->mesh, to) && w->n_lent < SIO_LENT_MAX &&
            w->lent_bytes < SIO_LENT_BYTES);
}

static void owe(struct sio_worker *w, unsigned to, const struct sio_mesh_msg *claim)
{
    if (w->n_owed == SIO_OWED_MAX) {
        sio_log_limited(SIO_LOG_WARN, "owed", "recovery: %u claims wait already, one is dropped",
                        w->n_owed);
        return;
    }
    struct owed *o = sio_calloc(1, sizeof *o);
    o->request = claim->request;
    o->service = claim->service;
    memcpy(o->pid, claim->payload.p, SIO_ID_LEN);
    sio_list_init(&o->link);
    sio_list_append(&w->owed[to], &o->link);
    w->n_owed++;
}

static void drop(struct sio_worker *w, struct owed *o)
{
    sio_list_remove(&o->link);
    w->n_owed--;
    sio_free(o);
}

void sio_worker_on_claim(struct sio_worker *w, unsigned from, const struct sio_mesh_msg *m)
{
    if (m->payload.len != SIO_ID_LEN)
        return;
    if (has_way(w, from) && sio_list_empty(&w->owed[from]))
        answer(w, from, m);
    else
        owe(w, from, m);
}

void sio_worker_pay(struct sio_worker *w, unsigned to)
{
    struct sio_list *node;
    while ((node = sio_list_first(&w->owed[to])) != NULL && has_way(w, to)) {
        struct owed o = *SIO_CONTAINER_OF(node, struct owed, link);
        drop(w, SIO_CONTAINER_OF(node, struct owed, link));
        answer(w, to,
               &(struct sio_mesh_msg){.request = o.request,
                                      .service = o.service,
                                      .payload = sio_slice(o.pid, SIO_ID_LEN)});
    }
}

void sio_worker_pay_all(struct sio_worker *w)
{
    for (unsigned slot = 0; slot < SIO_WORKERS_MAX && w->n_owed > 0; slot++)
        sio_worker_pay(w, slot);
}

void sio_worker_drop_owed(struct sio_worker *w, unsigned to)
{
    struct sio_list *node;
    while ((node = sio_list_first(&w->owed[to])) != NULL)
        drop(w, SIO_CONTAINER_OF(node, struct owed, link));
}

/* ---- messages of siblings -------------------------------------------------------------------- */

void sio_worker_on_mesh(void *owner, unsigned from, const struct sio_mesh_msg *m)
{
    struct sio_worker *w = owner;
    if (m->type == SIO_MESH_CLAIM)
        sio_worker_on_claim(w, from, m);
    else if (m->type == SIO_MESH_RELEASE)
        sio_worker_on_release(w, from, m);
    else if (m->type == SIO_MESH_TAKEN)
        sio_worker_on_taken(w, from, m);
    else if (m->type == SIO_MESH_ANSWER)
        sio_worker_on_answer(w, from, m);
    else
        sio_log_limited(SIO_LOG_WARN, "mesh-type", "mesh: unexpected message type %d from slot %u",
                        (int)m->type, from);
}
