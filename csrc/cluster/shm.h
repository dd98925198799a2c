// SPDX-License-Identifier: MIT
/* The shared memory of one host: a memfd that every process of the cluster maps.
 *
 *     header | slots (load page) | statistics | rolls | journal header | journal ring (mapped
 * twice) arenas
 *
 * The supervisor creates it (or the only process, when there is no supervisor); workers attach by
 * the inherited descriptor. Incarnation = (slot, generation): each new process in a slot gets a new
 * generation and a new arena. People know workers by another number, which a replacement keeps
 * although it may start in another slot while the one before it drains.
 *
 * The private layouts are in layout.h. One process alone calls sio_shm_create and sio_shm_assign
 * itself, with one slot, and never buries anybody.
 *
 * Owns: the mapping and the descriptor (CLOEXEC). Errors: SIO_ESYS with errno, SIO_EPROTO on a
 * foreign layout, SIO_EINVAL on a size out of bounds. Reenters: no.
 */
#ifndef SIO_CLUSTER_SHM_H
#define SIO_CLUSTER_SHM_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/id.h"
#include "base/roll.h"
#include "base/stats.h"

enum {
    SIO_JOURNAL_BYTES = 32 << 20, /* default ring size, a power of two */
    SIO_JOURNAL_BYTES_MIN = 65536,
    SIO_JOURNAL_BYTES_MAX = 1 << 30,
    SIO_ARENA_BYTES = 64 << 20, /* default, sparse: pages exist once touched */
    SIO_ARENA_SESSIONS = 65536, /* default cap of recoverable sessions per worker */
};

struct sio_shm_config {
    unsigned slots;          /* 1 .. SIO_WORKERS_MAX */
    size_t journal_bytes;    /* 0: default; a power of two, 64 KiB .. 1 GiB */
    size_t arena_bytes;      /* 0: default; rounded up to 64 KiB, below 4 GiB */
    unsigned arena_sessions; /* 0: default; their directory may take half of the arena */
};

enum { SIO_JOURNAL_MARKS = 32 };

/* Where the journal stood when: what tells the age of a position. Of the one process that calls
 * sio_journal_expire. */
struct sio_journal_marks {
    unsigned n;
    struct {
        uint64_t pos, at_ms;
    } at[SIO_JOURNAL_MARKS];
    uint64_t given_back; /* ring pages of positions before are */
};

enum sio_slot_state {
    SIO_SLOT_EMPTY, /* no process */
    SIO_SLOT_STARTING,
    SIO_SLOT_READY,    /* takes new sessions */
    SIO_SLOT_SUSPECT,  /* no heartbeat for a while: no placements, not waited for */
    SIO_SLOT_DRAINING, /* answers its sessions, takes no new ones */
};

/* One cache line per worker, written by the worker except where noted. */
struct sio_slot {
    _Atomic uint32_t generation;   /* supervisor */
    _Atomic uint32_t state;        /* enum sio_slot_state; supervisor, and READY by the worker */
    _Atomic uint64_t heartbeat_ms; /* monotonic time at which the loop last turned */
    _Atomic int32_t sessions;      /* Engine.IO sessions; raised by the acceptor that places one */
    _Atomic uint32_t fds_open, fds_limit;
    _Atomic uint32_t arena;    /* supervisor */
    _Atomic uint64_t cursor;   /* journal position read up to */
    _Atomic uint64_t services; /* bit per server of the worker that takes new sessions */
    _Atomic uint64_t present;  /* the same, of the servers that there are */
    _Atomic uint32_t number;   /* for people: what its replacement is called too; supervisor */
    char pad[4];
};

struct sio_shm {
    int fd;
    char *base;
    size_t size;
    /* views into base */
    struct sio_shm_header *header;
    struct sio_slot *slots;
    struct sio_journal_shared *journal;
    char *ring; /* journal_bytes, mapped twice back to back */
    size_t ring_bytes;
    char *arenas;
    unsigned n_slots, n_arenas;
    size_t arena_bytes;
    unsigned arena_sessions;
    struct sio_journal_marks marks;
    uint64_t seed;  /* of hashes that all workers must agree on */
    char epoch[12]; /* text, new for each creation: the first half of a recovery offset */
};

/* The size of ring for what was asked for: the next power of two, or the least there is. */
size_t sio_journal_ring_bytes(size_t asked);
/* Nothing is kept on an error. */
int sio_shm_create(struct sio_shm *out, const struct sio_shm_config *config);
/* Takes the descriptor and makes it CLOEXEC; on an error it is closed. */
int sio_shm_attach(struct sio_shm *out, int fd);
void sio_shm_detach(struct sio_shm *shm); /* idempotent */

/* Supervisor: a new incarnation in `slot`: next generation, fresh arena, state STARTING, heartbeat
 * now. When every arena is kept for recovery (there are four per slot and four more), the sessions
 * of whoever died first are given up. SIO_EEXIST when the slot is not EMPTY. */
int sio_shm_assign(struct sio_shm *shm, unsigned slot, uint32_t *generation);
/* Supervisor, after the process was reaped: publishes the incarnation as dead, clears its
 * sleeper bit, resets its slot, takes and releases the journal lock once. Then the caller rings
 * every bell: the dead may have been killed between its commit and its wake. An arena without
 * records is free at once. No effect on an EMPTY slot. */
void sio_shm_bury(struct sio_shm *shm, unsigned slot, uint64_t now_ms);
/* Supervisor: frees (hole-punches) arenas of incarnations that are dead for retention_ms, or whose
 * sessions have all been claimed. */
void sio_shm_sweep(struct sio_shm *shm, uint64_t now_ms, uint64_t retention_ms);
/* What the worker in `slot` counts, and counted until it is buried; n_slots: the sum of all that
 * were buried. Written by the worker, or by the supervisor once it is dead. */
struct sio_stats *sio_shm_stats(const struct sio_shm *shm, unsigned slot);
/* What the worker in `slot` is waiting for. */
struct sio_roll_page *sio_shm_roll(const struct sio_shm *shm, unsigned slot);
/* How many incarnations were buried so far. */
uint32_t sio_shm_deaths(const struct sio_shm *shm);
/* Bytes of the journal that the worker in `slot` has not read yet. */
uint64_t sio_shm_behind(const struct sio_shm *shm, unsigned slot);
/* Whether the incarnation runs (its slot has this generation and is not EMPTY). */
bool sio_shm_alive(const struct sio_shm *shm, struct sio_place who);

static inline unsigned sio_shm_number(const struct sio_shm *shm, unsigned slot)
{
    return atomic_load_explicit(&shm->slots[slot].number, memory_order_relaxed);
}

#endif
