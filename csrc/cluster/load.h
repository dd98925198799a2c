// SPDX-License-Identifier: MIT
/* Placement of new sessions from the counts in the load page (shm slots).
 *
 * The acceptor raises the target's count before it gives the connection, so a burst does not all
 * pick the same idle worker; it lowers it again when giving fails.
 *
 * Owns: nothing. Errors: as stated. Reenters: no.
 */
#ifndef SIO_CLUSTER_LOAD_H
#define SIO_CLUSTER_LOAD_H

#include "base/slice.h"
#include "cluster/shm.h"

enum { SIO_LOAD_FDS_SPARE = 64 }; /* descriptors below its limit at which a worker gets no more */

enum sio_balance {
    SIO_LEAST_CONNECTION,
    SIO_ROUND_ROBIN,
    SIO_RANDOM,
    SIO_IP_HASH,       /* of the peer's address */
    SIO_FORWARDED_FOR, /* of the first X-Forwarded-For address, else the peer's */
    SIO_HERE,          /* where it was accepted; has no name: it is for workers with own ports */
};

/* "least-connection" etc. -> method; SIO_ENOENT for another name. */
int sio_balance_parse(struct sio_slice name, enum sio_balance *out);

/* Whether the worker in `slot` can take a descriptor: fds_open < fds_limit - SIO_LOAD_FDS_SPARE; a
 * limit of 0 is one that has not been published yet. */
bool sio_load_has_room(const struct sio_shm *shm, unsigned slot);

struct sio_pick {
    unsigned self;    /* the slot that asks */
    unsigned service; /* which of the workers' servers the session is for */
    enum sio_balance method;
    struct sio_slice key; /* what the hash methods hash (rendezvous hashing under a seed that all
                           * workers share: a worker that goes moves only its own, and one that
                           * replaces it under the same number gets them back) */
};

/* The slot that shall take a new session: READY, with that server and with room; ties go to `self`,
 * then to the lowest. Returns `self` when no slot qualifies. The turns of round-robin are shared:
 * whoever asks, each session goes to the next worker. */
unsigned sio_load_pick(const struct sio_shm *shm, const struct sio_pick *p);
/* sessions += delta, never below 0: the slot of a dead worker is reset while others still count. */
void sio_load_add(struct sio_shm *shm, unsigned slot, int delta);
void sio_load_beat(struct sio_shm *shm, unsigned slot, uint64_t now_ms); /* the loop turned */

#endif
