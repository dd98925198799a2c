// SPDX-License-Identifier: MIT
/* The journal: appending, tailing, and reading old records. Stands on the shared memory; worker/
 * appends and tails, sio/recovery reads what a client missed.
 *
 * Invariant: `tail` is the only commit point. Everything before it is whole until `horizon` moves
 * within a ring's length of it, and horizon moves before the first byte is overwritten: a reader
 * copies first and then asks whether it was overtaken.
 */
#include "cluster/journal.h"

#include "base/err.h"
#include "base/log.h"
#include "cluster/layout.h"

enum { COPY_KEEP = 256 * 1024 }; /* a larger copy buffer is given back at the next read */

void (*sio_journal_killpoint)(const char *step);

static void killpoint(const char *step)
{
    if (sio_journal_killpoint != NULL)
        sio_journal_killpoint(step);
}

void sio_journal_open(struct sio_journal *j, struct sio_shm *shm, struct sio_place me)
{
    *j = (struct sio_journal){.shm = shm, .me = me};
    j->cursor = sio_journal_tail(j);
    atomic_store(&shm->slots[me.slot].cursor, j->cursor);
}

void sio_journal_close(struct sio_journal *j)
{
    if (j->shm != NULL)
        sio_journal_awake(j);
    sio_buf_fini(&j->copy);
    j->shm = NULL;
}

size_t sio_journal_record_max(const struct sio_journal *j)
{
    return j->shm->ring_bytes / 8 - sizeof(struct sio_journal_head);
}

uint64_t sio_journal_tail(const struct sio_journal *j)
{
    return atomic_load_explicit(&j->shm->journal->tail, memory_order_acquire);
}

/* Bytes in front of the payload. */
static size_t front(size_t n_links)
{
    return sizeof(struct sio_journal_head) + n_links * sizeof(struct sio_journal_link);
}

/* Bytes of ring that a record takes. */
static uint64_t span(size_t n_links, size_t len)
{
    return (front(n_links) + len + 15) & ~UINT64_C(15);
}

static char *ring_at(const struct sio_journal *j, uint64_t pos)
{
    return j->shm->ring + (pos & (j->shm->ring_bytes - 1));
}

static _Atomic uint64_t *first_at(const struct sio_journal *j, uint64_t pos)
{
    uint64_t blocks = j->shm->ring_bytes / SIO_JOURNAL_BLOCK;
    return &j->shm->journal->first[pos / SIO_JOURNAL_BLOCK % blocks];
}

/* ---- append ---------------------------------------------------------------------------------- */

/* Under the lock. After a writer that died here the next one writes the same. */
static void mark_first(const struct sio_journal *j, uint64_t pos)
{
    _Atomic uint64_t *first = first_at(j, pos);
    if (atomic_load_explicit(first, memory_order_relaxed) / SIO_JOURNAL_BLOCK !=
        pos / SIO_JOURNAL_BLOCK)
        atomic_store_explicit(first, pos, memory_order_relaxed);
}

/* Under the lock: the record at `pos`, not yet committed. */
static void write_record(struct sio_journal *j, uint64_t pos, struct sio_slice bytes,
                         unsigned flags, struct sio_journal_about about)
{
    struct sio_journal_link links[SIO_JOURNAL_TOPICS_MAX];
    struct sio_journal_head head = {.pos = pos,
                                    .len = (uint32_t)bytes.len,
                                    .slot = (uint16_t)j->me.slot,
                                    .flags = (uint16_t)flags,
                                    .generation = j->me.generation,
                                    .n_links = (uint32_t)about.n};
    struct sio_journal_shared *s = j->shm->journal;
    uint64_t end = pos + span(about.n, bytes.len);
    /* Never backwards: a writer that died here may have overwritten more than this one will. */
    if (atomic_load_explicit(&s->horizon, memory_order_relaxed) < end)
        atomic_store_explicit(&s->horizon, end, memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst); /* horizon is seen before the first byte */
    killpoint("append:horizon");
    mark_first(j, pos);
    sio_journal_links(j->shm, pos, about, links);
    memcpy(ring_at(j, pos), &head, sizeof head);
    memcpy(ring_at(j, pos) + sizeof head, links, about.n * sizeof links[0]);
    killpoint("append:half");
    if (bytes.len != 0)
        memcpy(ring_at(j, pos) + front(about.n), bytes.p, bytes.len);
    killpoint("append:copied");
    sio_journal_chain(j->shm, pos, about);
    killpoint("append:chained");
    atomic_store_explicit(&s->tail, end, memory_order_release);
}

