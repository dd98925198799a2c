// SPDX-License-Identifier: MIT
/* Who sleeps and who is woken: one bit per reader, one bell (eventfd) per worker, rung once per
 * tick. Stands on the journal's shared words and the rolls; the worker's end-of-tick hook calls it.
 *
 * Invariant: a reader sets its bit, having put on its roll what it waits for, and then looks at the
 * tail; a writer moves the tail and then looks at bits and rolls; full fences between, so one of
 * them sees the other. The dead do not wake: after any death the supervisor rings every bell.
 */
#include "cluster/journal.h"

#include <errno.h>
#include <unistd.h>

#include "cluster/layout.h"

static void killpoint(const char *step)
{
    if (sio_journal_killpoint != NULL)
        sio_journal_killpoint(step);
}

static void publish_cursor(struct sio_journal *j)
{
    atomic_store_explicit(&j->shm->slots[j->me.slot].cursor, j->cursor, memory_order_relaxed);
}

/* Sleeping siblings that have so many records to read, of which they need none, that they would be
 * lapped one day. They are looked for now and then: each slot is a cache line. */
static uint64_t laggards(struct sio_journal *j)
{
    uint64_t mask = 0, tail = sio_journal_tail(j);
    if (tail - j->lag_seen < j->shm->ring_bytes / 16)
        return 0;
    j->lag_seen = tail;
    for (unsigned i = 0; i < j->shm->n_slots; i++) {
        uint64_t cursor = atomic_load_explicit(&j->shm->slots[i].cursor, memory_order_relaxed);
        if (cursor < tail && tail - cursor > j->shm->ring_bytes / 4)
            mask |= UINT64_C(1) << i;
    }
    return mask;
}

/* Takes the lowest bit out of a mask that is not 0. */
static unsigned take_slot(uint64_t *mask)
{
    unsigned slot = (unsigned)__builtin_ctzll(*mask);
    *mask &= *mask - 1;
    return slot;
}

/* Whoever clears a bit rings for it, so the bits of those whose bell we do not have (yet) stay. */
static uint64_t with_bell(uint64_t mask, const int bells[SIO_WORKERS_MAX])
{
    uint64_t with = 0;
    while (mask != 0) {
        unsigned slot = take_slot(&mask);
        if (bells[slot] >= 0)
            with |= UINT64_C(1) << slot;
    }
    return with;
}

void sio_journal_call(struct sio_journal *j, struct sio_journal_about whom, uint64_t slots)
{
    if (j->n_calls + whom.n > SIO_JOURNAL_CALLS_MAX)
        j->wake_mask = ~UINT64_C(0);
    j->wake_mask |= slots;
    for (size_t i = 0; i < whom.n && j->n_calls < SIO_JOURNAL_CALLS_MAX; i++)
        j->calls[j->n_calls++] = whom.topics[i];
}

/* Those of `mask` that wait for something of this tick. */
static uint64_t called(const struct sio_journal *j, uint64_t mask)
{
    uint64_t due = 0;
    while (mask != 0) {
        unsigned slot = take_slot(&mask);
        const struct sio_roll_page *roll = sio_shm_roll(j->shm, slot);
        for (unsigned i = 0; i < j->n_calls; i++)
            if (sio_roll_has(roll, j->calls[i]))
                due |= UINT64_C(1) << slot;
    }
    return due;
}

static void ring(int bell)
{
    const uint64_t one = 1;
    /* EAGAIN means that the counter is full, so the reader is being woken already. */
    while (write(bell, &one, sizeof one) < 0 && errno == EINTR) {
    }
}

void sio_journal_wake(struct sio_journal *j, const int bells[SIO_WORKERS_MAX])
{
    struct sio_journal_shared *s = j->shm->journal;
    publish_cursor(j);
    if (!j->wake_due)
        return;
    uint64_t mask = j->wake_mask | laggards(j);
    atomic_thread_fence(memory_order_seq_cst); /* the tail is seen before the bits are read */
    killpoint("wake:fence");
    uint64_t asleep = atomic_load_explicit(&s->sleepers, memory_order_relaxed);
    asleep = with_bell(asleep & ~(UINT64_C(1) << j->me.slot), bells);
    uint64_t due = (asleep & mask) | called(j, asleep & ~mask);
    j->wake_due = false;
    j->wake_mask = 0;
    j->n_calls = 0;
    if (due == 0)
        return;
    due &= atomic_fetch_and(&s->sleepers, ~due);
    killpoint("wake:cleared");
    while (due != 0)
        ring(bells[take_slot(&due)]);
    killpoint("wake:rung");
}

bool sio_journal_sleep(struct sio_journal *j)
{
    publish_cursor(j);
    atomic_fetch_or(&j->shm->journal->sleepers, UINT64_C(1) << j->me.slot);
    atomic_thread_fence(memory_order_seq_cst); /* the bit is seen before the tail is read */
    if (sio_journal_tail(j) == j->cursor)
        return true;
    sio_journal_awake(j);
    return false;
}

void sio_journal_awake(struct sio_journal *j)
{
    uint64_t bit = UINT64_C(1) << j->me.slot;
    _Atomic uint64_t *sleepers = &j->shm->journal->sleepers;
    if (atomic_load_explicit(sleepers, memory_order_relaxed) & bit)
        atomic_fetch_and(sleepers, ~bit);
}
