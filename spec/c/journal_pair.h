// SPDX-License-Identifier: MIT
/* A journal with two who use it, for its tests: shared memory with two slots, one journal in each.
 */
#ifndef SPEC_JOURNAL_PAIR_H
#define SPEC_JOURNAL_PAIR_H

#include "cluster/journal.h"
#include "cluster/shm.h"

/* `bytes` is the size of the ring. Ends the program when there is no memory. */
void journal_pair_open(struct sio_shm *shm, size_t bytes, struct sio_journal *a,
                       struct sio_journal *b);

#endif
