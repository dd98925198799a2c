// SPDX-License-Identifier: MIT
/* The journal's bound by age. One process notes now and then where the tail stands; a position that
 * was the tail long enough ago is the floor, before which nothing is read any more, and the pages
 * of the ring behind it go back to the system. Stands on the journal's shared words; the supervisor
 * calls it when it sweeps, a process alone with its heartbeat.
 *
 * Invariant: the floor is a record boundary, never goes back, and never passes the cursor of a
 * worker that runs: those publish it with each heartbeat, so only a stopped one holds it up.
 */
#include <fcntl.h>

#include "cluster/journal.h"
#include "cluster/layout.h"

enum {
    STEPS = SIO_JOURNAL_MARKS / 2, /* marks per age */
    GIVE_BACK = 256 << 10,         /* bytes per time that the lock is held: 0.1 ms */
};

/* When all marks are in use (the age has grown), every second one will do. */
static void thin_out(struct sio_journal_marks *m)
{
    for (unsigned i = 0; i < SIO_JOURNAL_MARKS / 2; i++)
        m->at[i] = m->at[2 * i + 1];
    m->n = SIO_JOURNAL_MARKS / 2;
}

static void mark(struct sio_journal_marks *m, uint64_t tail, uint64_t now_ms, uint64_t max_age_ms)
{
    if (m->n > 0 && now_ms < m->at[m->n - 1].at_ms + max_age_ms / STEPS)
        return;
    if (m->n == SIO_JOURNAL_MARKS)
        thin_out(m);
    m->at[m->n].pos = tail;
    m->at[m->n++].at_ms = now_ms;
}

/* The youngest position that is old enough, 0: none. */
static uint64_t old_enough(struct sio_journal_marks *m, uint64_t now_ms, uint64_t max_age_ms)
{
    unsigned n = 0;
    while (n < m->n && now_ms >= m->at[n].at_ms + max_age_ms)
        n++;
    if (n == 0)
        return 0;
    uint64_t pos = m->at[n - 1].pos;
    /* Kept: what holds the floor up now may be gone next time. */
    memmove(m->at, m->at + n - 1, (m->n - n + 1) * sizeof m->at[0]);
    m->n -= n - 1;
    return pos;
}

static uint64_t read_by_all(const struct sio_shm *shm, uint64_t pos)
{
    for (unsigned i = 0; i < shm->n_slots; i++) {
        uint64_t cursor = atomic_load(&shm->slots[i].cursor);
        if (atomic_load(&shm->slots[i].state) != SIO_SLOT_EMPTY && cursor < pos)
            pos = cursor;
    }
    return pos;
}

/* Pages of positions in [from, to), which do not wrap around. */
static void punch(const struct sio_shm *shm, uint64_t from, uint64_t to)
{
    off_t at = (off_t)(shm->header->head_bytes + (from & (shm->ring_bytes - 1)));
    fallocate(shm->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at, (off_t)(to - from));
}

static uint64_t block_of(uint64_t pos)
{
    return pos - pos % SIO_JOURNAL_BLOCK;
}

/* Under the lock, or an append would write where we punch. Positions that have been overwritten
 * since are somebody else's. */
static void give_back_some(struct sio_shm *shm, uint64_t to)
{
    uint64_t horizon = atomic_load(&shm->journal->horizon), *from = &shm->marks.given_back;
    if (horizon > shm->ring_bytes && *from < horizon - shm->ring_bytes)
        *from = block_of(horizon - shm->ring_bytes + SIO_JOURNAL_BLOCK - 1);
    uint64_t wrap = (*from | (shm->ring_bytes - 1)) + 1, end = *from + GIVE_BACK;
    end = end < wrap ? end : wrap;
    end = end < to ? end : to;
    if (end > *from)
        punch(shm, *from, end);
    *from = end > *from ? end : to;
}

static void give_back(struct sio_shm *shm, uint64_t floor)
{
    uint64_t to = block_of(floor); /* which stays: seek begins there */
    while (shm->marks.given_back < to) {
        if (sio_journal_lock(shm->journal) != 0)
            return;
        give_back_some(shm, to);
        sio_journal_unlock(shm->journal);
    }
}

void sio_journal_expire(struct sio_shm *shm, uint64_t now_ms, uint64_t max_age_ms)
{
    struct sio_journal_shared *s = shm->journal;
    mark(&shm->marks, atomic_load(&s->tail), now_ms, max_age_ms);
    uint64_t floor = read_by_all(shm, old_enough(&shm->marks, now_ms, max_age_ms));
    if (floor > atomic_load(&s->floor)) {
        atomic_store(&s->floor, floor); /* before the first page goes */
        atomic_thread_fence(memory_order_seq_cst);
    }
    give_back(shm, atomic_load(&s->floor));
}
