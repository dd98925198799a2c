// SPDX-License-Identifier: MIT
/* Session records in shared memory: what a recoverable session is (rooms, data, ...), as bytes,
 * kept by its owner while it lives and taken over by others once the owner is dead.
 *
 * Each incarnation has an arena: a directory (hash chains of 64-byte entries, so that nothing piles
 * up when sessions come and go) and size-class blocks. An update fills a new block, then stores one
 * reference; a chain is changed by one store: a kill at any instant leaves the old or the new
 * state. "Dead" is what the supervisor has buried (sio_shm_bury), never a link that closed.
 *
 * Owns: allocator lists, in the owner's private memory. Errors: SIO_EFULL (entries or bytes;
 * logged), SIO_ENOENT, SIO_EINVAL (an id that is not SIO_ID_LEN characters). Reenters: no.
 */
#ifndef SIO_CLUSTER_ARENA_H
#define SIO_CLUSTER_ARENA_H

#include "base/buf.h"
#include "cluster/shm.h"

enum { SIO_RECORD_BYTES_MAX = 64 * 1024 }; /* of one session record; larger: not recoverable */

struct sio_arena {
    struct sio_shm *shm;
    struct sio_place me;
    unsigned index;
    struct sio_arena_heap *heap;   /* private: free lists per size class */
    struct sio_arena_entry *taken; /* the last claim, until our own record of it stands */
    uint64_t taken_ref;
    unsigned taken_from; /* index of its arena */
};

/* SIO_EINVAL unless `me` is a living incarnation. Closing leaves the records: an orderly exit is a
 * death too, and the clients come back to be recovered elsewhere. */
int sio_arena_open(struct sio_arena *a, struct sio_shm *shm, struct sio_place me);
void sio_arena_close(struct sio_arena *a);

/* Writes or replaces the record of `pid` (SIO_ID_LEN characters). SIO_ETOOBIG, SIO_EFULL: then an
 * earlier record of it is deleted too, as recovering a stale one is worse than none. */
int sio_arena_put(struct sio_arena *a, struct sio_slice pid, struct sio_slice record);
/* What the dead had lent us of it goes too. SIO_ENOENT: there was none of ours. */
int sio_arena_del(struct sio_arena *a, struct sio_slice pid);
/* The record is on its way to a sibling, and stays until del or the next put. Should we die
 * meanwhile, it is for `to` to claim, or for anybody when that is dead as well; a record of its own
 * counts more. NULL: it is not on its way after all. SIO_ENOENT. */
int sio_arena_lend(struct sio_arena *a, struct sio_slice pid, const struct sio_place *to);
/* What the dead have lent us of it is for anybody to claim: it has not come, and is not waited for.
 */
void sio_arena_pass_on(struct sio_arena *a, struct sio_slice pid);
/* Whether others, dead or alive, have a record of it. */
bool sio_arena_elsewhere(const struct sio_arena *a, struct sio_slice pid);
/* Appends the owner's own record. SIO_ENOENT. */
int sio_arena_get(const struct sio_arena *a, struct sio_slice pid, struct sio_buf *out);

enum sio_arena_owner {
    SIO_OWNER_NONE, /* nobody has a record of this id */
    SIO_OWNER_SELF,
    SIO_OWNER_ALIVE, /* another worker that runs (or has claimed it): ask it to release */
    SIO_OWNER_DEAD,  /* reaped: may be claimed */
};
/* Who holds the record of `pid`, over all arenas; `owner` is set unless NONE. */
enum sio_arena_owner sio_arena_find(const struct sio_arena *a, struct sio_slice pid,
                                    struct sio_place *owner);
/* Takes the record of a dead owner: compare-and-swap, so that one claimer wins; appends the bytes
 * to out. SIO_ENOENT when it is gone or somebody else was first. A claim whose claimer died may be
 * taken again: the entry is deleted only when the next put, del, claim or close of this arena is
 * done, so claim and put the new record in one step. `died_ms` (may be NULL) is set to the
 * now_ms of the owner's burial. */
int sio_arena_claim(struct sio_arena *a, struct sio_slice pid, struct sio_buf *out,
                    uint64_t *died_ms);

#endif
