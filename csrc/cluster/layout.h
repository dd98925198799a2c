// SPDX-License-Identifier: MIT
/* What lies in the shared memory, byte by byte; private to cluster/ and its tests.
 *
 *     file     head | ring | arena 0 | arena 1 | ...
 *     mapping  head | ring | ring again | arena 0 | arena 1 | ...
 *     head     header, slots, arena metas, statistics, rolls, journal head, first[], last[]
 *
 * Mapping the ring twice back to back means that no record is ever split. Stands on libc and
 * pthread. Invariant: everything that two processes may touch at the same time is _Atomic, the
 * mutex, or a run of bytes whose reader checks afterwards that nobody was writing it.
 */
#ifndef SIO_CLUSTER_LAYOUT_H
#define SIO_CLUSTER_LAYOUT_H

#include <pthread.h>

#include "base/slice.h"
#include "base/stats.h"
#include "cluster/journal.h"

#define SIO_SHM_MAGIC UINT64_C(0x31757473616f6973)

enum {
    SIO_SHM_VERSION = 4,
    SIO_SHM_ALIGN = 65536,    /* of the regions that are mapped apart; the largest page size */
    SIO_JOURNAL_BLOCK = 4096, /* bytes of ring per entry of first[] */
    SIO_JOURNAL_CHAIN = 1024, /* bytes of ring per entry of last[] */
    SIO_JOURNAL_START = 4096, /* the first position, so that 0 is never one */
    SIO_JOURNAL_LOCK_WAIT_US = 1000,
    SIO_ARENAS_PER_SLOT = 4, /* one lives, the others are in their retention time */
    SIO_ARENAS_EXTRA = 4,    /* shared by all slots */
    SIO_SHM_SERVICES = 64,   /* bits of sio_slot.services */
};

struct sio_shm_header {
    uint64_t magic;
    uint32_t version, head_bytes;
    uint32_t n_slots, n_arenas, arena_sessions;
    _Atomic uint32_t births; /* arenas handed out so far */
    _Atomic uint32_t deaths; /* incarnations buried so far */
    uint64_t ring_bytes, arena_bytes, file_bytes;
    uint64_t seed; /* of hashes that all workers must agree on */
    char epoch[12];
    _Atomic uint32_t turns[SIO_SHM_SERVICES]; /* of round-robin, by server */
};

enum sio_arena_state { SIO_ARENA_FREE, SIO_ARENA_LIVE, SIO_ARENA_DEAD };

/* What a worker counts; the one behind the last is the sum of the dead, which the supervisor adds.
 */
struct sio_stats_page {
    _Alignas(64) struct sio_stats stats;
};

/* One per arena. */
struct sio_arena_meta {
    _Atomic uint32_t state;            /* enum sio_arena_state; supervisor */
    _Atomic uint32_t slot, generation; /* of the owner; supervisor */
    _Atomic uint32_t birth;            /* a larger one is a younger arena; supervisor */
    _Atomic uint64_t died_ms;          /* supervisor */
    /* birth << 32 | how many, never less than there are; owner, and claimers once it is dead */
    _Atomic uint64_t records;
    _Atomic uint32_t changes; /* odd while a chain is being changed; owner */
    char pad[28];
};

/* The directory of an arena: buckets of entry numbers + 1, then the entries, then the blocks. A
 * chain is changed by one store, so a kill at any instant leaves it whole. */
struct sio_arena_entry {
    _Atomic uint64_t ref;   /* 0: no record; else offset | size class << 32 | birth << 40 */
    _Atomic uint64_t claim; /* 0, or the claimer's (slot + 1) << 32 | generation */
    _Atomic uint32_t next;  /* entry number + 1 of the chain's next, 0 at its end */
    char pid[SIO_ID_LEN];
    char pad[24];
};

struct sio_arena_block {
    uint64_t checksum; /* over len, entry and the data */
    uint32_t len;
    uint32_t entry; /* whose record this is */
    char data[];
};

