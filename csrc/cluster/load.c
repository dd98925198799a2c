// SPDX-License-Identifier: MIT
/* Placement of new sessions. Stands on the slots of the shared memory; worker/ calls it for each
 * new session and each heartbeat.
 *
 * Invariant: a slot that is not READY, lacks the server or is near its descriptor limit is never
 * picked, save `self` when nobody else is left.
 */
#include "cluster/load.h"

#include "base/err.h"
#include "base/mix.h"
#include "cluster/layout.h"

static const struct {
    const char *name;
    enum sio_balance method;
} methods[] = {
    {"least-connection", SIO_LEAST_CONNECTION},
    {"round-robin", SIO_ROUND_ROBIN},
    {"random", SIO_RANDOM},
    {"ip-hash", SIO_IP_HASH},
    {"forwarded-for", SIO_FORWARDED_FOR},
};

int sio_balance_parse(struct sio_slice name, enum sio_balance *out)
{
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        if (sio_slice_eq(name, sio_slice_str(methods[i].name))) {
            *out = methods[i].method;
            return 0;
        }
    return SIO_ENOENT;
}

bool sio_load_has_room(const struct sio_shm *shm, unsigned slot)
{
    uint32_t limit = atomic_load_explicit(&shm->slots[slot].fds_limit, memory_order_relaxed);
    uint32_t open = atomic_load_explicit(&shm->slots[slot].fds_open, memory_order_relaxed);
    return limit == 0 || (uint64_t)open + SIO_LOAD_FDS_SPARE < limit;
}

static bool qualifies(const struct sio_shm *shm, const struct sio_pick *p, unsigned slot)
{
    const struct sio_slot *s = &shm->slots[slot];
    uint64_t services = atomic_load_explicit(&s->services, memory_order_relaxed);
    return atomic_load_explicit(&s->state, memory_order_relaxed) == SIO_SLOT_READY &&
           (services >> p->service & 1) != 0 && sio_load_has_room(shm, slot);
}

static unsigned pick_least(const struct sio_shm *shm, const struct sio_pick *p)
{
    unsigned best = p->self;
    int32_t least = INT32_MAX;
    if (qualifies(shm, p, p->self))
        least = atomic_load_explicit(&shm->slots[p->self].sessions, memory_order_relaxed);
    for (unsigned i = 0; i < shm->n_slots; i++) {
        int32_t n = atomic_load_explicit(&shm->slots[i].sessions, memory_order_relaxed);
        if (n < least && qualifies(shm, p, i)) {
            least = n;
            best = i;
        }
    }
    return best;
}

static unsigned list_fit(const struct sio_shm *shm, const struct sio_pick *p,
                         unsigned fit[SIO_WORKERS_MAX])
{
    unsigned n = 0;
    for (unsigned i = 0; i < shm->n_slots; i++)
        if (qualifies(shm, p, i))
            fit[n++] = i;
    return n;
}

static unsigned pick_turn(const struct sio_shm *shm, const struct sio_pick *p)
{
    _Atomic uint32_t *turn = &shm->header->turns[p->service % SIO_SHM_SERVICES];
    unsigned fit[SIO_WORKERS_MAX], n = list_fit(shm, p, fit);
    return n > 0 ? fit[atomic_fetch_add_explicit(turn, 1, memory_order_relaxed) % n] : p->self;
}

/* Uniform over those that qualify: starting at a random slot and going on to the next would favour
 * the one behind a gap. */
static unsigned pick_random(const struct sio_shm *shm, const struct sio_pick *p)
{
    unsigned fit[SIO_WORKERS_MAX], n = list_fit(shm, p, fit);
    uint32_t r;
    if (n == 0)
        return p->self;
    sio_random(&r, sizeof r);
    return fit[r % n];
}

/* By number, not by slot: the worker that a reload starts has another slot. */
static unsigned pick_rendezvous(const struct sio_shm *shm, const struct sio_pick *p)
{
    unsigned best = p->self;
    uint64_t highest = 0;
    for (unsigned i = 0; i < shm->n_slots; i++) {
        uint64_t number = sio_shm_number(shm, i);
        uint64_t seed = shm->header->seed + number * UINT64_C(0x9e3779b97f4a7c15);
        uint64_t h = sio_mix(seed, p->key) | 1;
        if (h > highest && qualifies(shm, p, i)) {
            highest = h;
            best = i;
        }
    }
    return best;
}

unsigned sio_load_pick(const struct sio_shm *shm, const struct sio_pick *p)
{
    switch (p->method) {
    case SIO_ROUND_ROBIN:
        return pick_turn(shm, p);
    case SIO_RANDOM:
        return pick_random(shm, p);
    case SIO_IP_HASH:
    case SIO_FORWARDED_FOR:
        return pick_rendezvous(shm, p);
    case SIO_HERE:
        return p->self;
    case SIO_LEAST_CONNECTION:
        break;
    }
    return pick_least(shm, p);
}

void sio_load_add(struct sio_shm *shm, unsigned slot, int delta)
{
    _Atomic int32_t *sessions = &shm->slots[slot].sessions;
    int32_t old = atomic_load_explicit(sessions, memory_order_relaxed), next;
    do
        next = old + delta < 0 ? 0 : old + delta;
    while (!atomic_compare_exchange_weak_explicit(sessions, &old, next, memory_order_relaxed,
                                                  memory_order_relaxed));
}

void sio_load_beat(struct sio_shm *shm, unsigned slot, uint64_t now_ms)
{
    atomic_store_explicit(&shm->slots[slot].heartbeat_ms, now_ms, memory_order_release);
}