int sio_journal_append(struct sio_journal *j, struct sio_slice bytes, unsigned flags,
                       struct sio_journal_about about, uint64_t *end)
{
    struct sio_journal_shared *s = j->shm->journal;
    if (bytes.len > sio_journal_record_max(j) || about.n > SIO_JOURNAL_TOPICS_MAX)
        return SIO_ETOOBIG;
    int r = sio_journal_lock(s);
    if (r != 0)
        return r;
    killpoint("append:locked");
    uint64_t pos = atomic_load_explicit(&s->tail, memory_order_relaxed);
    write_record(j, pos, bytes, flags, about);
    killpoint("append:committed");
    sio_journal_unlock(s);
    killpoint("append:unlocked");
    j->wake_due = true;
    if ((flags & (SIO_RECORD_LOCAL | SIO_RECORD_CALLS)) == 0)
        j->wake_mask = ~(UINT64_C(1) << j->me.slot);
    if (end != NULL)
        *end = pos + span(about.n, bytes.len);
    return 0;
}

/* ---- read ------------------------------------------------------------------------------------ */

uint64_t sio_journal_floor(const struct sio_journal *j)
{
    return atomic_load_explicit(&j->shm->journal->floor, memory_order_relaxed);
}

bool sio_journal_overtaken(const struct sio_shm *shm, uint64_t pos)
{
    const struct sio_journal_shared *s = shm->journal;
    atomic_thread_fence(memory_order_acquire);
    uint64_t horizon = atomic_load_explicit(&s->horizon, memory_order_relaxed);
    return horizon - pos > shm->ring_bytes ||
           pos < atomic_load_explicit(&s->floor, memory_order_relaxed);
}

/* The head of the record at `pos`, checked. Siblings are trusted, yet a head that cannot be is a
 * damaged journal, and following it would read anywhere. */
static int read_head(const struct sio_journal *j, uint64_t pos, uint64_t tail,
                     struct sio_journal_head *head)
{
    memcpy(head, ring_at(j, pos), sizeof *head);
    if (sio_journal_overtaken(j->shm, pos))
        return SIO_ELAPPED;
    if (head->pos == pos && head->len <= sio_journal_record_max(j) &&
        head->n_links <= SIO_JOURNAL_TOPICS_MAX && head->slot < j->shm->n_slots &&
        pos + span(head->n_links, head->len) <= tail)
        return 0;
    sio_log_limited(SIO_LOG_ERROR, "journal", "journal: damaged record at %llu",
                    (unsigned long long)pos);
    return SIO_ELAPPED;
}

static void trim_copy(struct sio_buf *copy)
{
    if (copy->cap > COPY_KEEP)
        sio_buf_fini(copy);
    else
        sio_buf_clear(copy);
}

int sio_journal_read_at(const struct sio_journal *j, uint64_t *pos, uint64_t until,
                        struct sio_buf *copy, struct sio_journal_record *out)
{
    struct sio_journal_head head;
    uint64_t tail = sio_journal_tail(j);
    if (*pos >= until || *pos >= tail)
        return 0;
    int r = read_head(j, *pos, tail, &head);
    if (r != 0)
        return r;
    trim_copy(copy);
    sio_buf_append(copy, ring_at(j, *pos) + front(head.n_links), head.len);
    if (sio_journal_overtaken(j->shm, *pos))
        return SIO_ELAPPED;
    *out = (struct sio_journal_record){.pos = *pos,
                                       .end = *pos + span(head.n_links, head.len),
                                       .writer = {head.slot, head.generation},
                                       .flags = head.flags,
                                       .bytes = sio_buf_slice(copy)};
    *pos = out->end;
    return 1;
}

int sio_journal_next(struct sio_journal *j, struct sio_journal_record *out)
{
    int r = sio_journal_read_at(j, &j->cursor, UINT64_MAX, &j->copy, out);
    if (r == SIO_ELAPPED) {
        uint64_t tail = sio_journal_tail(j);
        sio_log_limited(SIO_LOG_WARN, "journal-lapped", "journal: lapped, %llu bytes were not read",
                        (unsigned long long)(tail - j->cursor));
        j->cursor = tail;
    }
    return r;
}

/* A payload can hold a forged head, so `from` is never followed into the ring: the walk starts at
 * the first record of its 4 KiB block, or at the floor, and must hit it exactly. */
int sio_journal_seek(const struct sio_journal *j, uint64_t from)
{
    struct sio_journal_head head;
    uint64_t tail = sio_journal_tail(j);
    if (from == tail)
        return 0;
    if (from > tail || from < SIO_JOURNAL_START || sio_journal_overtaken(j->shm, from))
        return SIO_ENOENT;
    uint64_t pos = atomic_load_explicit(first_at(j, from), memory_order_relaxed);
    if (pos / SIO_JOURNAL_BLOCK != from / SIO_JOURNAL_BLOCK)
        return SIO_ENOENT;
    if (pos < sio_journal_floor(j))
        pos = sio_journal_floor(j);
    while (pos < from) {
        if (read_head(j, pos, tail, &head) != 0)
            return SIO_ENOENT;
        pos += span(head.n_links, head.len);
    }
    return pos == from ? 0 : SIO_ENOENT;
}