struct sio_journal_shared {
    _Alignas(64) pthread_mutex_t mutex; /* robust, process-shared */
    _Alignas(64) _Atomic uint64_t tail; /* the commit word: everything before it is whole */
    _Alignas(
        64) _Atomic uint64_t horizon;    /* bytes before horizon - ring_bytes may be overwritten */
    _Alignas(64) _Atomic uint64_t floor; /* bytes before it are too old, and given back */
    _Alignas(64) _Atomic uint64_t sleepers; /* bit per slot */
    _Alignas(64) _Atomic uint64_t repaired; /* locks taken over from the dead */
    /* Records before it may be in no chain: somebody died while chaining. Under the lock. */
    _Alignas(64) _Atomic uint64_t chained;
    /* Per block of the ring the position of the first record that starts in it; written under the
     * lock before the commit, so it may name the record that is being written. */
    _Alignas(64) _Atomic uint64_t first[];
};

/* In front of each record, before its links and its payload; records start at multiples of 16. */
struct sio_journal_head {
    uint64_t pos;
    uint32_t len; /* of the payload */
    uint16_t slot, flags;
    uint32_t generation;
    uint32_t n_links;
};

/* One for each topic of a record: it is in the chain of topic % chains, where the one before it
 * starts `back` * 16 bytes before it. 0: it is the first. */
struct sio_journal_link {
    uint32_t topic;
    uint32_t back;
};

_Static_assert(sizeof(struct sio_slot) == 64, "a slot is one cache line");
_Static_assert(sizeof(struct sio_arena_meta) == 64, "a meta is one cache line");
_Static_assert(sizeof(struct sio_arena_entry) == 64, "an entry is one cache line");
_Static_assert(sizeof(struct sio_arena_block) == 16, "block head");
_Static_assert(sizeof(struct sio_journal_head) == 24, "record head");
_Static_assert(offsetof(struct sio_journal_shared, tail) == 64, "tail has a line of its own");
_Static_assert(offsetof(struct sio_journal_shared, first) == 448, "seven lines before first[]");
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "a lock would not be shared between processes");

static inline struct sio_arena_meta *sio_shm_metas(const struct sio_shm *shm)
{
    return (struct sio_arena_meta *)(void *)(shm->slots + shm->n_slots);
}

static inline uint32_t sio_arena_count(const struct sio_arena_meta *m)
{
    return (uint32_t)atomic_load(&m->records);
}

/* `slot` n_slots: of the dead. */
static inline struct sio_stats_page *sio_shm_stats_page(const struct sio_shm *shm, unsigned slot)
{
    return (struct sio_stats_page *)(void *)(sio_shm_metas(shm) + shm->n_arenas) + slot;
}

static inline char *sio_shm_arena(const struct sio_shm *shm, unsigned index)
{
    return shm->arenas + index * shm->arena_bytes;
}

/* Hash buckets of an arena: the power of two that is not below its cap of sessions. */
static inline uint32_t sio_arena_buckets(uint32_t sessions)
{
    uint32_t n = 64;
    while (n < sessions)
        n *= 2;
    return n;
}

/* Where the blocks of an arena start, from its first byte. */
static inline size_t sio_arena_blocks_at(uint32_t sessions)
{
    size_t at = sio_arena_buckets(sessions) * sizeof(uint32_t);
    return at + sessions * sizeof(struct sio_arena_entry);
}

/* Per chain the position of its youngest record, in the memory behind first[]. */
static inline _Atomic uint64_t *sio_journal_last(const struct sio_shm *shm, uint32_t topic)
{
    size_t blocks = shm->ring_bytes / SIO_JOURNAL_BLOCK;
    return &shm->journal->first[blocks + topic % (shm->ring_bytes / SIO_JOURNAL_CHAIN)];
}

void sio_journal_init(struct sio_journal_shared *s);
/* Takes the lock, repairing it when its owner died. SIO_EAGAIN after SIO_JOURNAL_LOCK_WAIT_US,
 * SIO_ESYS when it cannot be repaired (fatal for the host; logged). */
int sio_journal_lock(struct sio_journal_shared *s);
void sio_journal_unlock(struct sio_journal_shared *s);

/* Under the lock: the links of a record that will be at `pos`; then, once it is whole and before it
 * is committed, its chains lead to it. */
void sio_journal_links(const struct sio_shm *shm, uint64_t pos, struct sio_journal_about about,
                       struct sio_journal_link links[SIO_JOURNAL_TOPICS_MAX]);
void sio_journal_chain(const struct sio_shm *shm, uint64_t pos, struct sio_journal_about about);
/* Whether what was copied from `pos` may have been overwritten, or given back, meanwhile. */
bool sio_journal_overtaken(const struct sio_shm *shm, uint64_t pos);

#endif
