// SPDX-License-Identifier: MIT
/* Idle connections, in as many processes of their own as the limit of descriptors asks for. They
 * answer heartbeats and wait.
 *
 * Owns:     the processes, until load_flock_close.
 * Errors:   one of them that ends early fails the run.
 * Reenters: no.
 */
#ifndef LOAD_FLOCK_H
#define LOAD_FLOCK_H

#include "options.h"

enum { LOAD_FLOCK_MAX = 64 };

struct load_flock {
    uint32_t n;
    pid_t pids[LOAD_FLOCK_MAX];
    int hold; /* they stay while this end of a pipe is open */
};

uint32_t load_flock_per_process(void); /* connections */
/* Returns when all `clients` are ready. */
void load_flock_open(struct load_flock *flock, const struct load_options *options,
                     uint32_t clients);
/* Ends them; fails if a connection was lost or told something. */
void load_flock_close(struct load_flock *flock);

#endif
