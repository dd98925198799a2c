// SPDX-License-Identifier: MIT
/* Sessions on their way to a sibling.
 *
 *     RELEASE sent   remembered here, and no more in our arena
 *     TAKEN comes    it is saved over there, or nobody waited for it any more
 *     link gone      what was not taken is parked here again
 *
 * So a session outlives a worker that dies with it in its hands: whoever asks next finds it here.
 * Called by claim and worker. Invariant: a session that was released is in this list or in an
 * arena, or, while TAKEN is on its way, in both.
 */
#include "worker/joint.h"

#include "base/log.h"
#include "base/mem.h"

struct lent {
    struct sio_list link;
    unsigned to, number; /* the sibling's slot, the server's number */
    uint32_t request;
    char pid[SIO_ID_LEN];
    size_t len;
    char record[];
};

void sio_worker_lend(struct sio_worker *w, unsigned to, const struct sio_mesh_msg *claim,
                     struct sio_slice record)
{
    if (w->n_lent == SIO_LENT_MAX) {
        sio_log_limited(SIO_LOG_WARN, "lent", "recovery: %u sessions on their way, one unwatched",
                        w->n_lent);
        return;
    }
    struct lent *l = sio_alloc(sizeof *l + record.len);
    sio_list_init(&l->link);
    l->to = to;
    l->number = claim->service;
    l->request = claim->request;
    memcpy(l->pid, claim->payload.p, SIO_ID_LEN);
    l->len = record.len;
    memcpy(l->record, record.p, record.len);
    sio_list_append(&w->lent, &l->link);
    w->n_lent++;
}

void sio_worker_take_back(struct sio_worker *w, unsigned number, struct sio_slice pid,
                          struct sio_slice record)
{
    const struct sio_service *s = w->services[number];
    if (s != NULL && s->sio != NULL && !s->closing)
        sio_recovery_take_back(s->sio, pid, record);
}

static void end(struct sio_worker *w, struct lent *l, bool taken)
{
    struct sio_slice pid = sio_slice(l->pid, SIO_ID_LEN);
    struct sio_place owner;
    sio_list_remove(&l->link);
    w->n_lent--;
    if (!taken && sio_arena_find(&w->arena, pid, &owner) == SIO_OWNER_NONE)
        sio_worker_take_back(w, l->number, pid, sio_slice(l->record, l->len));
    sio_free(l);
}

void sio_worker_on_taken(struct sio_worker *w, unsigned from, const struct sio_mesh_msg *m)
{
    SIO_LIST_EACH (node, &w->lent) {
        struct lent *l = SIO_CONTAINER_OF(node, struct lent, link);
        if (l->to == from && l->request == m->request) {
            end(w, l, m->status == 0);
            return;
        }
    }
}

void sio_worker_lent_gone(struct sio_worker *w, unsigned to)
{
    SIO_LIST_EACH (node, &w->lent) {
        struct lent *l = SIO_CONTAINER_OF(node, struct lent, link);
        if (l->to == to)
            end(w, l, false);
    }
}

void sio_worker_drop_lent(struct sio_worker *w)
{
    SIO_LIST_EACH (node, &w->lent)
        end(w, SIO_CONTAINER_OF(node, struct lent, link), true);
}
