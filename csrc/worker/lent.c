// SPDX-License-Identifier: MIT
/* Sessions on their way to a sibling.
 *
 *     RELEASE sent   remembered here, and in our arena as lent
 *     TAKEN comes    it is saved over there, or nobody waited for it any more
 *     link gone      what was not taken is parked here again
 *
 * So a session outlives a worker that dies with it in its hands: whoever asks next finds it here.
 * Called by release and worker. Invariant: a session that was released is in this list, and in our
 * arena until it is in another.
 */
#include "worker/joint.h"

#include "base/log.h"
#include "base/mem.h"

struct lent {
    struct sio_list link; /* worker.lent[slot of the sibling] */
    unsigned number;      /* of the server */
    uint32_t request;
    char pid[SIO_ID_LEN];
    size_t len;
    char record[];
};

void sio_worker_lend(struct sio_worker *w, unsigned to, const struct sio_mesh_msg *claim,
                     struct sio_slice record)
{
    struct sio_place borrower = sio_mesh_place(w->mesh, to);
    struct lent *l = sio_alloc(sizeof *l + record.len);
    sio_arena_lend(&w->arena, claim->payload, &borrower);
    sio_list_init(&l->link);
    l->number = claim->service;
    l->request = claim->request;
    memcpy(l->pid, claim->payload.p, SIO_ID_LEN);
    l->len = record.len;
    memcpy(l->record, record.p, record.len);
    sio_list_append(&w->lent[to], &l->link);
    w->n_lent++;
    w->lent_bytes += l->len;
}

bool sio_worker_has_lent(const struct sio_worker *w, struct sio_slice pid)
{
    for (unsigned slot = 0; slot < SIO_WORKERS_MAX && w->n_lent > 0; slot++)
        SIO_LIST_EACH (node, &w->lent[slot])
            if (memcmp(SIO_CONTAINER_OF(node, struct lent, link)->pid, pid.p, SIO_ID_LEN) == 0)
                return true;
    return false;
}

void sio_worker_take_back(struct sio_worker *w, unsigned number, struct sio_slice pid,
                          struct sio_slice record)
{
    const struct sio_service *s = w->services[number];
    if (s != NULL && s->sio != NULL && !s->closing)
        sio_recovery_take_back(s->sio, pid, record);
}

static void drop(struct sio_worker *w, struct lent *l)
{
    sio_list_remove(&l->link);
    w->n_lent--;
    w->lent_bytes -= l->len;
    sio_free(l);
}

static void end(struct sio_worker *w, struct lent *l, bool taken)
{
    struct sio_slice pid = sio_slice(l->pid, SIO_ID_LEN);
    if (taken || sio_arena_elsewhere(&w->arena, pid)) {
        sio_arena_del(&w->arena, pid);
    } else {
        sio_arena_lend(&w->arena, pid, NULL);
        sio_worker_take_back(w, l->number, pid, sio_slice(l->record, l->len));
    }
    drop(w, l);
}

void sio_worker_on_taken(struct sio_worker *w, unsigned from, const struct sio_mesh_msg *m)
{
    SIO_LIST_EACH (node, &w->lent[from]) { /* in order, so it is one of the first */
        struct lent *l = SIO_CONTAINER_OF(node, struct lent, link);
        if (l->request == m->request) {
            end(w, l, m->status == 0);
            break;
        }
    }
    sio_worker_pay(w, from);
}

void sio_worker_lent_gone(struct sio_worker *w, unsigned to)
{
    SIO_LIST_EACH (node, &w->lent[to])
        end(w, SIO_CONTAINER_OF(node, struct lent, link), false);
}

void sio_worker_drop_lent(struct sio_worker *w)
{
    for (unsigned slot = 0; slot < SIO_WORKERS_MAX; slot++)
        SIO_LIST_EACH (node, &w->lent[slot])
            drop(w, SIO_CONTAINER_OF(node, struct lent, link));
}
