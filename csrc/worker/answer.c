// SPDX-License-Identifier: MIT
/* Answers between workers: who can be asked, and the way that answers take.
 *
 * An answer may be long and is worth less than a session on its way to another worker, so it never
 * fills a link's queue: a part that does not leave at once waits here, and behind it all that goes
 * to the same worker. What waits is bounded; an answer that does not fit is given up, and its asker
 * hears that it failed.
 */
#include "worker/joint.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"

_Static_assert(SIO_ANSWER_PART_MAX + SIO_MESH_HEAD <= SIO_MESH_MSG_MAX, "a part is one message");

struct part {
    struct sio_place to;
    unsigned service;
    uint32_t request;
    enum sio_answer_end end;
    struct sio_slice bytes;
};

struct answer {
    struct sio_list link;
    struct part part; /* its bytes are behind this struct */
    char bytes[];
};

static struct answer *answer_of(struct sio_list *node)
{
    return SIO_CONTAINER_OF(node, struct answer, link);
}

/* ---- who can be asked ------------------------------------------------------------------------ */

static bool has_clients(const struct sio_slot *slot, uint32_t state, const struct sio_service *of)
{
    bool serves = (atomic_load(&slot->present) >> of->number & 1) != 0;
    return serves &&
           (state == SIO_SLOT_READY || state == SIO_SLOT_SUSPECT || state == SIO_SLOT_DRAINING);
}

unsigned sio_service_peers(void *ctx, struct sio_peer *out)
{
    const struct sio_service *s = ctx;
    const struct sio_worker *w = s->worker;
    unsigned n = 0;
    for (unsigned i = 0; i < w->shm.n_slots && !w->closing; i++) {
        const struct sio_slot *slot = &w->shm.slots[i];
        uint32_t state = atomic_load(&slot->state);
        struct sio_place place = {i, atomic_load(&slot->generation)};
        bool linked = sio_mesh_reaches(w->mesh, place);
        bool left = state == SIO_SLOT_DRAINING && !linked; /* with all its clients */
        if (i != w->me.slot && has_clients(slot, state, s) && !left)
            out[n++] = (struct sio_peer){place, linked && state != SIO_SLOT_SUSPECT};
    }
    return n;
}

/* To the questions of all servers. */
static void gone(struct sio_worker *w, struct sio_place who, bool done)
{
    for (unsigned i = 0; i < SIO_SERVICES_MAX; i++)
        if (w->services[i] != NULL && w->services[i]->sio != NULL)
            sio_ask_gone(w->services[i]->sio, who, done);
}

void sio_worker_peer_gone(struct sio_worker *w, unsigned slot)
{
    struct sio_place who = sio_mesh_place(w->mesh, slot);
    bool left = atomic_load(&w->shm.slots[slot].generation) == who.generation &&
                atomic_load(&w->shm.slots[slot].state) == SIO_SLOT_DRAINING;
    gone(w, who, left);
}

void sio_worker_check_peers(struct sio_worker *w)
{
    if (w->closing) /* the mesh has gone */
        return;
    for (unsigned i = 0; i < w->shm.n_slots; i++) {
        struct sio_place who = sio_mesh_place(w->mesh, i);
        if (sio_mesh_reaches(w->mesh, who) &&
            (!sio_shm_alive(&w->shm, who) ||
             atomic_load(&w->shm.slots[i].state) == SIO_SLOT_SUSPECT))
            gone(w, who, false);
    }
}

/* ---- what waits ------------------------------------------------------------------------------ */

static int send_part(struct sio_worker *w, const struct part *p)
{
    const struct sio_mesh_msg m = {.type = SIO_MESH_ANSWER,
                                   .status = (uint8_t)p->end,
                                   .service = (uint8_t)p->service,
                                   .request = p->request,
                                   .payload = p->bytes};
    return sio_mesh_reaches(w->mesh, p->to) ? sio_mesh_try_send(w->mesh, p->to.slot, &m)
                                            : SIO_ECLOSED;
}

static void drop(struct sio_worker *w, struct answer *a)
{
    w->answers_bytes -= sizeof *a + a->part.bytes.len;
    sio_list_remove(&a->link);
    sio_free(a);
}

static bool one_waits(const struct sio_worker *w, struct sio_place to)
{
    SIO_LIST_EACH (node, &w->answers)
        if (answer_of(node)->part.to.slot == to.slot)
            return true;
    return false;
}

static void on_reply(uv_timer_t *t)
{
    struct sio_worker *w = t->data;
    uint64_t full = 0; /* bit per slot: the order of what goes there is kept */
    SIO_LIST_EACH (node, &w->answers) {
        struct answer *a = answer_of(node);
        uint64_t slot = UINT64_C(1) << a->part.to.slot;
        if ((full & slot) != 0)
            continue;
        if (send_part(w, &a->part) == SIO_EAGAIN)
            full |= slot;
        else
            drop(w, a);
    }
    if (full != 0)
        uv_timer_start(&w->reply, on_reply, SIO_ANSWER_RETRY_MS, 0);
}

static void keep(struct sio_worker *w, const struct part *p)
{
    struct answer *a = sio_alloc(sizeof *a + p->bytes.len);
    a->part = *p;
    a->part.bytes = sio_slice(a->bytes, p->bytes.len);
    if (p->bytes.len != 0)
        memcpy(a->bytes, p->bytes.p, p->bytes.len);
    sio_list_init(&a->link);
    sio_list_append(&w->answers, &a->link);
    w->answers_bytes += sizeof *a + p->bytes.len;
    if (!uv_is_active((uv_handle_t *)&w->reply))
        uv_timer_start(&w->reply, on_reply, SIO_ANSWER_RETRY_MS, 0);
}

static bool same_answer(const struct part *a, const struct part *b)
{
    return a->to.slot == b->to.slot && a->to.generation == b->to.generation &&
           a->service == b->service && a->request == b->request;
}

static int give_up(struct sio_worker *w, const struct part *p)
{
    sio_log_limited(SIO_LOG_WARN, "answers-full",
                    "answers of %zu bytes wait for other workers: one to worker %u is given up",
                    w->answers_bytes, sio_shm_number(&w->shm, p->to.slot));
    SIO_LIST_EACH (node, &w->answers)
        if (same_answer(&answer_of(node)->part, p))
            drop(w, answer_of(node));
    keep(w, &(struct part){p->to, p->service, p->request, SIO_ANSWER_FAILED, {NULL, 0}});
    return SIO_EFULL;
}

static int answer(struct sio_worker *w, const struct part *p)
{
    if (w->closing)
        return SIO_ECLOSED;
    int err = one_waits(w, p->to) ? SIO_EAGAIN : send_part(w, p);
    if (err != SIO_EAGAIN)
        return err;
    if (w->answers_bytes + p->bytes.len > SIO_ANSWERS_BYTES)
        return give_up(w, p);
    keep(w, p);
    return 0;
}

int sio_service_answer(void *ctx, struct sio_place to, uint32_t request, struct sio_slice bytes,
                       enum sio_answer_end end)
{
    const struct sio_service *s = ctx;
    return answer(s->worker, &(struct part){to, s->number, request, end, bytes});
}

void sio_worker_drop_answers(struct sio_worker *w)
{
    SIO_LIST_EACH (node, &w->answers)
        drop(w, answer_of(node));
}

/* ---- what comes ------------------------------------------------------------------------------ */

void sio_worker_on_answer(struct sio_worker *w, unsigned from, const struct sio_mesh_msg *m)
{
    struct sio_place who = sio_mesh_place(w->mesh, from);
    const struct sio_service *s = m->service < SIO_SERVICES_MAX ? w->services[m->service] : NULL;
    if (s == NULL || s->sio == NULL)
        return;
    if (m->request == 0) /* see tell_all */
        sio_ask_gone(s->sio, who, m->status == SIO_ANSWER_LAST);
    else
        sio_ask_take(s->sio, who, m->request, m->payload, (enum sio_answer_end)m->status);
}

/* To everybody, while there is a mesh: of this server comes no answer to what was asked so far. */
static void tell_all(const struct sio_service *s, enum sio_answer_end end)
{
    struct sio_worker *w = s->worker;
    for (unsigned i = 0; i < w->shm.n_slots; i++)
        if (sio_mesh_has(w->mesh, i))
            answer(w, &(struct part){sio_mesh_place(w->mesh, i), s->number, 0, end, {NULL, 0}});
}

void sio_worker_skipped(struct sio_worker *w)
{
    for (unsigned i = 0; i < SIO_SERVICES_MAX && !w->closing; i++)
        if (w->services[i] != NULL)
            tell_all(w->services[i], SIO_ANSWER_FAILED);
}

void sio_service_said_all(const struct sio_service *s)
{
    const struct sio_worker *w = s->worker;
    /* First: who saw us still there while it asked gets to read that we are not any more. */
    atomic_fetch_and(&w->shm.slots[w->me.slot].present, ~(UINT64_C(1) << s->number));
    if (!w->closing) /* else the mesh has gone, and the links say it */
        tell_all(s, SIO_ANSWER_LAST);
}
